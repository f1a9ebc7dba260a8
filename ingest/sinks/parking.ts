import type { LogRecord, Position } from '../../common/segment-log-types.ts'
import type { Catalog } from '../catalog/types.ts'
import { decodeRecord } from './decode-record.ts'

// Batches whose schema isn't here yet wait in the catalog. The schema is asked for; when it comes they are stored, and
// those that wait too long go to quarantine.

const askAgainMs = 30_000

/**
 * In place of a schema's hash: an envelope that is being replayed from quarantine. It says which of the lake's files a crash may
 * leave half done (recoverFiles in lake-files.ts). The entry in quarantine stays until all is done, so at a start it is forgotten.
 */
export const replayMark = 'replay'

export interface Parking {
  /** False if there is no room. */
  park(record: LogRecord, rig: string, schemaHash: string): boolean
  waitsFor(schemaHash: string): boolean
  /** The schemas waited for that are here now. */
  ready(): string[]
  /** What waits for a schema, oldest first. It stays parked until `release`. */
  records(schemaHash: string): LogRecord[]
  /** Takes out what waits since longer than the bound. It stays parked until `release`. */
  expired(): LogRecord[]
  release(positions: Position[]): void
  /** Asks for the schemas that are due to be asked for. */
  ask(): void
  readonly hashes: number
}

export interface ParkingOptions {
  sink: string
  catalog: Pick<Catalog, 'park' | 'parked' | 'unpark'>
  bytesMax: number
  ageMaxMs: number
  hasSchema(schemaHash: string): boolean
  askFor(rig: string, schemaHash: string): void
}

interface Waiting {
  rig: string
  sinceMs: number
  askedAt: number
}

/** Reads what an earlier run has parked. */
export function openParking({ sink, catalog, bytesMax, ageMaxMs, hasSchema, askFor }: ParkingOptions): Parking {
  const waiting = new Map<string, Waiting>()
  const waitFor = (schemaHash: string, rig: string, sinceMs: number) => {
    if (!waiting.has(schemaHash)) waiting.set(schemaHash, { rig, sinceMs, askedAt: Number.NEGATIVE_INFINITY })
  }
  const toRecord = ({ position, record }: { position: Position; record: Uint8Array }): LogRecord => ({
    position,
    next: position,
    bytes: record,
  })
  const interrupted = catalog.parked(sink, replayMark)
  catalog.unpark(
    sink,
    interrupted.map(({ position }) => position),
  )
  for (const parked of catalog.parked(sink)) {
    const decoded = decodeRecord(toRecord(parked))
    waitFor(parked.schemaHash, 'envelope' in decoded ? decoded.envelope.header.rig : '', parked.parkedAtMs)
  }

  const ask = () => {
    const now = performance.now()
    for (const [schemaHash, entry] of waiting) {
      if (now - entry.askedAt < askAgainMs || entry.rig === '') continue
      entry.askedAt = now
      askFor(entry.rig, schemaHash)
    }
  }

  return {
    park({ position, bytes }, rig, schemaHash) {
      if (!catalog.park(sink, schemaHash, position, bytes, bytesMax)) return false
      waitFor(schemaHash, rig, Date.now())
      ask()
      return true
    },
    waitsFor: (schemaHash) => waiting.has(schemaHash),
    ready: () => [...waiting.keys()].filter(hasSchema),
    records: (schemaHash) => catalog.parked(sink, schemaHash).map(toRecord),
    expired() {
      const before = Date.now() - ageMaxMs
      return [...waiting]
        .filter(([, { sinceMs }]) => sinceMs <= before)
        .flatMap(([schemaHash]) => catalog.parked(sink, schemaHash))
        .filter(({ parkedAtMs }) => parkedAtMs <= before)
        .map(toRecord)
    },
    release(positions) {
      catalog.unpark(sink, positions)
      for (const [schemaHash, entry] of waiting) {
        const oldest = catalog.parked(sink, schemaHash)[0]
        if (!oldest) waiting.delete(schemaHash)
        else entry.sinceMs = oldest.parkedAtMs
      }
    },
    ask,
    get hashes() {
      return waiting.size
    },
  }
}
