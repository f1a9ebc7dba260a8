import type { Logger } from '../../common/log.ts'
import { comparePositions, type Damage, type LogRecord, type Position } from '../../common/segment-log-types.ts'
import { readChunks } from '../../common/segment-reader.ts'
import { reasonOf } from '../../protos/errors.ts'
import type { Catalog } from '../catalog/types.ts'
import { decodeJournalRecord, journalRecordHead } from '../journal-record.ts'
import type { Quarantine } from '../quarantine.ts'
import { answerTask } from './answer-task.ts'
import { decodeRecord } from './decode-record.ts'
import { completeBatch, createKnownSchemas } from './known-schemas.ts'
import { openParking } from './parking.ts'
import { createPersistence } from './persistence.ts'
import { type Refusal, replayBytesMax, replayEntries } from './replay.ts'
import type { Sink, SinkTask } from './sink.ts'
import type { SinkPort } from './sink-port.ts'
import { startStatus } from './sink-status.ts'

// Follows the journal for a sink: reads what is durable from the sink's cursor on, decodes it, hands it to the sink, and
// moves the cursor behind what the sink has made durable. Never holds more than the sink's current write; what can't be
// decoded or stored goes to quarantine and the next is read.

export interface RunSinkOptions {
  sink: Sink
  journalFolder: string
  catalog: Catalog
  quarantine: Pick<Quarantine, 'put' | 'read' | 'dropped'>
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
  const askFor = (rig: string, schema: string) => port.postMessage({ type: 'schema_missing', rig, schema })
  const parking = openParking({
    sink: sink.name,
    catalog,
    bytesMax: options.parkBytesMax,
    ageMaxMs: options.parkAgeMaxMs,
    hasSchema: schemas.has,
    askFor,
  })

  let synced: Position | undefined
  let cursor = catalog.cursor(sink.name) ?? start
  /** Everything before it was handed to the sink, parked or put in quarantine. */
  let position = cursor
  let dirtySince: number | undefined
  let recheckAt = 0
  let requests: { id: number; position: Position }[] = []
  const tasks: { id: number; task: SinkTask }[] = []
  /** Parked envelopes that are in the sink's current write. */
  let unparking: Position[] = []
  let wake = () => {}

  port.onMessage((message) => {
    if (message.type === 'close') stop.abort()
    else if (message.type === 'task') tasks.push(message)
    else {
      if (message.type === 'flush') requests.push(message)
      if (!synced || comparePositions(synced, message.position) < 0) synced = message.position
    }
    wake()
  })

  const putAside = ({ position, bytes: record }: LogRecord, { reason, detail, bytes, header }: Refusal) => {
    count(`quarantined_${reason}`)
    const { rig, spool, seq } = header ?? {}
    const receivedNs = record.length < journalRecordHead ? undefined : decodeJournalRecord(record).receivedNs
    return persistence.until('the quarantine', () => {
      quarantine.put({
        by: sink.name,
        reason,
        detail,
        ...(rig === undefined ? {} : { rig }),
        ...(spool === undefined ? {} : { spool }),
        ...(seq === undefined ? {} : { seq }),
        content: 'envelope',
        position,
        ...(receivedNs === undefined ? {} : { receivedNs: String(receivedNs) }),
        bytes,
      })
      return true
    })
  }

  /** Hands an envelope to the sink. `late`: the sink has been past it already. */
  const offer = (record: LogRecord, late: boolean): Refusal | undefined => {
    const decoded = decodeRecord(record)
    if (!('envelope' in decoded)) return decoded
    const { envelope } = decoded
    const { header, bytes, schemaHash = '' } = envelope
    if (late) envelope.late = true
    try {
      if (completeBatch(envelope, schemas)) {
        sink.add(envelope)
        if (envelope.problems.length > 0) count('odd_batches')
        return undefined
      }
    } catch (error) {
      return { reason: `not_storable_in_${sink.name}`, detail: reasonOf(error), bytes, header }
    }
    const missing = { rig: header.rig, schemaHash }
    return { reason: 'schema_missing', detail: `schema ${schemaHash} is missing`, bytes, header, missing }
  }

  const take = async (record: LogRecord, parked = false) => {
    const refusal = offer(record, parked)
    if (!refusal) return
    const { missing, detail } = refusal
    if (!missing) return await putAside(record, refusal)
    if (parked) return
    count('parked')
    const { rig, schemaHash } = missing
    const fits = await persistence.until('the catalog', () => ({ it: parking.park(record, rig, schemaHash) }))
    if (!fits.it) await putAside(record, { ...refusal, detail: `${detail}, and no room is left to wait for it` })
  }

  const flush = async () => {
    const upTo = position
    await sink.flush(stop.signal, upTo === start ? undefined : upTo)
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
      port.postMessage({ type: 'damage', damage })
    }
    const from = position === start ? undefined : position
    for await (const records of readChunks(options.journalFolder, from, to, { onDamage })) {
      for (const record of records) {
        if (sink.flushAtSegmentEnd && record.position.segment !== segment && dirtySince !== undefined) {
          // Behind the segment, whatever its end looks like.
          position = record.position
          await flush()
        }
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
      const detail = `its schema did not come within ${options.parkAgeMaxMs} ms`
      await putAside(record, { reason: 'schema_missing', detail, bytes, header })
    }
    if (expired.length > 0) {
      await persistence.until('the catalog', () => {
        parking.release(expired.map((record) => record.position))
        return true
      })
    }
    parking.ask()
  }

  const replay = async (ids: readonly string[]) => {
    return await replayEntries(
      {
        sink,
        catalog,
        quarantine,
        parkBytesMax: options.parkBytesMax + replayBytesMax,
        signal: stop.signal,
        offer,
        askFor,
        passed: () => position,
        async flush(late) {
          unparking.push(...late)
          await flush()
        },
      },
      ids,
    )
  }

  const doTasks = async () => {
    for (let next = tasks.shift(); next; next = tasks.shift()) {
      const { id, task } = next
      if (task.type === 'replay') port.postMessage({ type: 'done', id, answer: await replay(task.ids) })
      else {
        await answerTask(sink, task).then(
          (answer) => port.postMessage({ type: 'done', id, answer }),
          (error) => port.postMessage({ type: 'undone', id, error: reasonOf(error) }),
        )
      }
    }
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
    await doTasks()
    if (synced && comparePositions(position, synced) < 0) await readTo(synced)
    const idleFor = dirtySince === undefined ? 0 : performance.now() - dirtySince
    if (requests.length > 0 || (sink.flushWhenIdle && dirtySince !== undefined && idleFor >= idleFlushMs)) await flush()
    // What came meanwhile woke nobody.
    const isCalled = stop.signal.aborted || requests.length > 0 || tasks.length > 0
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
        counters: { ...own, ...counters, schemas_missing: parking.hashes, quarantine_dropped: quarantine.dropped },
      }
    },
  }
}
