import { comparePositions, type Position, type SegmentLog } from '../common/segment-log-types.ts'
import type { Catalog } from './catalog/types.ts'
import type { Journal } from './journal.ts'
import type { SinkHandle } from './sinks/start-sink.ts'

// What goes from the front of the journal. A segment goes when every sink is past it. Where InfluxDB alone lags and the journal comes near
// its limit, the oldest go as soon as the lake has them: what InfluxDB is owed is noted first, durably, and refilled from the
// lake (ingest/refill). Whoever is killed between the two has both. The sink, wherever it stands, finds the next segment that is
// there; what it has in hand of one that has gone it writes all the same, which is a repeat and harmless.

export interface JournalTrim {
  /** `stored`: behind the last envelope that ingest has counted. */
  trim(stored: Position): Promise<void>
  /** True once the journal ought to be trimmed soon. */
  isNear(): boolean
}

export interface TrimParts {
  journal: { log: Pick<SegmentLog, 'bytes' | 'segments'> } & Pick<Journal, 'dropBefore'>
  catalog: Pick<Catalog, 'cursor' | 'owed'>
  sinks(): readonly Pick<SinkHandle, 'name' | 'status'>[]
  bytesMax: number
  /** Segments were dropped that InfluxDB had not taken. */
  onOwed(bytes: number): void
}

/** Beyond this share of the journal InfluxDB is not waited for. */
const nearShare = 0.75
const start: Position = { segment: '', offset: 0 }

export function createJournalTrim({ journal, catalog, sinks, bytesMax, onOwed }: TrimParts): JournalTrim {
  const near = bytesMax * nearShare
  // One that has not said yet where it stands has its cursor in the catalog; one that never began has none.
  const cursorOf = ({ name, status }: ReturnType<TrimParts['sinks']>[number]): Position =>
    status().cursor ?? catalog.cursor(name) ?? start

  const dropOwed = async (lake: Position): Promise<void> => {
    // Only what the catalog has is sure: it may be behind what the sink says.
    const influx = catalog.cursor('influx') ?? start
    const segments = journal.log.segments()
    let { bytes } = journal.log
    let behind: string | undefined
    let owedBytes = 0
    for (const [i, segment] of segments.entries()) {
      const next = segments[i + 1]
      const isInLake = comparePositions(lake, { segment: segment.name, offset: segment.bytes }) >= 0
      if (bytes <= near || !segment.sealed || !next || !isInLake) break
      bytes -= segment.bytes
      owedBytes += segment.bytes
      behind = next.name
    }
    if (behind === undefined) return
    const to = { segment: behind, offset: 0 }
    const oldest = { segment: segments[0]!.name, offset: 0 }
    const from = comparePositions(influx, oldest) > 0 ? influx : oldest
    if (comparePositions(from, to) < 0) {
      catalog.owed.owe('influx', from, to)
      onOwed(owedBytes)
    }
    await journal.dropBefore(to)
  }

  return {
    isNear: () => journal.log.bytes > near,
    async trim(stored) {
      const all = sinks()
      const lowest = all
        .map(cursorOf)
        .reduce((low, cursor) => (comparePositions(cursor, low) < 0 ? cursor : low), stored)
      await journal.dropBefore(lowest)
      const lake = all.find(({ name }) => name === 'lake')
      if (lake && all.length > 1 && journal.log.bytes > near) await dropOwed(cursorOf(lake))
    },
  }
}

/**
 * At a start: what lies between where InfluxDB's sink stands and where the journal begins is owed. Nothing does, unless ingest ran
 * without that sink for a while, or has lost its notes with an older copy of the catalog.
 */
export function oweWhatIsGone(catalog: Pick<Catalog, 'cursor' | 'owed'>, log: Pick<SegmentLog, 'segments'>): void {
  const [first] = log.segments()
  const cursor = catalog.cursor('influx')
  if (!first || !cursor || cursor.segment >= first.name) return
  const part = { from: cursor, to: { segment: first.name, offset: 0 } }
  if (catalog.owed.owedSum({ ...part, fileRow: 0 }).files > 0) catalog.owed.owe('influx', part.from, part.to)
}
