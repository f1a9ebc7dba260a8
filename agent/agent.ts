import { join, resolve } from 'node:path'
import { createClock } from '../common/clock.ts'
import { lockFolder } from '../common/data-lock.ts'
import type { Logger } from '../common/log.ts'
import { readSecret } from '../common/mqtt-config.ts'
import { startConnection } from '../common/mqtt-connection.ts'
import { version } from '../common/program.ts'
import { createQuantiles } from '../common/quantiles.ts'
import { ulid } from '../common/ulid.ts'
import { toHex } from '../protos/hex.ts'
import { decodeDown, decodeIngestStatus, encodeClockProbe, encodeStatus } from '../protos/messages.ts'
import { encodeSchema } from '../protos/schema.ts'
import { hashSchema } from '../protos/schema-hash.ts'
import { ingestStatusTopic, parseTopic, rigTopic } from '../protos/topics.ts'
import { createBatcher, stateAfter } from './batcher.ts'
import { createClockProbe } from './clock-probe.ts'
import type { AgentConfig } from './config.ts'
import { markerOf } from './marker.ts'
import { startMarks } from './marks.ts'
import { createPublisher } from './publisher.ts'
import { openRefused } from './refused.ts'
import { type OpenAnySource, openSources, type RunningSource } from './run-sources.ts'
import { openSource as openConfiguredSource } from './sources/table.ts'
import { openSpool } from './spool.ts'
import { addLoss } from './spool-loss.ts'

// The agent's wiring, in the order of a reading's way: source -> batch -> spool (fsync) -> publish; spool forgets <- receipt.

const estimateBytesMax = 200 * 1024
/** Bytes that may wait for the disk before sources are asked for more. */
const undurableBytesMax = 4 * 1024 * 1024

export interface AgentCounters {
  rig: string
  /** Readings (values that are present) and rows that sources yielded. */
  readings: number
  rows: number
  unconfirmed: number
  spoolBytes: number
  sent: number
  resent: number
  refused: number
  /** From a batch's first row to its receipt, ms: the last 20,000. */
  receiptSamplesMs: number[]
}

export interface Agent {
  counters(): AgentCounters
  /** Resolves when every source has ended by itself. */
  ended: Promise<void>
  /** Stops in the order of the flow: sources, batches, spool, then waits up to `drainMs` for receipts. */
  close(drainMs?: number): Promise<void>
}

/**
 * `folder`: relative paths of the configuration start here. `openSource`: the table of sources, or what a bench measures
 * with. Throws if the data folder can't be used or a source can't be opened.
 */
export async function startAgent(
  config: AgentConfig,
  folder: string,
  log: Logger,
  openSource: OpenAnySource = openConfiguredSource,
): Promise<Agent> {
  const { rig, group } = config
  const clock = createClock()
  const dataFolder = resolve(folder, config.data)
  const unlock = await lockFolder(dataFolder)
  const refused = openRefused(join(dataFolder, 'refused'))
  const receiptMs = createQuantiles()
  /** Encoded schemas by their hash, for when ingest asks. */
  const schemas = new Map<string, Uint8Array>()

  let isSpoolHeld = false
  const spool = await openSpool({
    folder: join(dataFolder, 'spool'),
    rig,
    group,
    bytesMax: config.spool.bytesMax,
    segmentBytesMax: config.spool.segmentBytesMax,
    keepConfirmed: config.spool.keepConfirmed,
    log,
    onDurable: (envelope) => publisher.offer(envelope),
    onVolatile: (envelope) => publisher.offerVolatile(envelope),
    onAsk: () => connection.publish(statusTopic, status(true), { qos: 1, retain: true }),
    onHeld(held) {
      isSpoolHeld = held
      const text = held ? 'envelopes are in memory alone' : 'envelopes are on disk again'
      const type = held ? 'spool.unwritable' : 'spool.writable'
      const event = { tNs: clock.nowNs(), type, author: 'agent', text, facts: {}, id: ulid() }
      void spool.add({ type: 'event', event })
    },
  })
  const keep = (promise: Promise<unknown>) =>
    promise.catch((error) =>
      log.error({ err: error }, 'an envelope could not be spooled; its rows are missing from here on'),
    )

  const publisher = createPublisher({
    spool,
    windowBytes: config.windowBytes,
    log,
    send: (bundle, done) => connection.publish(rigTopic(group, rig, 'up'), bundle, { qos: 1, onAcknowledged: done }),
    onReceiptLatency: receiptMs.add,
    onRefused({ spool: id, seq, bytes }) {
      try {
        refused.put(id, seq, bytes)
      } catch (error) {
        log.error({ err: error, spool: id, seq }, 'a refused envelope cannot be kept aside')
      }
      spool.giveUp(id, { from: seq, to: seq })
      const gap = addLoss(undefined, id, seq, bytes)
      gap.cause = 'refused'
      gap.detail = "ingest would not take this envelope; it is kept in the agent's data folder"
      void keep(spool.add({ type: 'gap', gap }))
      log.error({ spool: id, seq }, 'ingest does not take an envelope: kept aside and declared as a Gap')
    },
  })

  // Sources, and the schema of each of their streams before its first batch.
  const running: RunningSource[] = await openSources(config.sources, {
    folder,
    log,
    openSource,
    nowNs: clock.nowNs,
    streams: spool.streams,
    createBatcher(schema, onDue) {
      const bytes = encodeSchema(schema)
      const schemaHash = hashSchema(bytes)
      schemas.set(toHex(schemaHash), bytes)
      void keep(spool.add({ type: 'schema', bytes }))
      const state = spool.streams.get(schema.stream) ?? { era: 0, position: 0, origin: '' }
      const batcher = createBatcher({
        schema,
        schemaHash,
        limits: { ...config.batch, bytesMax: estimateBytesMax },
        clock,
        state,
        onDue,
        onGap: (gap) => void keep(spool.add({ type: 'gap', gap })),
        onBatch(batch, firstRowAtNs) {
          const after = stateAfter(batch, spool.streams.get(schema.stream))
          void keep(spool.add({ type: 'batch', batch }, { firstRowAtNs, stream: schema.stream, state: after }))
        },
      })
      return batcher
    },
    onEvent: (event, source, origin) =>
      void keep(spool.add({ type: 'event', event: markerOf(event, { rig, source, origin }) })),
    onGap: (gap) => void keep(spool.add({ type: 'gap', gap })),
    onThrough: spool.through,
    drained: () => spool.drained(Math.min(undurableBytesMax, config.spool.bytesMax / 16)),
    // A source that can wait is not read into a spool that would have to drop what it holds.
    hasRoom: spool.hasRoom,
  })

  const sinceNs = clock.nowNs()
  const status = (online: boolean) =>
    encodeStatus({ online, sinceNs: online ? sinceNs : clock.nowNs(), version, spools: online ? spool.states() : [] })
  const probe = createClockProbe(clock, (clockSample) => void keep(spool.add({ type: 'clock_sample', clockSample })))
  const statusTopic = rigTopic(group, rig, 'status')
  const secret = readSecret(config.broker, folder)
  const connection = startConnection({
    url: config.broker.url,
    clientId: `${rig}-${spool.id}`,
    username: rig,
    secret,
    ...(config.broker.ca ? { ca: resolve(folder, config.broker.ca) } : {}),
    keepaliveS: config.broker.keepaliveS,
    will: { topic: statusTopic, payload: encodeStatus({ online: false, sinceNs, version, spools: [] }) },
    subscribe: [rigTopic(group, rig, 'down'), ingestStatusTopic('+')],
    log,
    onConnect() {
      connection.publish(statusTopic, status(true), { qos: 1, retain: true })
      publisher.connected(spool.schemaEnvelopes())
      sendProbe()
    },
    onDisconnect: () => publisher.disconnected(),
    onMessage(topic, payload, retained) {
      try {
        if (parseTopic(topic)?.type === 'ingest_status') {
          if (!retained) followIngest(payload)
          return
        }
        const down = decodeDown(payload)
        // A message of a later release.
        if (down === undefined) return
        if (down.type === 'receipt') publisher.receipt(down.receipt)
        else if (down.type === 'clock_reply') probe.reply(down.clockReply)
        else if (down.type === 'schema_request') {
          const bytes = schemas.get(toHex(down.schema))
          if (bytes) void keep(spool.add({ type: 'schema', bytes }))
        }
      } catch (error) {
        log.warn({ err: error, bytes: payload.length }, 'a message from ingest cannot be read')
      }
    },
  })
  /** An ingest that says so now has come after this connection: what was sent before went to nobody. No need to wait for patience to run out. */
  const followIngest = (payload: Uint8Array) => {
    if (payload.length === 0) return
    const { online, groups } = decodeIngestStatus(payload)
    if (!online || !groups.includes(group)) return
    connection.publish(statusTopic, status(true), { qos: 1, retain: true })
    publisher.connected(spool.schemaEnvelopes())
  }
  const sendProbe = () => connection.publish(rigTopic(group, rig, 'clock'), encodeClockProbe(probe.begin()), { qos: 0 })

  const sendHealth = () =>
    void keep(
      spool.add({
        type: 'health',
        health: {
          tNs: clock.nowNs(),
          version,
          memoryBytes: process.memoryUsage.rss(),
          spoolBytes: spool.bytes(),
          spoolEnvelopes: spool.unconfirmed(),
          sources: running.map((source) => source.health()),
        },
      }),
    )
  const timers = [
    setInterval(() => probe.checkStep(), 1000),
    setInterval(sendProbe, config.clockEveryS * 1000),
    setInterval(sendHealth, config.healthEveryS * 1000),
  ]
  sendHealth()
  for (const source of running) source.start()
  const marks = startMarks({
    rig,
    dataFolder,
    ...(config.marks.folder === undefined ? {} : { folder: resolve(folder, config.marks.folder) }),
    clock,
    log,
    isOpen: () => !isSpoolHeld,
    spool: (event) => spool.add({ type: 'event', event }),
  })
  log.info(
    { rig, group, spool: spool.id, predecessor: spool.predecessor, sources: running.map(({ name }) => name) },
    'agent started',
  )

  let closing: Promise<void> | undefined
  const close = async (drainMs: number) => {
    for (const source of running) await source.close()
    await marks.close()
    sendHealth()
    for (const timer of timers) clearInterval(timer)
    await spool.drained(0)
    await publisher.drained(connection.online ? drainMs : 0)
    await connection.publishLast(statusTopic, status(false))
    publisher.close()
    await connection.close()
    await spool.close()
    await unlock()
  }

  return {
    counters: () => ({
      rig,
      readings: running.reduce((sum, source) => sum + source.counters().readings, 0),
      rows: running.reduce((sum, source) => sum + source.counters().rows, 0),
      unconfirmed: spool.unconfirmed(),
      spoolBytes: spool.bytes(),
      ...publisher.counters,
      receiptSamplesMs: receiptMs.values(),
    }),
    ended: Promise.all(running.map((source) => source.ended)).then(() => {}),
    close(drainMs = 5000) {
      closing ??= close(drainMs)
      return closing
    },
  }
}
