// The queries of the boards, each in both languages: InfluxQL for InfluxDB 1.x, Flux for 2.x. A week must not fetch raw rows:
// whatever is drawn over time is drawn by windows of Grafana's $__interval, empty ones included, so that a Gap is a gap.

export type Language = 'influxql' | 'flux'
export const languages: readonly Language[] = ['influxql', 'flux']

export interface Query {
  influxql: string
  flux: string
  format: 'time_series' | 'table'
  /** Name of the series, with Grafana's $tag_... for what tells its series apart. */
  alias?: string
}

export type Window = 'mean' | 'min' | 'max' | 'last'
export type Tag = 'rig' | 'source'

const ofRigs = `"rig" =~ /^\${rig:regex}$/`
const ofRigsFlux = `r.rig =~ /^\${rig:regex}$/`
/** What ingest enters for all has its own name as rig. */
const ofRigsOrAll = `(${ofRigs} OR "rig" = 'ingest')`
const ofRigsOrAllFlux = `(${ofRigsFlux} or r.rig == "ingest")`

const quoted = (names: readonly string[]): string => names.map((name) => `"${name}"`).join(', ')
const pipe = (...steps: string[]): string => steps.join('\n  |> ')

const fromBucket = (measurement: string, filter: string, start = 'v.timeRangeStart'): string =>
  pipe(
    'from(bucket: v.defaultBucket)',
    `range(start: ${start}, stop: v.timeRangeStop)`,
    `filter(fn: (r) => r._measurement == "${measurement}")`,
    `filter(fn: (r) => ${filter})`,
  )

const fieldIs = (...fields: string[]): string => fields.map((field) => `r._field == "${field}"`).join(' or ')

const seriesAlias = (tags: readonly Tag[], label: string): string =>
  [...tags.map((tag) => `$tag_${tag}`), label].filter((part) => part !== '').join(' ')

/** One field over time, a series for each rig; eras of a stream are one line. */
export function overTime(measurement: string, field: string, fn: Window, label: string, tags: Tag[] = ['rig']): Query {
  return {
    format: 'time_series',
    alias: seriesAlias(tags, label),
    influxql: `SELECT ${fn}("${field}") FROM "${measurement}" WHERE $timeFilter AND ${ofRigs} GROUP BY time($__interval), ${quoted(tags)} fill(null)`,
    flux: pipe(
      fromBucket(measurement, fieldIs(field)),
      `filter(fn: (r) => ${ofRigsFlux})`,
      `group(columns: [${quoted(tags)}])`,
      'sort(columns: ["_time"])',
      `aggregateWindow(every: v.windowPeriod, fn: ${fn}, createEmpty: true)`,
      `set(key: "name", value: "${label}")`,
      `keep(columns: ["_time", "_value", ${quoted(tags)}, "name"])`,
      `group(columns: [${quoted(tags)}, "name"])`,
    ),
  }
}

/** How fast a counter rises, a second. It begins anew with each start of an agent. */
export function perSecond(measurement: string, field: string, label: string): Query {
  const rises = `SELECT non_negative_difference("${field}") AS "rise" FROM "${measurement}" WHERE $timeFilter AND ${ofRigs} GROUP BY "rig"`
  return {
    format: 'time_series',
    alias: seriesAlias(['rig'], label),
    influxql: `SELECT sum("rise") * 1000 / $__interval_ms FROM (${rises}) WHERE $timeFilter GROUP BY time($__interval), "rig" fill(null)`,
    flux: pipe(
      fromBucket(measurement, fieldIs(field)),
      `filter(fn: (r) => ${ofRigsFlux})`,
      'group(columns: ["rig"])',
      'sort(columns: ["_time"])',
      'difference(nonNegative: true)',
      'aggregateWindow(every: v.windowPeriod, fn: sum, createEmpty: true)',
      'map(fn: (r) => ({r with _value: r._value * 1000000000.0 / float(v: int(v: v.windowPeriod))}))',
      `set(key: "name", value: "${label}")`,
      'keep(columns: ["_time", "_value", "rig", "name"])',
      'group(columns: ["rig", "name"])',
    ),
  }
}

/** Rows as they were measured, at most `rowsMax` of each rig: for panels of some seconds. */
export function raw(measurement: string, field: string, rowsMax: number): Query {
  return {
    format: 'time_series',
    alias: seriesAlias(['rig'], ''),
    influxql: `SELECT "${field}" FROM "${measurement}" WHERE $timeFilter AND ${ofRigs} GROUP BY "rig" LIMIT ${rowsMax}`,
    flux: pipe(
      fromBucket(measurement, fieldIs(field)),
      `filter(fn: (r) => ${ofRigsFlux})`,
      'group(columns: ["rig"])',
      'sort(columns: ["_time"])',
      `limit(n: ${rowsMax})`,
      'set(key: "name", value: "")',
      'keep(columns: ["_time", "_value", "rig", "name"])',
      'group(columns: ["rig", "name"])',
    ),
  }
}

/** Fields by the names that their columns get. */
export type Columns = Record<string, string>

/** The newest row of each rig (and source), as a table with its time. */
export function newest(measurement: string, columns: Columns, tags: Tag[] = ['rig']): Query {
  const fields = Object.keys(columns)
  return {
    format: 'table',
    influxql: `SELECT ${selectColumns(columns)} FROM "${measurement}" WHERE $timeFilter AND ${ofRigs} GROUP BY ${quoted(tags)} ORDER BY time DESC LIMIT 1`,
    flux: pipe(
      fromBucket(measurement, fieldIs(...fields)),
      `filter(fn: (r) => ${ofRigsFlux})`,
      `group(columns: [${quoted(tags)}, "_field"])`,
      'sort(columns: ["_time"])',
      'last()',
      `keep(columns: ["_time", "_field", "_value", ${quoted(tags)}])`,
      `pivot(rowKey: ["_time", ${quoted(tags)}], columnKey: ["_field"], valueColumn: "_value")`,
      'group()',
      `rename(columns: {${renames({ _time: 'Time', ...columns })}})`,
    ),
  }
}

/** When a counter rose last, and by how much. */
export function lastRise(measurement: string, field: string, as: string, tags: Tag[]): Query {
  const rises = `SELECT non_negative_difference("${field}") AS "rise" FROM "${measurement}" WHERE $timeFilter AND ${ofRigs} GROUP BY ${quoted(tags)}`
  return {
    format: 'table',
    influxql: `SELECT last("rise") AS "${as}" FROM (${rises}) WHERE $timeFilter AND "rise" > 0 GROUP BY ${quoted(tags)}`,
    flux: pipe(
      fromBucket(measurement, fieldIs(field)),
      `filter(fn: (r) => ${ofRigsFlux})`,
      `group(columns: [${quoted(tags)}])`,
      'sort(columns: ["_time"])',
      'difference(nonNegative: true)',
      'filter(fn: (r) => r._value > 0.0)',
      'last()',
      'group()',
      `keep(columns: ["_time", "_value", ${quoted(tags)}])`,
      `rename(columns: {_time: "Time", _value: "${as}"})`,
    ),
  }
}

/** Rows that begin in the range or reach into it, newest first; tags are columns too. */
export function listed(measurement: string, tags: Columns, columns: Columns, rowsMax: number): Query {
  return {
    format: 'table',
    influxql: `SELECT ${selectColumns({ ...tags, ...columns })} FROM "${measurement}" WHERE ${reachesIntoRange} AND ${ofRigsOrAll} ORDER BY time DESC LIMIT ${rowsMax}`,
    flux: pipe(
      reachingRows(measurement, Object.keys(tags)),
      'sort(columns: ["_time"], desc: true)',
      `limit(n: ${rowsMax})`,
      `keep(columns: [${quoted(['_time', ...Object.keys(tags), ...Object.keys(columns)])}])`,
      `rename(columns: {${renames({ _time: 'Time', ...tags, ...columns })}})`,
    ),
  }
}

/** One number over all rigs: the newest value of each, summed up or counted. */
export function overRigs(measurement: string, field: string, fn: 'sum' | 'count', less?: string): Query {
  const last = less === undefined ? `last("${field}")` : `last("${field}") - last("${less}")`
  const newestOf = (name: string) =>
    pipe(
      fromBucket(measurement, fieldIs(name)),
      `filter(fn: (r) => ${ofRigsFlux})`,
      'group(columns: ["rig"])',
      'sort(columns: ["_time"])',
      'last()',
      'group()',
      `${fn}()`,
    )
  return {
    format: 'table',
    influxql: `SELECT ${fn}("newest") FROM (SELECT ${last} AS "newest" FROM "${measurement}" WHERE $timeFilter AND ${ofRigs} GROUP BY "rig")`,
    flux:
      less === undefined
        ? newestOf(field)
        : `all = ${newestOf(field)}\nsome = ${newestOf(less)}\nunion(tables: [all, some |> map(fn: (r) => ({r with _value: -1.0 * r._value}))])\n  |> sum()`,
  }
}

/** One number over all rows that begin in the range. */
export function total(measurement: string, field: string, fn: 'max' | 'count'): Query {
  return {
    format: 'table',
    influxql: `SELECT ${fn}("${field}") FROM "${measurement}" WHERE $timeFilter AND ${ofRigs}`,
    flux: pipe(
      fromBucket(measurement, fieldIs(field)),
      `filter(fn: (r) => ${ofRigsFlux})`,
      'group()',
      `${fn}()`,
      'keep(columns: ["_value"])',
    ),
  }
}

/** Where each rig was, a point a window. */
export function track(measurement: string, latitude: string, longitude: string): Query {
  return {
    format: 'table',
    influxql: `SELECT last("${latitude}") AS "latitude", last("${longitude}") AS "longitude" FROM "${measurement}" WHERE $timeFilter AND ${ofRigs} GROUP BY time($__interval), "rig" fill(none)`,
    flux: pipe(
      fromBucket(measurement, fieldIs(latitude, longitude)),
      `filter(fn: (r) => ${ofRigsFlux})`,
      'group(columns: ["rig", "_field"])',
      'sort(columns: ["_time"])',
      'aggregateWindow(every: v.windowPeriod, fn: last, createEmpty: false)',
      'pivot(rowKey: ["_time", "rig"], columnKey: ["_field"], valueColumn: "_value")',
      'group()',
      'keep(columns: ["_time", "rig", "latitude", "longitude"])',
    ),
  }
}

/** What marks the time axis: title, text and end of each row, and tags to tell them apart. */
export interface AnnotationQuery {
  measurement: string
  tags: string[]
  influxql: string
  flux: string
}

const annotationsMax = 1000

export function annotation(measurement: string, tags: string[], types?: readonly string[]): AnnotationQuery {
  const influxTypes = types ? ` AND (${types.map((type) => `"type" = '${type}'`).join(' OR ')})` : ''
  const fluxTypes = types ? [`filter(fn: (r) => ${types.map((type) => `r.type == "${type}"`).join(' or ')})`] : []
  const joined = tags.map((tag) => `r.${tag}`).join(' + "," + ')
  return {
    measurement,
    tags,
    influxql: `SELECT "title", "text", "to_ms", ${quoted(tags)} FROM "${measurement}" WHERE ${reachesIntoRange} AND ${ofRigsOrAll}${influxTypes} ORDER BY time DESC LIMIT ${annotationsMax}`,
    flux: pipe(
      reachingRows(measurement, tags),
      ...fluxTypes,
      'sort(columns: ["_time"], desc: true)',
      `limit(n: ${annotationsMax})`,
      `map(fn: (r) => ({time: r._time, timeEnd: time(v: int(v: r.to_ms) * 1000000), title: r.title, text: r.text, tags: ${joined}}))`,
    ),
  }
}

// What began before the range may last into it.
const reachesIntoRange = `time <= \${__to}ms AND "to_ms" >= \${__from}`

const reachingRows = (measurement: string, tags: readonly string[]): string =>
  pipe(
    fromBucket(measurement, ofRigsOrAllFlux, '1970-01-01T00:00:00Z'),
    `pivot(rowKey: [${quoted([...new Set(['_time', 'rig', 'slot', ...tags])])}], columnKey: ["_field"], valueColumn: "_value")`,
    'filter(fn: (r) => r.to_ms >= float(v: int(v: v.timeRangeStart)) / 1000000.0)',
    'group()',
  )

const selectColumns = (columns: Columns): string =>
  Object.entries(columns)
    .map(([field, as]) => (field === as ? `"${field}"` : `"${field}" AS "${as}"`))
    .join(', ')

const renames = (columns: Columns): string =>
  Object.entries(columns)
    .filter(([field, as]) => field !== as)
    .map(([field, as]) => `${/^\w+$/.test(field) ? field : `"${field}"`}: "${as}"`)
    .join(', ')

/** The query that fills the variable `rig`: the rigs that ever wrote to the measurement. */
export const rigsOf = (measurement: string): Pick<Query, 'influxql' | 'flux'> => ({
  influxql: `SHOW TAG VALUES FROM "${measurement}" WITH KEY = "rig"`,
  flux: `import "influxdata/influxdb/schema"\nschema.tagValues(bucket: v.defaultBucket, tag: "rig", predicate: (r) => r._measurement == "${measurement}", start: -30d)`,
})
