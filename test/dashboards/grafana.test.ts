import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { rigs } from '../../agent/sources/simulated/rigs.ts'
import { packageRoot } from '../../common/program.ts'
import { boardFiles } from '../../dashboards/grafana/files.ts'
import { grafanaUnit } from '../../dashboards/grafana/units.ts'
import { tables } from '../../ingest/sinks/influx/measurements.ts'
import { profile } from '../../protos/profile.ts'
import {
  type BoardPanel,
  type BoardQuery,
  grafanaFolder,
  intervalMs,
  queriesOf,
  readBoards,
} from './grafana-queries.ts'

// What can be known of the boards without Grafana. Flux has no server here: its queries are held against those in InfluxQL.

const boards = { influxql: readBoards('influxql'), flux: readBoards('flux') }
const languages = ['influxql', 'flux'] as const

test('the checked-in boards are what their sources say', async () => {
  expect(JSON.parse(JSON.stringify(boardFiles()))).toEqual(
    Object.fromEntries(
      languages.flatMap((language) =>
        Object.entries(boards[language]).map(([file, board]) => [`${language}/boards/${file}`, board]),
      ),
    ),
  )
  await promisify(execFile)('node', ['scripts/grafana.mjs', '--check'], { cwd: packageRoot })
})

describe.each(languages)('the folder %s', (language) => {
  const read = (path: string) => parse(readFileSync(join(grafanaFolder, language, path), 'utf8'))

  test('is loaded by itself: one data source, one provider, boards beside it', () => {
    const { datasources } = read('datasources/rigline.yaml')
    expect(datasources).toMatchObject([
      {
        uid: `rigline-${language}`,
        type: 'influxdb',
        access: 'proxy',
        jsonData: { version: language === 'flux' ? 'Flux' : 'InfluxQL' },
      },
    ])
    const { providers } = read('dashboards/rigline.yaml')
    expect(providers).toMatchObject([{ type: 'file', options: { path: '/etc/grafana/provisioning/boards' } }])
    expect(readdirSync(join(grafanaFolder, language, 'boards')).sort()).toEqual([
      'cars.json',
      'energy.json',
      'fleet.json',
      'health.json',
    ])
    // Grafana fills these in; an address or a secret in the file would be somebody's.
    const variables = readFileSync(join(grafanaFolder, language, 'datasources/rigline.yaml'), 'utf8').match(/\$\w+/g)
    expect(variables!.every((name) => name.startsWith('$INFLUX_'))).toBe(true)
  })

  test('has boards with fixed uids that speak to its data source alone', () => {
    expect(
      Object.entries(boards[language])
        .map(([file, { uid }]) => [file, uid])
        .sort(),
    ).toEqual(['cars', 'energy', 'fleet', 'health'].map((id) => [`${id}.json`, `rigline-${id}-${language}`]))
    const uids = [...JSON.stringify(boards[language]).matchAll(/"datasource":\{[^}]*"uid":"([^"]+)"/g)].map(
      ([, uid]) => uid,
    )
    expect(uids.length).toBeGreaterThan(100)
    expect(new Set(uids)).toEqual(new Set([`rigline-${language}`]))
  })

  test.each(Object.entries(boards[language]))(
    '%s has panels that say what they are and do not overlap',
    (_, { panels, annotations }) => {
      expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length)
      const taken = new Set<string>()
      for (const {
        title,
        type,
        description = '',
        gridPos: { x, y, w, h },
      } of panels) {
        expect(title).not.toBe('')
        if (type !== 'row') expect(description, title).toMatch(/\.$/)
        expect(x + w).toBeLessThanOrEqual(24)
        for (let i = x; i < x + w; i++) {
          for (let j = y; j < y + h; j++) {
            expect(taken.has(`${i} ${j}`), `${title} covers another`).toBe(false)
            taken.add(`${i} ${j}`)
          }
        }
      }
      expect(annotations.list.map(({ name }) => name)).toEqual(['Runs', 'Markers', 'Gaps'])
    },
  )
})

test('every measurement and field is one that is written, under a unit of its channel', () => {
  const streams = new Map(
    Object.values(rigs).flatMap(({ streams }) => streams.map((stream) => [stream.name, stream] as const)),
  )
  const own = new Set<string>(Object.values(tables))
  let channels = 0
  for (const [file, { panels }] of Object.entries(boards.influxql)) {
    for (const panel of panels) {
      for (const { query } of panel.targets ?? []) {
        const [measurement = ''] = measurementsIn(query)
        if (own.has(measurement)) continue
        const stream = streams.get(measurement)
        expect(stream, `${file}: ${panel.title}: ${measurement}`).toBeDefined()
        const names = new Map(stream!.channels.map((channel) => [channel.name, channel]))
        for (const field of fieldsIn(query)) {
          channels++
          expect([...names.keys()], `${file}: ${panel.title}`).toContain(field)
        }
        if (panel.type === 'timeseries') checkChart(panel, query, names, stream!.rateHz)
      }
    }
  }
  expect(channels).toBeGreaterThan(60)
})

function checkChart(panel: BoardPanel, query: string, channels: Map<string, { unit?: string }>, rateHz: number): void {
  const ucum = channels.get(fieldsIn(query)[0]!)!.unit ?? ''
  const unit = panel.fieldConfig!.defaults.unit
  // Grafana has a name of its own for revolutions.
  expect(unit === 'rotrpm' ? 'suffix:/min' : unit, panel.title).toBe(grafanaUnit(ucum))
  if (!query.includes('GROUP BY time(')) return
  // Windows shorter than this would be empty between two rows, and drawn as gaps.
  expect(intervalMs(panel.interval!), panel.title).toBeGreaterThanOrEqual(2000 / rateHz)
}

test('every unit of the profile has one of Grafana', () => {
  for (const { unit } of Object.values(profile) as { unit?: string }[]) expect(grafanaUnit(unit ?? '')).not.toBe('')
  expect(() => grafanaUnit('parsec')).toThrow(/"parsec"/)
})

describe('Flux', () => {
  const pairs = queriesOf(boards.flux).map((flux, i) => [flux.name, flux, queriesOf(boards.influxql)[i]!] as const)

  test.each(pairs)('%s asks for the same as InfluxQL', (name, flux: BoardQuery, influxql: BoardQuery) => {
    expect(influxql.name).toBe(name)
    expect(unbalanced(flux.query)).toBe('')
    expect(new Set(fluxStrings(flux.query, '_measurement'))).toEqual(new Set(measurementsIn(influxql.query)))
    const fields = fluxStrings(flux.query, '_field')
    if (fields.length > 0) expect(new Set(fields)).toEqual(new Set(fieldsIn(influxql.query)))
    if (flux.kind === 'annotation') {
      for (const column of ['time: r._time', 'timeEnd: ', 'title: r.title', 'text: r.text', 'tags: ']) {
        expect(flux.query).toContain(column)
      }
    }
    if (flux.kind === 'variable') return
    expect(flux.query).toMatch(/r\.rig =~ \/\^\$\{rig:regex\}\$\//)
    expect(flux.query).toContain('stop: v.timeRangeStop')
    expect(flux.query.includes('v.windowPeriod')).toBe(influxql.query.includes('GROUP BY time('))
  })

  test('a bracket too few is noticed', () => {
    expect(unbalanced('from(bucket: "a") |> f(fn: (r) => r.x =~ /^(a|b/)')).toBe('')
    expect(unbalanced('from(bucket: "a"')).not.toBe('')
    expect(unbalanced('from(bucket: "a)')).not.toBe('')
  })
})

const measurementsIn = (influxql: string): string[] => [
  ...new Set([...influxql.matchAll(/FROM "([^"]+)"/g)].map(([, name]) => name!)),
]

/** Names that are selected and come from no inner query, without tags. */
function fieldsIn(influxql: string): string[] {
  const selected = [...influxql.matchAll(/SELECT (.*?) FROM/g)].map(([, text]) => text!)
  const aliases = new Set([...influxql.matchAll(/AS "([^"]+)"/g)].map(([, name]) => name!))
  const names = selected.flatMap((text) =>
    [...text.replaceAll(/AS "[^"]+"/g, '').matchAll(/"([^"]+)"/g)].map(([, name]) => name!),
  )
  return [...new Set(names)].filter((name) => !['newest', 'rise'].includes(name) || !aliases.has(name))
}

const fluxStrings = (flux: string, column: string): string[] =>
  [...flux.matchAll(new RegExp(`r\\.${column} == "([^"]+)"`, 'g'))].map(([, name]) => name!)

/** What is left open, brackets in texts and regular expressions aside; empty: nothing. */
function unbalanced(flux: string): string {
  const code = flux.replaceAll(/"(?:[^"\\]|\\.)*"/g, '').replaceAll(/=~ \/(?:[^/\\]|\\.)*\//g, '')
  const open: string[] = []
  for (const character of code) {
    if ('([{'.includes(character)) open.push(character)
    else if (')]}'.includes(character) && open.pop() !== '([{'[')]}'.indexOf(character)])
      return `${character} in ${code}`
  }
  return code.includes('"') ? code : open.join('')
}
