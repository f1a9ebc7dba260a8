import type { Schema } from '../protos/types.ts'
import type { Catalog, LastRow } from './catalog/types.ts'
import { type LiveStream, periodMs } from './live/live-stream.ts'
import type { Live } from './live.ts'

// The newest row of each stream, in the catalog: so that after a restart of ingest it is known how rigs stand before anything
// new comes. What came behind the last save is in the journal behind the checkpoint, which is read anew at a start.

/** Streams that one save writes; the others wait for the next. */
const savedAtOnceMax = 1000

export interface LastRows {
  /** Streams of the rig that the hub has nothing of yet. */
  remembered(rig: string): LiveStream[]
  /** The newest row of each of its streams, of before ingest's start too. */
  of(rig: string): { stream: string; timeNs: bigint; receivedNs: bigint }[]
  /** Writes what has changed, `all` of it or as much as fits between two envelopes. */
  save(all?: boolean): void
}

export function createLastRows(catalog: Catalog, live: Live): LastRows {
  const before = new Map<string, LastRow[]>()
  for (const row of catalog.lastRows()) {
    const rows = before.get(row.rig)
    if (rows) rows.push(row)
    else before.set(row.rig, [row])
  }
  const schemas = new Map<string, Schema | undefined>()
  const schemaOf = (hash: string): Schema | undefined => {
    if (!schemas.has(hash)) schemas.set(hash, readSchema(catalog, hash))
    return schemas.get(hash)
  }
  /** When the row that was saved last came, by rig and stream. */
  const savedNs = new Map<string, bigint>()
  /** Where the next save begins, so that each stream has its turn. */
  let turn = 0

  const notLive = (rig: string) => (before.get(rig) ?? []).filter(({ stream }) => !live.has(rig, stream))

  return {
    remembered: (rig) => notLive(rig).map((row) => rememberedStream(row, schemaOf(row.schemaHash))),
    of: (rig) => [
      ...notLive(rig),
      ...(live.rig(rig, 1)?.streams ?? []).flatMap(({ stream, timeNs, receivedNs }) =>
        timeNs === undefined ? [] : [{ stream, timeNs, receivedNs }],
      ),
    ],
    save(all = false) {
      const rows: LastRow[] = []
      const looked: [key: string, receivedNs: bigint][] = []
      const newest = [...live.newest()]
      for (let i = 0; i < newest.length && (all || looked.length < savedAtOnceMax); i++) {
        const { rig, stream, receivedNs, read } = newest[turn++ % newest.length]!
        const key = `${rig} ${stream}`
        if (savedNs.get(key) === receivedNs) continue
        looked.push([key, receivedNs])
        const { schemaHash, era, timeNs, staleAfterMs } = read()
        if (timeNs !== undefined) rows.push({ rig, stream, schemaHash, era, timeNs, receivedNs, staleAfterMs })
      }
      if (rows.length > 0) catalog.saveLastRows(rows)
      // Only now: what could not be saved is saved the next time.
      for (const [key, receivedNs] of looked) savedNs.set(key, receivedNs)
    },
  }
}

function readSchema(catalog: Catalog, hash: string): Schema | undefined {
  try {
    return catalog.schema(hash)?.schema
  } catch {
    // Of a newer release: the stream is shown without what its schema says.
    return undefined
  }
}

const rememberedStream = (row: LastRow, schema: Schema | undefined): LiveStream => ({
  stream: row.stream,
  source: schema?.source ?? '',
  schema,
  schemaHash: row.schemaHash,
  periodMs: schema && periodMs(schema),
  rowsPerS: 0,
  readingsPerS: 0,
  batches: 0,
  receivedNs: row.receivedNs,
  staleAfterMs: row.staleAfterMs,
  timeNs: row.timeNs,
  era: row.era,
  channels: [],
  channelCount: schema?.channels.length ?? 0,
  problems: [],
})
