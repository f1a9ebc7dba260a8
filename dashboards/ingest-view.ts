import type { AlertAnswer, IngestAnswer, SinkAnswer } from '../ingest/http/answers.ts'
import { createState, type Fact, make, setText, type Tone, type View } from './dom.ts'
import { formatBytes, formatCount, formatCounts, formatDuration } from './format.ts'

// Ingest itself: what it took, what it set aside, and where its sinks stand.

export interface SinkItem {
  sink: SinkAnswer
  lost: boolean
}

export function ingestFacts({ counters, sinceMs, nowMs }: IngestAnswer): Fact[] {
  const quarantined = formatCounts(counters.quarantined)
  const facts: Fact[] = [
    { name: 'Running for', text: formatDuration(nowMs - sinceMs) },
    { name: 'Envelopes', text: `${formatCount(counters.envelopes)}, ${formatBytes(counters.bytes)}` },
    { name: 'Sent twice', text: formatCount(counters.duplicates) },
    { name: 'Journal', text: formatBytes(counters.journalBytes) },
    { name: 'Quarantined', text: quarantined === '' ? 'none' : quarantined },
  ]
  if (counters.journalFull > 0) facts.push({ name: 'Refused by the journal', text: formatCount(counters.journalFull) })
  return facts
}

const sinkTones: Record<SinkAnswer['state'], Tone> = {
  running: 'ok',
  starting: 'off',
  waiting: 'warn',
  down: 'bad',
  closed: 'bad',
}

export function createSinkView(): View<SinkItem> {
  const name = make('th')
  name.scope = 'row'
  const state = createState()
  const why = make('span')
  const behind = make('td', 'number')
  const counted = make('td', 'quiet wide')
  return {
    root: make('tr', '', name, make('td', '', state.root, ' ', why), behind, counted),
    update({ sink, lost }) {
      setText(name, sink.name)
      if (lost) state.set('off', 'unknown')
      else state.set(sinkTones[sink.state], sink.state)
      setText(why, sink.waitingFor)
      setText(
        behind,
        formatBytes(sink.behindBytes) + (sink.owedBytes ? ` + ${formatBytes(sink.owedBytes)} of the lake` : ''),
      )
      setText(counted, formatCounts(sink.counters))
    },
  }
}

/** What needs somebody, in words; above everything else. */
export function notices(
  ingest: IngestAnswer,
  sinks: SinkAnswer[],
  alerts: AlertAnswer[],
): { tone: Tone; text: string }[] {
  const list: { tone: Tone; text: string }[] = []
  if (!ingest.online) list.push({ tone: 'bad', text: 'Ingest is not connected to the broker: no rig reaches it.' })
  for (const { name, state, waitingFor } of sinks) {
    const why = waitingFor ? `: ${waitingFor}` : ''
    if (state === 'waiting') list.push({ tone: 'warn', text: `Sink ${name} is waiting${why}` })
    if (state === 'down' || state === 'closed') list.push({ tone: 'bad', text: `Sink ${name} is not running${why}` })
  }
  for (const { rule, text } of alerts) if (!shownElsewhere.has(rule)) list.push({ tone: 'warn', text })
  return list
}

/** Each rig says by itself how it stands, and the lines above say it of the broker and of waiting sinks. */
const shownElsewhere = new Set<AlertAnswer['rule']>(['rig_stale', 'rig_offline', 'broker'])
