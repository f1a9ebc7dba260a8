import type { Logger } from '../../common/log.ts'
import { comparePositions, type Damage, type LogRecord, type Position } from '../../common/segment-log-types.ts'
import { readChunks } from '../../common/segment-reader.ts'
import { reasonOf } from '../../protos/errors.ts'
import type { EnvelopeHeader } from '../../protos/types.ts'
import type { Catalog } from '../catalog/types.ts'
import type { Quarantine } from '../quarantine.ts'
import { decodeRecord } from './decode-record.ts'
import { completeBatch, createKnownSchemas } from './known-schemas.ts'
import { openParking } from './parking.ts'
import { createPersistence } from './persistence.ts'
import type { Sink } from './sink.ts'
import type { SinkPort } from './sink-port.ts'
import { startStatus } from './sink-status.ts'

// Follows the journal for a sink: reads what is durable from the sink's cursor on, decodes it, hands it to the sink, and
// moves the cursor behind what the sink has made durable. Never holds more than the sink's current write; what can't be
// decoded or stored goes to quarantine and the next is read.

export interface RunSinkOptions {
  sink: Sink
  journalFolder: string
  catalog: Catalog
  quarantine: Pick<Quarantine, 'put'>
  port: SinkPort
  log: Logger
  /** Bounds of what waits for its schema. */
  parkBytesMax: number
  parkAgeMaxMs: number
  /** How long the oldest envelope waits at most for others to share its write, where the sink flushes when idle. 200 ms. */
  idleFlushMs?: number
  /** How often schemas that are waited for are looked up. 1 s. */
  recheckMs?: number
}

/** Resolves after a `close` message. Rejects, after a `failed` message, if the sink's flush failed for good. */
export async function runSink(options: RunSinkOptions): Promise<void> {
  const { sink, port, log } = options
  const follower = createFollower(options)
  const status = startStatus(port, follower.status)
  try {
    await follower.run()
  } catch (error) {
    log.error({ err: error }, `the ${sink.name} sink has failed`)
    port.postMessage({ type: 'failed', error: reasonOf(error) })
    throw error
  } finally {
    status.close()
    await sink.close()
  }
}

const start: Position = { segment: '', offset: 0 }

function createFollower(options: RunSinkOptions) {
  const { sink, catalog, quarantine, port, log, idleFlushMs = 200, recheckMs = 1000 } = options
  const stop = new AbortController()
  const counters: Record<string, number> = { envelopes: 0, parked: 0, odd_batches: 0, damaged_bytes: 0 }
  const count = (name: string, by = 1) => {
    counters[name] = (counters[name] ?? 0) + by
  }
  const persistence = createPersistence(log, stop.signal)
  const schemas = createKnownSchemas(catalog)
  const parking = openParking({
    sink: sink.name,
    catalog,
    bytesMax: options.parkBytesMax,
    ageMaxMs: options.parkAgeMaxMs,
    hasSchema: schemas.has,
    askFor: (rig, schema) => port.postMessage({ type: 'schema_missing', rig, schema }),
  })

  let synced: Position | undefined
  let cursor = catalog.cursor(sink.name) ?? start
  /** Everything before it was handed to the sink, parked or put in quarantine. */
  let position = cursor
  let dirtySince: number | undefined
  let recheckAt = 0
  let requests: { id: number; position: Position }[] = []
  /** Parked envelopes that are in the sink's current write. */
  let unparking: Position[] = []
  let wake = () => {}

  port.onMessage((message) => {
    if (message.type === 'close') stop.abort()
    else {
      if (message.type === 'flush') requests.push(message)
      if (!synced || comparePositions(synced, message.position) < 0) synced = message.position
    }
    wake()
  })

  const putAside = (reason: string, detail: string, bytes: Uint8Array, header?: EnvelopeHeader) => {
    count(`quarantined_${reason}`)
    const { rig, spool, seq } = header ?? {}
    return persistence.until('the quarantine', () => {
      quarantine.put({
        by: sink.name,
        reason,
        detail,
        content: 'envelope',
        bytes,
        ...(rig === undefined ? {} : { rig }),
        ...(spool === undefined ? {} : { spool }),
        ...(seq === undefined ? {} : { seq }),
      })
      return true
    })
  }

  const take = async (record: LogRecord, parked = false) => {
    const decoded = decodeRecord(record)
    if (!('envelope' in decoded)) {
      return await putAside(decoded.reason, decoded.detail, decoded.bytes, decoded.header)
    }
    const { envelope } = decoded
    const { header, bytes, schemaHash = '' } = envelope
    try {
      if (completeBatch(envelope, schemas)) {
        if (envelope.problems.length > 0) count('odd_batches')
        sink.add(envelope)
        return
      }
    } catch (error) {
      return await putAside(`not_storable_in_${sink.name}`, reasonOf(error), bytes, header)
    }
    if (parked) return
    count('parked')
    const fits = await persistence.until('the catalog', () => ({ it: parking.park(record, header.rig, schemaHash) }))
    if (!fits.it) {
      await putAside(
        'schema_missing',
        `schema ${schemaHash} is missing, and no room is left to wait for it`,
        bytes,
        header,
      )
    }
  }

  const flush = async () => {
    await sink.flush(stop.signal)
    const upTo = position
    await persistence.until('the catalog', () => {
      if (unparking.length > 0) parking.release(unparking)
      catalog.saveCursor(sink.name, upTo)
      return true
    })
    unparking = []
    cursor = upTo
    dirtySince = undefined
    answerRequests()
  }

  const isReached = (request: { position: Position }) => comparePositions(request.position, cursor) <= 0
  const answerRequests = () => {
    for (const request of requests.filter(isReached)) port.postMessage({ type: 'flushed', id: request.id })
    requests = requests.filter((request) => !isReached(request))
  }

  const readTo = async (to: Position) => {
    let segment = position.segment
    const onDamage = (damage: Damage) => {
      count('damaged_bytes', damage.to - damage.from)
      log.error(damage, 'the journal has bytes that hold no readable record: passed over')
    }
    const from = position === start ? undefined : position
    for await (const records of readChunks(options.journalFolder, from, to, { onDamage })) {
      for (const record of records) {
        if (sink.flushAtSegmentEnd && record.position.segment !== segment && dirtySince !== undefined) await flush()
        segment = record.position.segment
        dirtySince ??= performance.now()
        await take(record)
        stop.signal.throwIfAborted()
        count('envelopes')
        position = record.next
        const asked = requests.some((request) => comparePositions(request.position, position) <= 0)
        if (sink.full() || asked) await flush()
      }
    }
    position = to
    if (comparePositions(position, cursor) > 0) dirtySince ??= performance.now()
    if (sink.flushAtSegmentEnd && to.segment !== segment && dirtySince !== undefined) await flush()
  }

  /** Stores what waited for a schema that is here now; gives up what waited too long. */
  const recheck = async () => {
    recheckAt = performance.now() + recheckMs
    if (parking.hashes === 0) return
    for (const hash of parking.ready()) {
      for (const record of parking.records(hash)) {
        if (unparking.some((at) => comparePositions(at, record.position) === 0)) continue
        dirtySince ??= performance.now()
        await take(record, true)
        unparking.push(record.position)
        if (sink.full()) await flush()
      }
      await flush()
    }
    const expired = parking.expired()
    for (const record of expired) {
      const decoded = decodeRecord(record)
      const { bytes, header } = 'envelope' in decoded ? decoded.envelope : decoded
      await putAside('schema_missing', `its schema did not come within ${options.parkAgeMaxMs} ms`, bytes, header)
    }
    if (expired.length > 0) {
      await persistence.until('the catalog', () => {
        parking.release(expired.map((record) => record.position))
        return true
      })
    }
    parking.ask()
  }

  /** Waits for a message, or for what is due next. */
  const pause = async () => {
    const now = performance.now()
    const flushAt = sink.flushWhenIdle && dirtySince !== undefined ? dirtySince + idleFlushMs : Number.POSITIVE_INFINITY
    const until = Math.min(flushAt, parking.hashes > 0 ? recheckAt : Number.POSITIVE_INFINITY, now + 60_000)
    if (until <= now) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, until - now)
      wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
    wake = () => {}
  }

  const step = async () => {
    if (performance.now() >= recheckAt) await recheck()
    if (synced && comparePositions(position, synced) < 0) await readTo(synced)
    const idleFor = dirtySince === undefined ? 0 : performance.now() - dirtySince
    if (requests.length > 0 || (sink.flushWhenIdle && dirtySince !== undefined && idleFor >= idleFlushMs)) await flush()
    // What came meanwhile woke nobody.
    const isCalled = stop.signal.aborted || requests.length > 0
    if (!isCalled && (!synced || comparePositions(position, synced) >= 0)) await pause()
  }

  return {
    async run() {
      try {
        while (!stop.signal.aborted) await step()
      } catch (error) {
        if (!stop.signal.aborted) throw error
      }
    },
    status() {
      const { state, waitingFor = persistence.waitingFor(), counters: own } = sink.status()
      return {
        cursor,
        state: waitingFor === undefined ? state : ('waiting' as const),
        ...(waitingFor === undefined ? {} : { waitingFor }),
        counters: { ...own, ...counters, schemas_missing: parking.hashes },
      }
    },
  }
}
