import { mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Access } from '../common/access.ts'
import { createClock } from '../common/clock.ts'
import { lockFolder } from '../common/data-lock.ts'
import { createThrottle, type Logger } from '../common/log.ts'
import { type MqttConfig, readSecret } from '../common/mqtt-config.ts'
import { type Connection, startConnection } from '../common/mqtt-connection.ts'
import { version } from '../common/program.ts'
import type { Position } from '../common/segment-log-types.ts'
import { fromHex } from '../protos/hex.ts'
import { encodeDown } from '../protos/messages.ts'
import { groupFilters, ingestStatusTopic, rigTopic } from '../protos/topics.ts'
import type { Down } from '../protos/types.ts'
import type { Alerts } from './alerts.ts'
import { startApi } from './api.ts'
import { openCatalog } from './catalog/catalog.ts'
import type { IngestConfig } from './config.ts'
import { type History, startHistory } from './history/start-history.ts'
import { journalFolder, openJournal } from './journal.ts'
import { oweWhatIsGone } from './journal-trim.ts'
import { createLastRows } from './last-rows.ts'
import { createLive } from './live.ts'
import { type Account, createAccount } from './lost/account.ts'
import { createBegunAnew } from './lost/begun-anew.ts'
import { newestSegmentOf, takeFromLake, unknownLedger } from './lost/lake-ahead.ts'
import { createMessages } from './messages.ts'
import { missingOf } from './missing.ts'
import { createOwn } from './own.ts'
import { openQuarantine, quarantineFolder } from './quarantine.ts'
import { ensureCatalog } from './rebuild/ensure-catalog.ts'
import { createReceipts } from './receipts.ts'
import { createReceive, type ReceiveOptions } from './receive.ts'
import { type Refill, startRefill } from './refill/start-refill.ts'
import { createRigs } from './rigs.ts'
import { createRuns } from './runs.ts'
import { describeSink } from './sinks/describe-sink.ts'
import { createKnownSchemas } from './sinks/known-schemas.ts'
import { lakeFolder } from './sinks/lake/lake-config.ts'
import { type SinkHandle, startInfluxSink, startLakeSink } from './sinks/start-sink.ts'
import { createCounters, type IngestState } from './state.ts'
import { createTakeover } from './takeover.ts'
import { startTidying } from './tidy.ts'

// Ingest's wiring, in the order of a reading's way: receive -> frame -> journal (fsync) -> receipt; sinks and live behind it.

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
  await ensureCatalog(folder, log)
  // What is open, to be closed in the reverse order if the start fails.
  const opened: (() => Promise<void> | void)[] = [await lockFolder(folder)]
  try {
    return await wire(config, folder, log, access, opened)
  } catch (error) {
    for (const close of opened.reverse()) await close()
    throw error
  }
}

async function wire(
  config: Omit<IngestConfig, 'broker'> & { broker: MqttConfig },
  folder: string,
  log: Logger,
  access: Access | undefined,
  opened: (() => Promise<void> | void)[],
): Promise<Ingest> {
  const secret = readSecret(config.broker, '.')
  const clock = createClock()
  const counters = createCounters()

  // The journal, and what follows it.
  const catalogFile = join(folder, 'catalog.sqlite')
  const catalog = openCatalog(catalogFile)
  opened.push(() => catalog.close())
  const quarantine = openQuarantine(quarantineFolder(folder), config.quarantineBytesMax, log)
  const rigs = createRigs(catalog, () => access?.rigsOf(config.groups) ?? [])
  const live = createLive({ schemaOf: (hash) => catalog.schema(hash)?.schema, nowNs: clock.nowNs, log })
  const lastRows = createLastRows(catalog, live)
  opened.push(() => {
    rigs.save()
    lastRows.save(true)
  })
  const runs = createRuns({
    catalog,
    nowNs: clock.nowNs,
    rigs: () => rigs.states().map(({ rig }) => rig),
    agentVersionOf: (rig) => rigs.states().find((each) => each.rig === rig)?.agentVersion,
    log,
  })
  const sinks: SinkHandle[] = []
  opened.push(async () => void (await Promise.all(sinks.map((sink) => sink.close()))))
  let refill: Refill | undefined
  opened.push(async () => await refill?.close())
  let history: History | undefined
  const clockOffsetNs = (rig: string) => rigs.states().find((each) => each.rig === rig)?.clockOffsetNs
  const begunAnew = createBegunAnew({
    catalog,
    sequence: () => journal.sequence,
    own: () => own,
    lastRows: lastRows.of,
    // Asked of each batch of a new spool: not of the catalog each time.
    schemaOf: createKnownSchemas(catalog).get,
    clockOffsetNs,
    nowNs: clock.nowNs,
    log,
  })
  const ahead = unknownLedger(catalog, lakeFolder(folder))
  const journal = await openJournal({
    folder,
    bytesMax: config.journal.bytesMax,
    // Whole segments go: of a small journal small ones.
    segmentBytesMax: Math.min(config.journal.segmentBytesMax, Math.floor(config.journal.bytesMax / 8)),
    segmentAgeMaxMs: config.journal.segmentAgeMaxS * 1000,
    catalog,
    log,
    namesAfter: newestSegmentOf(ahead),
    onSynced: (position) => {
      counters.journalSyncs++
      for (const sink of sinks) sink.synced(position)
      history?.synced(position)
    },
    onReadAgain(header, envelope, receivedNs, position) {
      begunAnew.stored(header, envelope, receivedNs)
      runs.follower.stored(header, envelope, receivedNs, position)
      rigs.stored(header, envelope, receivedNs, true)
      live.stored(header, envelope, receivedNs)
    },
    onCheckpoint: runs.follower.owed,
  })
  opened.push(journal.close)
  opened.push(runs.close)
  let stored: Position = journal.log.synced
  history = startHistory({
    journalFolder: journalFolder(folder),
    catalogFile,
    lakeFolder: lakeFolder(folder),
    log,
    config: config.history,
  })
  opened.push(history.close)
  history.synced(journal.log.synced)

  let connection: Connection | undefined
  const state: IngestState = {
    name: config.name,
    version,
    groups: config.groups,
    sinceMs: Date.now(),
    get online() {
      return connection?.online ?? false
    },
    rigs: () => rigs.states(journal.sequence, account.beyond()),
    remembered: lastRows.remembered,
    missingNumbers: (rig) => missingOf(journal.sequence, rig, account.awaited()),
    sinks: () => sinks.map((sink) => describeSink(sink, journal.log.segments(), refill)),
    counters: () => ({ ...counters, journalBytes: journal.log.bytes }),
  }
  // From MQTT into the journal, and receipts back.
  const sendDown = (rig: string, down: Down) => {
    if (takeover.by !== undefined) return
    const topic = rigTopic(rigs.groupOf(rig) ?? config.groups[0]!, rig, 'down')
    connection?.publish(topic, encodeDown(down), { qos: 1 })
  }
  const receipts = createReceipts(journal.sequence.receipt, (rig, receipt) => {
    counters.receipts++
    sendDown(rig, { type: 'receipt', receipt })
  })
  let alerts: Alerts | undefined
  const onStored: ReceiveOptions['onStored'] = (header, envelope, receivedNs, position) => {
    stored = position
    begunAnew.stored(header, envelope, receivedNs)
    runs.follower.stored(header, envelope, receivedNs, position)
    try {
      rigs.stored(header, envelope, receivedNs)
      live.stored(header, envelope, receivedNs)
      if (header.bodyType === 'gap') alerts?.gap(header, envelope)
    } catch (error) {
      log.debug({ err: error, rig: header.rig, seq: header.seq }, 'an envelope cannot be shown live')
    }
  }
  const receive = createReceive({ journal, receipts, quarantine, catalog, clock, log, counters, onStored })
  const own = createOwn({ journal, clock, log, onStored })
  const account: Account = createAccount({
    catalog,
    journal,
    quarantine,
    receipts,
    own,
    sinks: () => sinks,
    begunAnew,
    lists: rigs.lists,
    holdingOf: rigs.holdingOf,
    clockOffsetNs,
    nowNs: clock.nowNs,
    segmentAgeMaxMs: config.journal.segmentAgeMaxS * 1000,
    log,
  })
  opened.push(account.close)
  runs.start({ own, folder: journalFolder(folder), log: journal.log })
  const api = await startApi({
    config,
    folder,
    access,
    state,
    catalog,
    quarantine,
    rigs,
    live,
    runs,
    own,
    receive,
    history,
    sinks,
    nowNs: clock.nowNs,
    log,
    opened,
  })
  alerts = api.alerts
  const statusTopic = ingestStatusTopic(config.name)
  let giveWay: (error: Error) => void = () => {}
  const takenOver = new Promise<never>((_, reject) => {
    giveWay = reject
  })
  takenOver.catch(() => {})
  const takeover = createTakeover({
    name: config.name,
    groups: config.groups,
    version,
    nowNs: clock.nowNs(),
    publish: (status) => started.publish(statusTopic, status, { qos: 1, retain: true }),
    onTakenOver(name, groups) {
      // The other one's receipts count from here on.
      void disconnect()
      giveWay(new Error(`another ingest ("${name}", started later) has taken over group ${groups.join(', ')}`))
    },
  })
  opened.push(takeover.close)
  const onMessage = createMessages({
    clock,
    rigs,
    receipts,
    connection: () => started,
    receive,
    onListed: account.listed,
    onIngest: takeover.heard,
  })
  const throttle = createThrottle()
  // Sinks, each with its own cursor.
  const sinkData = {
    journalFolder: journalFolder(folder),
    catalogFile,
    quarantineFolder: quarantineFolder(folder),
    quarantineBytesMax: config.quarantineBytesMax,
    parkBytesMax: config.parkBytesMax,
  }
  const events = {
    log,
    onSchemaMissing(rig: string, schema: string) {
      counters.schemaRequests++
      sendDown(rig, { type: 'schema_request', schema: fromHex(schema) })
    },
    onDamage: account.damaged,
  }
  sinks.push(startLakeSink({ ...sinkData, lakeFolder: lakeFolder(folder), config: config.lake }, events))
  await takeFromLake({ catalog, sequence: journal.sequence, lake: sinks[0]!, log }, ahead)

  const started = startConnection({
    url: config.broker.url,
    clientId: `${config.name}-${takeover.instance}`,
    username: config.name,
    secret,
    ...(config.broker.ca ? { ca: resolve(config.broker.ca) } : {}),
    keepaliveS: config.broker.keepaliveS,
    will: {
      topic: statusTopic,
      get payload() {
        return takeover.status(false)
      },
    },
    subscribe: [...config.groups.flatMap(groupFilters), ingestStatusTopic('+')],
    // It is one, and all the rigs wait for it.
    waitMostMs: 1_000,
    log,
    onConnect: takeover.connected,
    onDisconnect: takeover.disconnected,
    onMessage(topic, payload) {
      if (takeover.by !== undefined) return
      try {
        onMessage(topic, payload)
      } catch (error) {
        throttle(topic, (heldBack) =>
          log.warn({ err: error, topic, bytes: payload.length, heldBack }, 'a message cannot be read'),
        )
      }
    },
  })
  connection = started
  if (config.influx) {
    oweWhatIsGone(catalog, journal.log)
    const influx = startInfluxSink({ ...sinkData, config: config.influx }, events)
    sinks.push(influx)
    refill = startRefill({
      data: { ...sinkData, lakeFolder: lakeFolder(folder), config: config.influx },
      catalog,
      live: () => describeSink(influx, journal.log.segments()),
      journalBytesMax: config.journal.bytesMax,
      log,
    })
  }
  for (const sink of sinks) sink.synced(journal.log.synced)

  const stopTidying = startTidying({
    ...{ journal, catalog, rigs, lastRows, account, clock, log },
    journalBytesMax: config.journal.bytesMax,
    sinks: () => sinks,
    stored: () => stored,
  })
  log.info({ http: api.http.port, groups: config.groups, data: folder }, 'ingest started')

  let disconnecting: Promise<void> | undefined
  const disconnect = () => {
    disconnecting ??= (async () => {
      // On a shared topic it would erase what the one that took over has said.
      if (takeover.by !== config.name) await started.publishLast(statusTopic, takeover.status(false))
      await started.close()
    })()
    return disconnecting
  }
  let closing: Promise<void> | undefined
  const close = async () => {
    stopTidying()
    takeover.close()
    receipts.flush()
    await disconnect()
    receipts.close()
    for (const closeOne of opened.reverse()) await closeOne()
  }
  return {
    state,
    httpPort: api.http.port,
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
