import type { ChannelAnswer, RigAnswer, RigsAnswer, SinksAnswer, StreamAnswer } from '../ingest/http/answers.ts'
import { formatUnit, formatValue } from './format.ts'

/** The live table as text, as wide as the terminal: rigs, streams with their rates, newest values; then the sinks. */
export function renderTable({ ingest, rigs }: RigsAnswer, { sinks }: SinksAnswer, columns: number): string {
  const lines = rigs.flatMap((rig) => [
    describeRig(rig),
    ...rig.streams.map((stream) => describeStream(stream, columns)),
  ])
  const { counters } = ingest
  const quarantined = Object.values(counters.quarantined).reduce((sum, count) => sum + count, 0)
  lines.push(
    '',
    `ingest   ${ingest.online ? 'online' : 'NOT CONNECTED to the broker'}  ${counters.envelopes} envelopes  ${megabytes(counters.bytes)}  quarantined ${quarantined}`,
    ...sinks.map(
      ({ name, state, waitingFor, behindBytes }) =>
        `${name.padEnd(8)} ${state}${waitingFor ? `: ${waitingFor}` : ''}  ${megabytes(behindBytes)} of the journal to go${name === 'lake' ? ' (written once a minute)' : ''}`,
    ),
  )
  return lines.map((line) => cut(line, columns)).join('\n')
}

const describeRig = ({ rig, state, spoolEnvelopes, clockOffsetMs, gaps }: RigAnswer): string =>
  [
    rig,
    state === 'stale' || state === 'offline' ? state.toUpperCase() : state.replace('_', ' '),
    spoolEnvelopes === null ? '' : `${spoolEnvelopes} envelopes in the spool`,
    clockOffsetMs === null ? '' : `clock ${(Math.round(clockOffsetMs * 10) / 10 + 0).toFixed(1)} ms`,
    gaps > 0 ? `${gaps} ${gaps === 1 ? 'Gap' : 'Gaps'}` : '',
  ]
    .filter((part) => part !== '')
    .join('  ')

/** As many whole values as fit, then how many there are besides. */
function describeStream({ stream, standing, rowsPerS, channels, channelCount }: StreamAnswer, columns: number): string {
  let line = `  ${stream.padEnd(16)} ${standing.padEnd(6)} ${rowsPerS.toFixed(1).padStart(8)} rows/s`
  let shown = 0
  for (const channel of channels) {
    const value = `  ${channel.name} ${shownValue(channel)}`
    if (textWidth(line + value) > columns - '  +999'.length) break
    line += value
    shown++
  }
  return channelCount > shown ? `${line}  +${channelCount - shown}` : line
}

function shownValue(channel: ChannelAnswer): string {
  if (channel.value === null) return '-'
  const unit = formatUnit(channel.unit)
  return unit === '' || unit === '1' ? formatValue(channel) : `${formatValue(channel)} ${unit}`
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`

/** Hangul and other wide letters take two columns on a terminal. */
const widthOf = (letter: string): number =>
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/.test(letter) ? 2 : 1

const textWidth = (text: string): number => [...text].reduce((sum, letter) => sum + widthOf(letter), 0)

function cut(line: string, columns: number): string {
  let width = 0
  let text = ''
  for (const letter of line) {
    width += widthOf(letter)
    if (width > columns) return text
    text += letter
  }
  return text
}
