import type { ChannelAnswer, RigAnswer, StreamAnswer } from '../ingest/http/answers.ts'
import {
  createFacts,
  createList,
  createState,
  type Fact,
  make,
  setText,
  setTitle,
  type Tone,
  type View,
} from './dom.ts'
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatGap,
  formatRate,
  formatTime,
  formatUnit,
  formatValue,
} from './format.ts'

// One rig: how it stands, its streams, and their newest values.

/** `lost`: the server is gone, so how things stand now is not known. */
export interface RigItem {
  rig: RigAnswer
  lost: boolean
  /** By ingest's clock. */
  nowMs: number
}

export function createRigView(): View<RigItem> {
  const name = make('h2')
  const state = createState()
  const why = make('span', 'quiet')
  const header = make('header', '', name, state.root, why)
  const facts = make('dl', 'facts')
  const caption = make('caption')
  const table = make('table', 'streams', caption, streamHead())
  const setFacts = createFacts(facts)
  const setStreams = createList<StreamItem>(table, (item) => item.stream.stream, createStreamView)
  const root = make('section', 'rig', header, facts, table)
  return {
    root,
    update({ rig, lost, nowMs }) {
      setText(name, rig.rig)
      // A landmark of its own for those who listen.
      root.setAttribute('aria-label', rig.rig)
      const [tone, word] = lost ? (['off', 'unknown'] as const) : rigStateText(rig, nowMs)
      state.set(tone, word)
      setText(why, lost ? '' : rig.why)
      setFacts(rigFacts(rig))
      setText(caption, rig.streams.length > 0 ? '' : 'No row of this rig was ever stored.')
      table.hidden = rig.state === 'never_seen'
      setStreams(rig.streams.map((stream) => ({ stream, lost })))
    },
  }
}

function rigStateText({ state, sinceMs }: RigAnswer, nowMs: number): [Tone, string] {
  const since = sinceMs === null ? '' : ` ${formatDuration(nowMs - sinceMs)}`
  switch (state) {
    case 'live':
      return ['ok', 'live']
    case 'late':
      return ['warn', 'late']
    case 'stale':
      return ['bad', `stale${since}`]
    case 'offline':
      return ['bad', `offline${since}`]
    case 'never_seen':
      return ['off', 'never seen']
  }
}

function rigFacts(rig: RigAnswer): Fact[] {
  if (rig.state === 'never_seen') return [agentFact(rig)]
  const ages = rig.streams.flatMap((stream) => stream.ageMs ?? [])
  const facts: Fact[] = [{ name: 'Last row', text: ages.length > 0 ? formatAge(Math.min(...ages)) : 'none' }]
  facts.push({
    name: 'Spool',
    text:
      rig.spoolEnvelopes === null
        ? 'not told'
        : `${formatCount(rig.spoolEnvelopes)} waiting, ${formatBytes(rig.spoolBytes ?? 0)}`,
    title: 'Envelopes on the disk of the rig that are not in the journal yet',
  })
  facts.push({
    name: 'Clock',
    text: rig.clockOffsetMs === null ? 'not told' : formatOffset(rig.clockOffsetMs),
    title: "The rig's clock, seen from ingest's",
  })
  if (rig.missing > 0)
    facts.push({ name: 'Missing', text: `${formatCount(rig.missing)} envelopes, on their way or lost` })
  if (rig.gaps > 0) facts.push({ name: 'Gaps', text: gapText(rig) })
  if (rig.notShown > 0) facts.push({ name: 'Stored, not shown', text: `${formatCount(rig.notShown)} batches` })
  for (const source of rig.sources) {
    const troubles = [source.state === 'running' ? '' : source.state, source.detail]
    if (source.badLines > 0) troubles.push(`${formatCount(source.badLines)} bad lines`)
    const text = troubles.filter((trouble) => trouble !== '').join(', ')
    if (text !== '') facts.push({ name: `Source ${source.name}`, text })
  }
  facts.push(agentFact(rig))
  return facts
}

const agentFact = ({ online, agentVersion, twoAgentsSinceMs }: RigAnswer): Fact => ({
  name: 'Agent',
  text: [online ? 'connected' : 'not connected', agentVersion, twoAgentsSinceMs === null ? '' : 'TWO AT ONCE']
    .filter((part) => part !== '')
    .join(', '),
  title: 'What the broker says of its connection; the state of the rig is from what is stored',
})

const gapText = ({ gaps, lastGap }: RigAnswer): string =>
  lastGap ? `${formatCount(gaps)}, the last: ${formatGap(lastGap)}` : formatCount(gaps)

const formatAge = (ageMs: number): string =>
  ageMs < -50 ? `${formatDuration(ageMs)} ahead` : `${formatDuration(Math.max(0, ageMs))} ago`

/** Ingest's clock less the rig's: positive means that the rig's is behind. */
function formatOffset(offsetMs: number): string {
  const size = Math.abs(offsetMs)
  const text = size < 1000 ? `${size < 10 ? size.toFixed(1) : Math.round(size)} ms` : formatDuration(size)
  return `${text} ${offsetMs < 0 ? 'ahead' : 'behind'}`
}

function streamHead(): HTMLElement {
  const head = (text: string, className = '') => {
    const cell = make('th', className, text)
    cell.scope = 'col'
    return cell
  }
  return make(
    'thead',
    '',
    make(
      'tr',
      '',
      head('Stream'),
      head('State'),
      head('Rows/s', 'number'),
      head('Newest row', 'number'),
      head('Readings/s', 'number wide'),
    ),
  )
}

interface StreamItem {
  stream: StreamAnswer
  lost: boolean
}

function createStreamView(): View<StreamItem> {
  const name = make('th')
  name.scope = 'row'
  const state = createState()
  const rate = make('td', 'number')
  const age = make('td', 'number')
  const readings = make('td', 'number wide')
  const values = make('dl', 'values')
  const note = make('p', 'quiet')
  const valueCell = make('td', '', values, note)
  valueCell.colSpan = 5
  const setValues = createList<ChannelAnswer>(values, (channel) => channel.name, createChannelView)
  const head = make('tr', '', name, make('td', '', state.root), rate, age, readings)
  return {
    root: make('tbody', '', head, make('tr', '', valueCell)),
    update({ stream, lost }) {
      setText(name, stream.stream)
      setTitle(name, stream.source)
      const [tone, word] = lost ? (['off', 'unknown'] as const) : standingText(stream)
      state.set(tone, word)
      setText(rate, rateText(stream))
      setText(age, stream.ageMs === null ? '–' : formatAge(stream.ageMs))
      setTitle(age, stream.timeNs === null ? '' : formatTime(stream.timeNs))
      setText(readings, formatRate(stream.readingsPerS))
      setValues(stream.channels)
      setText(note, noteText(stream))
      note.hidden = note.textContent === ''
    },
  }
}

/** Below this part of the nominal rate, rows are missing. */
const lowRate = 0.9
/** So many batches are needed before a rate means anything. */
const batchesMin = 10

const isLow = ({ rowsPerS, nominalRowsPerS, batches, standing }: StreamAnswer): boolean =>
  nominalRowsPerS !== null && batches >= batchesMin && standing === 'live' && rowsPerS < nominalRowsPerS * lowRate

function standingText(stream: StreamAnswer): [Tone, string] {
  switch (stream.standing) {
    case 'stale':
      return ['bad', `stale ${formatDuration(stream.receivedAgoMs)}`]
    case 'late':
      return ['warn', `late ${formatDuration(stream.lateMs ?? 0)}`]
    case 'ended':
      return ['off', 'ended']
    case 'ahead':
      return ['warn', `ahead ${formatDuration(stream.lateMs ?? 0)}`]
    case 'live':
      return isLow(stream) ? ['warn', 'live, low rate'] : ['ok', 'live']
  }
}

const rateText = ({ rowsPerS, nominalRowsPerS }: StreamAnswer): string =>
  nominalRowsPerS === null ? formatRate(rowsPerS) : `${formatRate(rowsPerS)} of ${formatRate(nominalRowsPerS)}`

function noteText({ channels, channelCount, problems, era }: StreamAnswer): string {
  const notes = [...problems]
  if (channelCount > channels.length && channels.length > 0) {
    notes.push(`and ${formatCount(channelCount - channels.length)} more channels`)
  }
  if (era > 0) notes.push(`era ${era}`)
  return notes.join('; ')
}

function createChannelView(): View<ChannelAnswer> {
  const name = make('dt')
  const value = make('span')
  const unit = make('span', 'unit')
  const flag = createState()
  const root = make('div', '', name, make('dd', '', value, unit, ' ', flag.root))
  return {
    root,
    update(channel) {
      setText(name, channel.name)
      setText(value, formatValue(channel))
      const printed = channel.value === null ? '' : formatUnit(channel.unit)
      setText(unit, printed === '' || printed === '°' ? printed : ` ${printed}`)
      const [tone, word] = channelFlag(channel)
      flag.set(tone, word)
      flag.root.hidden = word === ''
    },
  }
}

function channelFlag({ missing, range, value }: ChannelAnswer): [Tone, string] {
  if (missing) return ['bad', value === null ? 'missing' : 'missing now']
  if (range === 'outside') return ['bad', 'out of range']
  if (range === 'at_limit') return ['warn', 'at its limit']
  return ['off', '']
}
