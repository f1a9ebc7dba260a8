import { isScaled } from '../../../protos/physical.ts'
import type { Channel, Schema } from '../../../protos/types.ts'

// Which column of a lake file each channel goes to. Columns of the lake's own come first, with plain names; a channel keeps its
// name unless it is taken: DuckDB's names ignore case, a stream's schemas may differ in a channel's kind, and a channel may be
// named like a column of the lake's own. Then it becomes `name__kind` (`name__kind_2` ... if that is taken too). Same
// name and same kind share a column. What went where stands in the file's footer (`rigline_columns`).

/** The lake's own columns of a stream, in this order. docs/lake.md describes them. */
export const ownColumns = [
  'rig', // VARCHAR
  'era', // INTEGER
  't_ns', // BIGINT, ns since 1970 UTC: exact
  'time', // TIMESTAMPTZ, microseconds: t_ns rounded down, for tools that want a time
  'sim_ns', // BIGINT, simulation time, null if there is none
  'spool', // VARCHAR
  'seq', // BIGINT
  'row', // INTEGER, index in its batch
  'flags', // INTEGER, see rowFlags
  'received_ns', // BIGINT, ingest's wall clock when the envelope came
] as const

/** Bits of `flags`. */
export const rowFlags = {
  /** The row lies behind or at one before it in its batch, or its batch behind the stream's last: not in InfluxDB. */
  notRising: 1,
  /** Something was wrong with the batch; `_envelopes.problems` says what. */
  damaged: 2,
  /** A value is outside its channel's range. */
  outOfRange: 4,
  /** A value is NaN or infinite. */
  notFinite: 8,
  /**
   * A row of this rig, stream, era and time was there already, with other values. Set with notRising; but InfluxDB has this row: of each of its
   * fields the value that came last.
   */
  sameTime: 16,
}

/**
 * How a channel's values are kept: f64 DOUBLE, f32 FLOAT, int BIGINT, bool BOOLEAN, text VARCHAR. scaled: an int with gain or
 * offset, DOUBLE, the physical value raw * gain + offset; raw is round((value - offset) / gain), and where that would not
 * give it back exactly, the raw integers stand in a column beside it (kind raw, BIGINT).
 */
export type LakeKind = 'f64' | 'f32' | 'int' | 'scaled' | 'bool' | 'text' | 'raw'

export interface LakeColumn {
  column: string
  channel: string
  kind: LakeKind
}

export const lakeKind = (channel: Channel): LakeKind =>
  channel.kind === 'int' && isScaled(channel) ? 'scaled' : channel.kind

export interface ColumnPlan {
  columns: LakeColumn[]
  /** For each schema, the index into `columns` of each of its channels. */
  bySchema: number[][]
  /** Finds a free column name and takes it. */
  take(name: string, kind: LakeKind): string
}

/** Finds a free column name for each channel, and takes it. */
export function createColumnNames(): (channel: string, kind: LakeKind) => string {
  const taken = new Set<string>(ownColumns)
  return (name, kind) => {
    // No database takes a NUL or nothing as a name.
    const base = name.replaceAll('\0', '') || 'channel'
    for (let n = 0; ; n++) {
      const column = n === 0 && kind !== 'raw' ? base : n <= 1 ? `${base}__${kind}` : `${base}__${kind}_${n}`
      const key = column.toLowerCase()
      if (taken.has(key)) continue
      taken.add(key)
      return column
    }
  }
}

/** Unites the channels of a stream's schemas, in the order in which they appear. */
export function planColumns(schemas: readonly Schema[]): ColumnPlan {
  const columns: LakeColumn[] = []
  const known = new Map<string, number>()
  const take = createColumnNames()
  const bySchema = schemas.map((schema) => {
    const occurrences = new Map<string, number>()
    return schema.channels.map((channel) => {
      const kind = lakeKind(channel)
      // A schema that names a channel twice: each keeps a column of its own.
      const key = `${kind}\0${channel.name}`
      const occurrence = occurrences.get(key) ?? 0
      occurrences.set(key, occurrence + 1)
      const index = known.get(`${key}\0${occurrence}`)
      if (index !== undefined) return index
      columns.push({ column: take(channel.name, kind), channel: channel.name, kind })
      known.set(`${key}\0${occurrence}`, columns.length - 1)
      return columns.length - 1
    })
  })
  return { columns, bySchema, take }
}
