import type { StoredRow } from './account.ts'
import type { RowValue, StreamPlan } from './rows.ts'

// What InfluxDB holds, asked in InfluxQL, page by page.

const pageRows = 20_000

interface Answer {
  results?: { error?: string; series?: { columns: string[]; values: RowValue[][] }[] }[]
  error?: string
}

async function ask(url: string, database: string, query: string): Promise<{ columns: string[]; values: RowValue[][] }> {
  const body = new URLSearchParams({ q: query, epoch: 'ns', db: database })
  const response = await fetch(`${url}/query`, { method: 'POST', body, signal: AbortSignal.timeout(60_000) })
  // Times have 19 digits, more than a double holds.
  const text = (await response.text()).replace(/\[(-?\d{16,20}),/g, '["$1",')
  const { error, results } = JSON.parse(text) as Answer
  const problem = error ?? results?.[0]?.error
  if (problem !== undefined) throw new Error(`InfluxDB answers "${problem}" to ${query}`)
  return results?.[0]?.series?.[0] ?? { columns: [], values: [] }
}

/** Calls back for each point of a rig's stream. */
export async function readInflux(
  url: string,
  database: string,
  rig: string,
  { stream, channels }: StreamPlan,
  onRow: (row: StoredRow) => void,
): Promise<void> {
  let fromNs = '-9223372036854775806'
  /** What has come of the time at which the last page ended. */
  let seen = new Set<string>()
  for (;;) {
    const where = `"rig" = '${rig}' AND time >= ${fromNs}`
    const { columns, values } = await ask(
      url,
      database,
      `SELECT * FROM "${stream}" WHERE ${where} ORDER BY time LIMIT ${pageRows}`,
    )
    const at = new Map(columns.map((name, i) => [name, i]))
    const cell = (row: RowValue[], name: string): RowValue => row[at.get(name) ?? -1] ?? null
    for (const row of values) {
      const time = String(row[0])
      const era = cell(row, 'era')
      const key = `${time} ${era}`
      if (seen.has(key)) continue
      if (time !== fromNs) seen = new Set()
      fromNs = time
      seen.add(key)
      onRow({
        rig,
        stream,
        timeNs: BigInt(time),
        era: Number(era ?? 0),
        notRising: false,
        values: Object.fromEntries(['n', ...channels.map(({ name }) => name)].map((name) => [name, cell(row, name)])),
      })
    }
    if (values.length < pageRows) return
  }
}
