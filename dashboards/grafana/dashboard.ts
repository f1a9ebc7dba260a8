import type { Panel } from './panels.ts'
import { type AnnotationQuery, annotation, type Language, type Query, rigsOf } from './queries.ts'

// A board as the JSON that Grafana loads. Uids are fixed: links and bookmarks outlive an update.

export interface Row {
  title: string
  panels: Panel[]
}

export interface Board {
  /** Part of its uid and of its file's name. */
  id: 'fleet' | 'cars' | 'health' | 'energy'
  title: string
  description: string
  /** The rigs to choose from are those that write to this measurement. */
  rigsFrom: string
  /** How far back, as in now-5m, and how often it is drawn anew. */
  from: string
  refresh: string
  rows: Row[]
}

export const datasourceUid = (language: Language): string => `rigline-${language}`
export const boardUid = ({ id }: Pick<Board, 'id'>, language: Language): string => `rigline-${id}-${language}`

const datasource = (language: Language) => ({ type: 'influxdb', uid: datasourceUid(language) })

/** What both the panels and a test of their queries go by. */
export const annotations: Record<string, { query: AnnotationQuery; color: string }> = {
  Runs: {
    query: annotation('rigline_events', ['rig', 'type'], ['run.started', 'run.stopped', 'run.corrected']),
    color: 'blue',
  },
  Markers: { query: annotation('rigline_events', ['rig', 'type'], ['marker']), color: 'purple' },
  Gaps: { query: annotation('rigline_gaps', ['rig', 'cause']), color: 'red' },
}

export function dashboardJson(board: Board, language: Language): Record<string, unknown> {
  return {
    uid: boardUid(board, language),
    title: board.title,
    description: board.description,
    tags: ['rigline', language],
    schemaVersion: 39,
    version: 1,
    editable: true,
    graphTooltip: 1,
    timezone: 'browser',
    refresh: board.refresh,
    time: { from: board.from, to: 'now' },
    timepicker: { refresh_intervals: ['5s', '10s', '30s', '1m', '5m', '15m'] },
    links: links(language),
    annotations: { list: Object.entries(annotations).map((entry) => annotationJson(...entry, language)) },
    templating: { list: [rigVariable(board, language), livePage] },
    panels: placed(board.rows).map((panel, i) => panelJson(panel, i + 1, language)),
  }
}

const links = (language: Language) => [
  {
    type: 'dashboards',
    title: 'Rigline',
    tags: ['rigline', language],
    asDropdown: false,
    includeVars: false,
    keepTime: true,
    targetBlank: false,
    icon: 'external link',
  },
  { type: 'link', title: 'Live page', url: `\${live}`, icon: 'bolt', targetBlank: true, tooltip: "Rigline's own page" },
]

function rigVariable({ rigsFrom }: Board, language: Language) {
  const query = rigsOf(rigsFrom)[language]
  return {
    name: 'rig',
    label: 'Rig',
    type: 'query',
    datasource: datasource(language),
    definition: query,
    query: { query, refId: 'rig' },
    multi: true,
    includeAll: true,
    allValue: '.*',
    current: { text: ['All'], value: ['$__all'] },
    // With each change of the range: new rigs come.
    refresh: 2,
    sort: 1,
    hide: 0,
    options: [],
  }
}

/** Where the live page is: a text to change on the board, kept in its link. */
const livePage = {
  name: 'live',
  label: 'Live page',
  type: 'textbox',
  query: 'http://127.0.0.1:8686/',
  current: { text: 'http://127.0.0.1:8686/', value: 'http://127.0.0.1:8686/' },
  options: [],
  hide: 2,
}

/**
 * Flux answers go through Grafana's standard mapping by the names of columns. For InfluxQL its data source wants to be told the
 * columns, by the full names of its frames ("measurement.column": it compares the end's name exactly, and others by what
 * they contain).
 */
function annotationJson(name: string, { query, color }: { query: AnnotationQuery; color: string }, language: Language) {
  const column = (field: string) => `${query.measurement}.${field}`
  const target =
    language === 'flux'
      ? { refId: 'Anno', query: query.flux }
      : {
          refId: 'Anno',
          fromAnnotations: true,
          name,
          query: query.influxql,
          titleColumn: column('title'),
          textColumn: column('text'),
          timeEndColumn: column('to_ms'),
          tagsColumn: query.tags.map(column).join(','),
        }
  return { name, datasource: datasource(language), enable: true, hide: false, iconColor: color, target }
}

type Placed = { row: string; x: number; y: number; w: number; h: number } & ({ panel: Panel } | { panel?: undefined })

/** Rows under one another, their panels from left to right as they fit. */
function placed(rows: readonly Row[]): Placed[] {
  const found: Placed[] = []
  let y = 0
  for (const { title, panels } of rows) {
    found.push({ row: title, x: 0, y, w: 24, h: 1 })
    y++
    let x = 0
    let lineHeight = 0
    for (const panel of panels) {
      if (x + panel.width > 24) {
        x = 0
        y += lineHeight
        lineHeight = 0
      }
      found.push({ row: title, panel, x, y, w: panel.width, h: panel.height })
      x += panel.width
      lineHeight = Math.max(lineHeight, panel.height)
    }
    y += lineHeight
  }
  return found
}

function panelJson({ row, panel, x, y, w, h }: Placed, id: number, language: Language) {
  const gridPos = { x, y, w, h }
  if (!panel) return { id, type: 'row', title: row, gridPos, collapsed: false, panels: [] }
  const { title, description, type, options, interval, timeFrom, maxDataPoints } = panel
  return {
    id,
    type,
    title,
    description,
    gridPos,
    datasource: datasource(language),
    ...(interval === undefined ? {} : { interval }),
    ...(timeFrom === undefined ? {} : { timeFrom, hideTimeOverride: false }),
    ...(maxDataPoints === undefined ? {} : { maxDataPoints }),
    options,
    fieldConfig: { defaults: defaultsOf(panel, language), overrides: panel.overrides ?? [] },
    targets: panel.queries.map((query, i) => target(query, String.fromCharCode(65 + i), language)),
  }
}

/** InfluxQL names its series by an alias; those of Flux are named by their labels. */
function defaultsOf({ defaults, queries }: Panel, language: Language): Record<string, unknown> {
  const alias = queries.find((query) => query.alias !== undefined)?.alias
  if (language === 'influxql' || alias === undefined) return defaults
  const tags = [...alias.matchAll(/\$tag_(\w+)/g)].map(([, tag]) => `\${__field.labels.${tag}}`)
  return { ...defaults, displayName: [...tags, `\${__field.labels.name}`].join(' ') }
}

function target({ influxql, flux, format, alias }: Query, refId: string, language: Language) {
  if (language === 'flux') return { refId, datasource: datasource(language), query: flux }
  return {
    refId,
    datasource: datasource(language),
    query: influxql,
    rawQuery: true,
    resultFormat: format,
    ...(alias === undefined ? {} : { alias }),
  }
}
