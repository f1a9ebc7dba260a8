import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

// The queries of the checked-in boards, and what Grafana makes of them before it sends them.

export const grafanaFolder = join(import.meta.dirname, '../../dashboards/grafana')

export interface BoardPanel {
  id: number
  type: string
  title: string
  description?: string
  gridPos: { x: number; y: number; w: number; h: number }
  interval?: string
  datasource?: { uid: string }
  targets?: { refId: string; query: string; alias?: string; resultFormat?: string; datasource: { uid: string } }[]
  fieldConfig?: { defaults: { unit?: string }; overrides: unknown[] }
}

export interface BoardJson {
  uid: string
  title: string
  time: { from: string; to: string }
  panels: BoardPanel[]
  annotations: {
    list: { name: string; datasource: { uid: string }; target: Record<string, string> & { query: string } }[]
  }
  templating: { list: { name: string; type: string; query: { query: string } | string }[] }
}

export const readBoards = (language: 'influxql' | 'flux'): Record<string, BoardJson> =>
  Object.fromEntries(
    readdirSync(join(grafanaFolder, language, 'boards')).map((file) => [
      file,
      JSON.parse(readFileSync(join(grafanaFolder, language, 'boards', file), 'utf8')),
    ]),
  )

export interface BoardQuery {
  /** "fleet.json: Gaps (A)" */
  name: string
  kind: 'panel' | 'annotation' | 'variable'
  query: string
  interval: string
}

export function queriesOf(boards: Record<string, BoardJson>): BoardQuery[] {
  return Object.entries(boards).flatMap(([file, { panels, annotations, templating }]) => [
    ...panels.flatMap(({ title, targets = [], interval = '1s' }) =>
      targets.map(
        ({ refId, query }): BoardQuery => ({ name: `${file}: ${title} (${refId})`, kind: 'panel', query, interval }),
      ),
    ),
    ...annotations.list.map(
      ({ name, target }): BoardQuery => ({
        name: `${file}: annotation ${name}`,
        kind: 'annotation',
        query: target.query,
        interval: '1s',
      }),
    ),
    ...templating.list.flatMap(({ name, query }): BoardQuery[] =>
      typeof query === 'string'
        ? []
        : [{ name: `${file}: variable ${name}`, kind: 'variable', query: query.query, interval: '1s' }],
    ),
  ])
}

export interface Choice {
  fromMs: number
  toMs: number
  interval: string
  /** Chosen rigs; undefined: All. */
  rigs?: string[]
}

/**
 * As Grafana does: All is the variable's own ".*"; chosen values are escaped, one stands alone, several are an alternation
 * (format "regex"); $timeFilter and the intervals are filled in by its server.
 */
export function fillIn(query: string, { fromMs, toMs, interval, rigs }: Choice): string {
  const escaped = rigs?.map((rig) => rig.replace(/[\\^$*+?.()|[\]{}/]/g, '\\$&'))
  const regex = escaped === undefined ? '.*' : escaped.length === 1 ? escaped[0]! : `(${escaped.join('|')})`
  const filled = query

    .replace(/\$\{rig:regex\}/g, () => regex)
    .replace(/\$\{__from\}/g, String(fromMs))
    .replace(/\$\{__to\}/g, String(toMs))
    .replaceAll('$timeFilter', `time >= ${fromMs}ms and time <= ${toMs}ms`)
    .replaceAll('$__interval_ms', String(intervalMs(interval)))
    .replaceAll('$__interval', interval)
  if (/\$[\w{]/.test(filled)) throw new Error(`a variable is left in ${filled}`)
  return filled
}

export function intervalMs(interval: string): number {
  const found = /^(\d+)(ms|s|m|h)$/.exec(interval)
  if (!found) throw new Error(`interval ${interval}`)
  return Number(found[1]) * { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }[found[2] as 'ms' | 's' | 'm' | 'h']
}
