import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { silentLog } from '../../common/log.ts'
import { openSegmentLog } from '../../common/segment-log.ts'
import type { Position } from '../../common/segment-log-types.ts'
import { openCatalog } from '../../ingest/catalog/catalog.ts'
import { encodeJournalRecord } from '../../ingest/journal-record.ts'
import { openQuarantine } from '../../ingest/quarantine.ts'
import { type RunSinkOptions, runSink } from '../../ingest/sinks/run-sink.ts'
import type { FromSink, JournalEnvelope, Sink, ToSink } from '../../ingest/sinks/sink.ts'
import { encodeEnvelope } from '../../protos/envelope.ts'
import type { Body } from '../../protos/types.ts'
import { temporaryFolder } from '../services/debian.ts'

// A journal, a catalog and a quarantine as ingest has them, and a sink that keeps what it is given in memory.

export const spool = '01J00000000000000000000000'

export async function openGround(options: { segmentBytesMax?: number } = {}) {
  const folder = await temporaryFolder()
  const journalFolder = join(folder, 'journal')
  const journal = await openSegmentLog({
    directory: journalFolder,
    segmentBytesMax: options.segmentBytesMax ?? 32 * 1024 * 1024,
    bytesMax: 1024 * 1024 * 1024,
    recordBytesMax: 512 * 1024,
  })
  const catalog = openCatalog(join(folder, 'catalog.sqlite'))
  const quarantine = openQuarantine(join(folder, 'quarantine'))
  onTestFinished(async () => {
    await journal.close()
    catalog.close()
  })
  let seq = 0
  const appendBytes = (envelope: Uint8Array): Promise<Position> =>
    journal.append(encodeJournalRecord(BigInt(++seq), envelope))
  return {
    folder,
    journalFolder,
    journal,
    catalog,
    quarantine,
    appendBytes,
    append: (body: Body, rig = 'r') => appendBytes(encodeEnvelope({ rig, spool, seq: seq + 1, body })),
  }
}

export type Ground = Awaited<ReturnType<typeof openGround>>

export const event = (text: string): Body => ({
  type: 'event',
  event: { tNs: 0n, type: 'marker', author: '', text, facts: {}, id: '' },
})

export function createMemorySink(more: Partial<Sink> = {}, fullAt = Number.POSITIVE_INFINITY) {
  const flushes: JournalEnvelope[][] = []
  let held: JournalEnvelope[] = []
  let heldMax = 0
  const sink: Sink = {
    name: 'influx',
    flushWhenIdle: true,
    flushAtSegmentEnd: false,
    add(envelope) {
      held.push(envelope)
      heldMax = Math.max(heldMax, held.length)
    },
    full: () => held.length >= fullAt,
    async flush() {
      if (held.length > 0) flushes.push(held)
      held = []
    },
    status: () => ({ state: 'running', counters: {} }),
    async close() {},
    ...more,
  }
  return {
    sink,
    flushes,
    stored: () => flushes.flat(),
    heldMax: () => heldMax,
  }
}

/** Runs a sink on the ground; what it says is kept, and can be awaited. */
export function startRunner(ground: Ground, sink: Sink, options: Partial<RunSinkOptions> = {}) {
  const said: FromSink[] = []
  const listeners = new Set<() => void>()
  let receive: (message: ToSink) => void = () => {}
  let ids = 0
  const ended = runSink({
    sink,
    journalFolder: ground.journalFolder,
    catalog: ground.catalog,
    quarantine: ground.quarantine,
    log: silentLog,
    parkBytesMax: 1024 * 1024,
    parkAgeMaxMs: 60_000,
    idleFlushMs: 5,
    recheckMs: 10,
    ...options,
    port: {
      postMessage(message) {
        said.push(message)
        for (const listener of listeners) listener()
      },
      onMessage(handler) {
        receive = handler
      },
    },
  })
  let closed = false
  const close = async () => {
    closed = true
    receive({ type: 'close' })
    await ended
  }
  onTestFinished(async () => {
    if (!closed) await close().catch(() => {})
  })
  const heard = async <T extends FromSink>(is: (message: FromSink) => message is T): Promise<T> => {
    for (;;) {
      const found = said.find(is)
      if (found) return found
      await new Promise<void>((resolve) => {
        const listener = () => {
          listeners.delete(listener)
          resolve()
        }
        listeners.add(listener)
      })
    }
  }
  return {
    said,
    heard,
    ended,
    close,
    send: (message: ToSink) => receive(message),
    synced: () => receive({ type: 'synced', position: ground.journal.synced }),
    /** Resolves when all that is in the journal has been stored. */
    async flush(position = ground.journal.synced) {
      const id = ++ids
      receive({ type: 'flush', id, position })
      await heard(
        (message): message is Extract<FromSink, { type: 'flushed' }> => message.type === 'flushed' && message.id === id,
      )
    },
  }
}
