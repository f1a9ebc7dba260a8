import { mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Access } from '../common/access.ts'
import { createClock } from '../common/clock.ts'
import { lockFolder } from '../common/data-lock.ts'
import { createThrottle, type Logger } from '../common/log.ts'
import { type MqttConfig, readSecret } from '../common/mqtt-config.ts'
import { startConnection } from '../common/mqtt-connection.ts'
import { version } from '../common/program.ts'
import { comparePositions, type Position, type SegmentInfo } from '../common/segment-log-types.ts'
import { fromHex } from '../protos/hex.ts'
import {
  decodeClockProbe,
  decodeIngestStatus,
  decodeStatus,
  encodeDown,
  encodeIngestStatus,
} from '../protos/messages.ts'
import { groupFilters, ingestStatusTopic, parseTopic, rigTopic } from '../protos/topics.ts'
import { protocolVersion } from '../protos/types.ts'
import { openCatalog } from './catalog/catalog.ts'
import type { IngestConfig } from './config.ts'
import { startHttp } from './http/http.ts'
import { journalFolder, openJournal } from './journal.ts'
import { createLive } from './live.ts'
import { openQuarantine } from './quarantine.ts'
import { createReceipts } from './receipts.ts'
import { createReceive } from './receive.ts'
import { createRigs } from './rigs.ts'
import { type SinkHandle, startInfluxSink, startLakeSink } from './sinks/start-sink.ts'
import type { IngestCounters, IngestState, SinkState } from './state.ts'

// Ingest's wiring, in the order of a reading's way: receive -> frame -> journal (fsync) -> receipt; sinks and live behind it.

const checkpointEveryMs = 2_000

export interface Ingest {
  state: IngestState
  httpPort: number
  /** Closes the journal's segment and waits until every sink has taken all that is in it. */
  flush(): Promise<void>
  /** Rejects if another ingest took over this one's groups. */
  takenOver: Promise<never>
  close(): Promise<void>
}

export interface IngestOptions {
  log: Logger
  access?: Access | undefined
}

/** Throws if the data folder or a listener can't be used. */
export async function startIngest(
  config: Omit<IngestConfig, 'broker'> & { broker: MqttConfig },
  { log, access }: IngestOptions,
): Promise<Ingest> {
  const folder = resolve(config.data)
  mkdirSync(folder, { recursive: true })
  const unlock = await lockFolder(folder)
  const clock = createClock()
  const sinceNs = clock.nowNs()
  const counters: IngestCounters = {
    envelopes: 0,
    bytes: 0,
    duplicates: 0,
    journalFull: 0,
    outOfBounds: 0,
    quarantined: {},
    receipts: 0,
    journalBytes: 0,
    schemaRequests: 0,
  }

  // The journal, and what follows it.
  const catalog = openCatalog(join(folder, 'catalog.sqlite'))
  const quarantineFolder = join(folder, 'quarantine')
  const quarantine = openQuarantine(quarantineFolder, config.quarantineBytesMax)
  const rigs = createRigs(catalog)
  const live = createLive({ schemaOf: (hash) => catalog.schema(hash)?.schema })
  const sinks: SinkHandle[] = []
  const journal = await openJournal({
    folder,
    bytesMax: config.journal.bytesMax,
    segmentBytesMax: config.journal.segmentBytesMax,
    segmentAgeMaxMs: config.journal.segmentAgeMaxS * 1000,
    catalog,
    log,
    onSynced: (position) => {
      for (const sink of sinks) sink.synced(position)
    },
  })
  let stored: Position = journal.log.synced

  // From MQTT into the journal, and receipts back.
  const receipts = createReceipts(journal.sequence.receipt, (rig, receipt) => {
    const group = rigs.groupOf(rig) ?? config.groups[0]!
    counters.receipts++
    connection.publish(rigTopic(group, rig, 'down'), encodeDown({ type: 'receipt', receipt }), { qos: 1 })
  })
  const groupOfTopic = new Map<string, string>()
  const receive = createReceive({
    journal,
    receipts,
    quarantine,
    catalog,
    clock,
    log,
    counters,
    onStored(header, envelope, receivedNs, position) {
      stored = position
      try {
        rigs.stored(header, envelope, groupOfTopic.get(header.rig) ?? config.groups[0]!)
        live.stored(header, envelope, receivedNs)
      } catch (error) {
        log.debug({ err: error, rig: header.rig, seq: header.seq }, 'an envelope cannot be shown live')
      }
    },
  })

  let giveWay: (error: Error) => void = () => {}
  const takenOver = new Promise<never>((_, reject) => {
    giveWay = reject
  })
  takenOver.catch(() => {})
  const throttle = createThrottle()
  const ingestStatus = (online: boolean) =>
    encodeIngestStatus({ online, sinceNs, version, protocols: [protocolVersion], groups: config.groups })
  const statusTopic = ingestStatusTopic(config.name)

  const onMessage = (topic: string, payload: Uint8Array) => {
    const parsed = parseTopic(topic)
    if (parsed?.type === 'up') {
      groupOfTopic.set(parsed.rig, parsed.group)
      receive(parsed.rig, topic, payload)
    } else if (parsed?.type === 'clock') {
      const t2Ns = clock.nowNs()
      const t1Ns = decodeClockProbe(payload)
      const reply = encodeDown({ type: 'clock_reply', clockReply: { t1Ns, t2Ns, t3Ns: clock.nowNs() } })
      connection.publish(rigTopic(parsed.group, parsed.rig, 'down'), reply, { qos: 0 })
    } else if (parsed?.type === 'status') {
      // Empty: the broker forgot a rig that was removed.
      if (payload.length === 0) return
      const status = decodeStatus(payload)
      rigs.status(parsed.rig, parsed.group, status)
      for (const { spool } of status.spools) receipts.due(parsed.rig, spool)
    } else if (parsed?.type === 'ingest_status' && payload.length > 0) {
      const other = decodeIngestStatus(payload)
      const shared = other.groups.filter((group) => config.groups.includes(group))
      if (!other.online || other.sinceNs <= sinceNs || shared.length === 0) return
      giveWay(new Error(`another ingest ("${parsed.name}", started later) has taken over group ${shared.join(', ')}`))
    }
  }

  const connection = startConnection({
    url: config.broker.url,
    // One client id a set of groups: the broker itself lets a second ingest take over.
    clientId: `${config.name}-${config.groups.join('+')}`,
    username: config.name,
    secret: readSecret(config.broker, '.'),
    ...(config.broker.ca ? { ca: resolve(config.broker.ca) } : {}),
    keepaliveS: config.broker.keepaliveS,
    will: { topic: statusTopic, payload: ingestStatus(false) },
    subscribe: [...config.groups.flatMap(groupFilters), ingestStatusTopic('+')],
    log,
    onConnect: () => connection.publish(statusTopic, ingestStatus(true), { qos: 1, retain: true }),
    onDisconnect() {},
    onMessage(topic, payload) {
      try {
        onMessage(topic, payload)
      } catch (error) {
        throttle(topic, (heldBack) =>
          log.warn({ err: error, topic, bytes: payload.length, heldBack }, 'a message cannot be read'),
        )
      }
    },
  })

  // Sinks, each with its own cursor.
  const onSchemaMissing = (rig: string, schema: string) => {
    const group = rigs.groupOf(rig)
    if (group === undefined) return
    counters.schemaRequests++
    const request = encodeDown({ type: 'schema_request', schema: fromHex(schema) })
    connection.publish(rigTopic(group, rig, 'down'), request, { qos: 1 })
  }
  const sinkData = {
    journalFolder: journalFolder(folder),
    catalogFile: join(folder, 'catalog.sqlite'),
    quarantineFolder,
    quarantineBytesMax: config.quarantineBytesMax,
    parkBytesMax: config.parkBytesMax,
  }
  const events = { log, onSchemaMissing }
  sinks.push(startLakeSink({ ...sinkData, lakeFolder: join(folder, 'lake'), config: config.lake }, events))
  if (config.influx) sinks.push(startInfluxSink({ ...sinkData, config: config.influx }, events))
  for (const sink of sinks) sink.synced(journal.log.synced)

  const checkpoint = () => {
    try {
      journal.checkpoint(stored)
      const cursors = sinks.map((sink) => sink.status().cursor)
      if (cursors.some((cursor) => cursor === undefined)) return
      const lowest = (cursors as Position[]).reduce(
        (low, cursor) => (comparePositions(cursor, low) < 0 ? cursor : low),
        stored,
      )
      journal
        .dropBefore(lowest)
        .catch((error) => log.error({ err: error }, 'a segment of the journal cannot be deleted'))
    } catch (error) {
      throttle('checkpoint', () => log.error({ err: error }, 'the catalog cannot be written; trying again'))
    }
  }
  const timer = setInterval(checkpoint, checkpointEveryMs)

  const state: IngestState = {
    name: config.name,
    version,
    groups: config.groups,
    sinceMs: Date.now(),
    get online() {
      return connection.online
    },
    rigs: () => rigs.states(journal.sequence),
    sinks: () => sinks.map((sink) => describeSink(sink, journal.log.segments())),
    counters: () => ({ ...counters, journalBytes: journal.log.bytes }),
  }
  const http = await startHttp(config.http, {
    state,
    live,
    log,
    ...(access ? { verifyToken: access.verifyToken } : {}),
  })
  log.info({ http: http.port, groups: config.groups, data: folder }, 'ingest started')

  let closing: Promise<void> | undefined
  const close = async () => {
    clearInterval(timer)
    receipts.flush()
    await connection.publishLast(statusTopic, ingestStatus(false))
    await connection.close()
    receipts.close()
    await http.close()
    await journal.close()
    await Promise.all(sinks.map((sink) => sink.close()))
    rigs.close()
    catalog.close()
    await unlock()
  }
  return {
    state,
    httpPort: http.port,
    async flush() {
      await journal.log.roll()
      await Promise.all(sinks.map((sink) => sink.flush(journal.log.synced)))
    },
    takenOver,
    close() {
      closing ??= close()
      return closing
    },
  }
}

function describeSink(sink: SinkHandle, segments: SegmentInfo[]): SinkState {
  const { state, waitingFor, cursor, counters } = sink.status()
  const behindBytes = segments.reduce((sum, { name, bytes }) => {
    if (cursor && name < cursor.segment) return sum
    return sum + bytes - (name === cursor?.segment ? cursor.offset : 0)
  }, 0)
  return { name: sink.name, state, behindBytes, counters, ...(waitingFor === undefined ? {} : { waitingFor }) }
}
