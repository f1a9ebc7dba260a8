import { Counter, Gauge, Registry } from 'prom-client'
import { rules } from '../alerts/types.ts'
import type { AlertsNow } from '../alerts.ts'
import type { HistoryStatus } from '../history/types.ts'
import { lookAtRig, type RigStanding } from '../live/standing.ts'
import type { Live, LiveRig } from '../live.ts'
import type { LakeStatus } from '../retention.ts'
import type { FollowCounters } from '../runs/follow.ts'
import type { IngestState, RigState } from '../state.ts'
import type { HealthAnswer } from './answers.ts'
import type { WatcherCounters } from './live-socket.ts'

// Metrics for Prometheus, read from the state when they are asked for. Labels are names of rigs, streams and sinks, reasons
// and counters: all of them bounded, the first two by these limits.

const rigsMax = 2000
const streamsMax = 10_000

export interface MetricsOptions {
  state: IngestState
  live: Live
  alerts(): AlertsNow
  lake?: (() => Promise<LakeStatus>) | undefined
  history?: (() => HistoryStatus) | undefined
  /** What became of events of runs. */
  runs?: (() => FollowCounters) | undefined
  health(): HealthAnswer
  watchers: WatcherCounters
  refused(): number
  nowNs(): bigint
}

interface Looked {
  rigs: RigState[]
  live: LiveRig[]
  lake: LakeStatus | undefined
}

const nothing: Looked = { rigs: [], live: [], lake: undefined }

/** A registry of its own, so that several ingests in one process do not mix. */
export function createMetrics(options: MetricsOptions): { contentType: string; text(): Promise<string> } {
  const registry = new Registry()
  let looked: Looked = nothing
  const set: Define = (name, help, labels, collect) => {
    const metric = name.endsWith('_total')
      ? new Counter({ name: `rigline_${name}`, help, labelNames: labels, registers: [registry] })
      : new Gauge({ name: `rigline_${name}`, help, labelNames: labels, registers: [registry] })
    // What is told are sums that are kept elsewhere: each answer begins anew.
    collects.push(() => {
      metric.reset()
      collect((value, ...values) => {
        metric.inc(Object.fromEntries(labels.map((label, i) => [label, values[i] ?? ''])), value)
      })
    })
  }
  const collects: (() => void)[] = []
  defineIngest(set, options)
  defineSinks(set, options)
  defineAlerts(set, options)
  defineAnswers(set, options)
  defineLake(set, () => looked.lake)
  defineRigs(set, () => looked)
  defineRigStates(set, () => looked, options)
  defineStreams(set, () => looked, options.nowNs)
  return {
    contentType: registry.contentType,
    async text() {
      const lake = await options.lake?.()
      looked = { rigs: options.state.rigs().slice(0, rigsMax), live: options.live.rigs(), lake }
      for (const collect of collects) collect()
      looked = nothing
      return registry.metrics()
    },
  }
}

type Emit = (value: number, ...labels: string[]) => void
/** One metric: a counter if its name ends in _total, else a gauge. */
type Define = (name: string, help: string, labels: string[], collect: (emit: Emit) => void) => void

function defineIngest(set: Define, { state, live, health, watchers, refused }: MetricsOptions): void {
  const counters = () => state.counters()
  set('info', 'Version and name of this ingest.', ['name', 'version'], (emit) => emit(1, state.name, state.version))
  set('healthy', '1 if /health has no reasons.', [], (emit) => emit(health().status === 'ok' ? 1 : 0))
  set('broker_connected', '1 while connected to the broker.', [], (emit) => emit(state.online ? 1 : 0))
  set('start_time_seconds', 'When this ingest started.', [], (emit) => emit(state.sinceMs / 1000))
  set('envelopes_total', 'Envelopes received.', [], (emit) => emit(counters().envelopes))
  set('envelope_bytes_total', 'Bytes of envelopes received.', [], (emit) => emit(counters().bytes))
  set('duplicates_total', 'Envelopes that were there already.', [], (emit) => emit(counters().duplicates))
  set('journal_refused_total', 'Envelopes that the journal could not take.', [], (emit) => emit(counters().journalFull))
  set('out_of_bounds_total', 'Envelopes beyond the bound of number ranges; sent again later.', [], (emit) =>
    emit(counters().outOfBounds),
  )
  set('quarantined_total', 'Put into quarantine on receipt.', ['reason'], (emit) => {
    for (const [reason, count] of Object.entries(counters().quarantined)) emit(count, reason)
  })
  set('receipts_total', 'Receipts sent.', [], (emit) => emit(counters().receipts))
  set('schema_requests_total', 'Schemas asked for.', [], (emit) => emit(counters().schemaRequests))
  set('journal_syncs_total', 'fdatasyncs of the journal.', [], (emit) => emit(counters().journalSyncs))
  set('journal_bytes', 'Bytes of the journal on disk.', [], (emit) => emit(counters().journalBytes))
  set('live_kept_bytes', 'Bytes of recent batches in memory.', [], (emit) => emit(live.keptBytes))
  set('live_watchers', 'WebSocket clients.', [], (emit) => emit(watchers.watchers))
  set('live_skipped_total', 'Batches left out for clients that were too slow.', [], (emit) => emit(watchers.skipped))
  set('http_refused_total', 'Requests without the right to ask.', [], (emit) => emit(refused()))
  set('memory_bytes', 'Memory of this process.', ['kind'], (emit) => {
    const { rss, heapUsed, external } = process.memoryUsage()
    emit(rss, 'resident')
    emit(heapUsed, 'heap')
    emit(external, 'external')
  })
  set('cpu_seconds_total', 'Processor time of this process.', [], (emit) => {
    const { user, system } = process.cpuUsage()
    emit((user + system) / 1_000_000)
  })
}

function defineSinks(set: Define, { state }: MetricsOptions): void {
  const states = ['starting', 'running', 'waiting', 'down', 'closed']
  set('sink_state', '1 for the state that the sink is in.', ['sink', 'state'], (emit) => {
    for (const sink of state.sinks()) for (const each of states) emit(sink.state === each ? 1 : 0, sink.name, each)
  })
  set('sink_behind_bytes', 'Bytes of the journal that the sink has not taken yet.', ['sink'], (emit) => {
    for (const sink of state.sinks()) emit(sink.behindBytes, sink.name)
  })
  set('sink_owed_bytes', 'Bytes of files of the lake that the sink is refilled from.', ['sink'], (emit) => {
    for (const sink of state.sinks()) if (sink.owedBytes !== undefined) emit(sink.owedBytes, sink.name)
  })
  set('sink_owed_rows', 'Rows in these files.', ['sink'], (emit) => {
    for (const sink of state.sinks()) if (sink.owedRows !== undefined) emit(sink.owedRows, sink.name)
  })
  set('sink_count', "The sink's own counters.", ['sink', 'counter'], (emit) => {
    for (const sink of state.sinks()) {
      for (const [counter, count] of Object.entries(sink.counters)) emit(count, sink.name, counter)
    }
  })
}

function defineAlerts(set: Define, { alerts }: MetricsOptions): void {
  set('alerts_raised', 'Alerts that are raised.', ['rule'], (emit) => {
    const { raised } = alerts()
    for (const rule of rules) emit(raised.filter((alert) => alert.rule === rule).length, rule)
  })
  const webhook = (name: string, help: string, key: 'waiting' | 'delivered' | 'failures' | 'dropped') =>
    set(`alert_webhook_${name}`, help, [], (emit) => emit(alerts().webhook?.[key] ?? 0))
  webhook('waiting', 'Alerts that the webhook has not taken yet.', 'waiting')
  webhook('delivered_total', 'Alerts that the webhook has taken.', 'delivered')
  webhook('failures_total', 'Times that the webhook did not take an alert; it is sent again.', 'failures')
  webhook('dropped_total', 'Alerts that the webhook never got.', 'dropped')
}

function defineAnswers(set: Define, { history, runs }: MetricsOptions): void {
  set('history_up', '1 while the process that answers about stored readings runs.', [], (emit) => {
    if (history) emit(history().state === 'running' ? 1 : 0)
  })
  set('history_count', 'Counters of the process that answers about stored readings.', ['counter'], (emit) => {
    for (const [counter, count] of Object.entries(history?.().counters ?? {})) emit(count, counter)
  })
  set('run_events_total', 'Events of runs, markers and rig histories.', ['outcome'], (emit) => {
    for (const [outcome, count] of Object.entries(runs?.() ?? {})) emit(count, outcome)
  })
}

function defineLake(set: Define, lake: () => LakeStatus | undefined): void {
  const each = (name: string, help: string, read: (status: LakeStatus) => number | undefined) =>
    set(name, help, [], (emit) => {
      const status = lake()
      const value = status && read(status)
      if (value !== undefined) emit(value)
    })
  each('lake_files', 'Files of the lake.', ({ files }) => files)
  each('lake_bytes', 'Bytes of the lake.', ({ bytes }) => bytes)
  each('lake_free_bytes', 'Bytes free on the disk that the lake is on.', ({ freeBytes }) => freeBytes)
  each('lake_removed_files_total', 'Files that retention has removed, since ever.', ({ removed }) => removed.files)
  each('lake_removed_bytes_total', 'Bytes that retention has removed, since ever.', ({ removed }) => removed.bytes)
}

const standings: readonly RigStanding[] = ['live', 'late', 'stale', 'offline', 'never_seen']

function defineRigStates(set: Define, looked: () => Looked, { state: ingest, nowNs }: MetricsOptions): void {
  set('rig_state', '1 for the state that the rig is in, from what is stored.', ['rig', 'state'], (emit) => {
    const { rigs, live } = looked()
    const streams = new Map(live.map((rig) => [rig.rig, rig.streams]))
    for (const rig of rigs) {
      const { state } = lookAtRig(rig, [...(streams.get(rig.rig) ?? []), ...ingest.remembered(rig.rig)], nowNs())
      for (const each of standings) emit(state === each ? 1 : 0, rig.rig, each)
    }
  })
}

function defineRigs(set: Define, looked: () => Looked): void {
  const each = (name: string, help: string, read: (rig: RigState) => number | undefined) =>
    set(name, help, ['rig'], (emit) => {
      for (const rig of looked().rigs) {
        const value = read(rig)
        if (value !== undefined) emit(value, rig.rig)
      }
    })
  each('rig_online', '1 while an agent of the rig is connected.', (rig) => (rig.online ? 1 : 0))
  each('rig_envelopes_total', 'Envelopes of the rig stored since the start.', (rig) => rig.envelopes)
  each('rig_bytes_total', 'Bytes of envelopes of the rig stored since the start.', (rig) => rig.bytes)
  each('rig_missing', 'Numbers missing below the highest: on their way, or holes.', (rig) => rig.missing)
  each('rig_last_envelope_seconds', 'When the last envelope came.', (rig) =>
    rig.lastEnvelopeMs ? rig.lastEnvelopeMs / 1000 : undefined,
  )
  each('rig_spool_envelopes', 'Envelopes in the spool of the agent.', (rig) => rig.health?.spoolEnvelopes)
  each('rig_spool_bytes', 'Bytes in the spool of the agent.', (rig) => rig.health?.spoolBytes)
  each('rig_clock_offset_seconds', "Ingest's clock less the rig's.", (rig) =>
    rig.clockOffsetNs === undefined ? undefined : Number(rig.clockOffsetNs) / 1e9,
  )
  set('rig_gaps_total', 'Gaps declared since the start.', ['rig'], (emit) => {
    for (const rig of looked().live.slice(0, rigsMax)) emit(rig.gaps, rig.rig)
  })
  set('rig_not_shown_total', 'Batches stored that could not be shown live.', ['rig'], (emit) => {
    for (const rig of looked().live.slice(0, rigsMax)) emit(rig.notShown, rig.rig)
  })
}

function defineStreams(set: Define, looked: () => Looked, nowNs: () => bigint): void {
  const each = (name: string, help: string, read: (stream: LiveRig['streams'][number]) => number) =>
    set(name, help, ['rig', 'stream'], (emit) => {
      let told = 0
      for (const { rig, streams } of looked().live) {
        for (const stream of streams) if (told++ < streamsMax) emit(read(stream), rig, stream.stream)
      }
    })
  each('stream_rows_per_second', 'Rows received, over the last seconds.', (stream) => stream.rowsPerS)
  each('stream_received_age_seconds', 'Since the newest batch came.', (stream) =>
    Math.max(0, Number(nowNs() - stream.receivedNs) / 1e9),
  )
}
