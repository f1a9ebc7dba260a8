import type { SegmentInfo } from '../../common/segment-log-types.ts'
import type { Refill } from '../refill/start-refill.ts'
import type { SinkState } from '../state.ts'
import type { SinkHandle } from './start-sink.ts'

/** How a sink stands beside the journal's segments, and what it is owed out of the lake. */
export function describeSink(sink: SinkHandle, segments: SegmentInfo[], refill?: Refill): SinkState {
  const { state, waitingFor, cursor, counters } = sink.status()
  const behindBytes = segments.reduce((sum, { name, bytes }) => {
    if (cursor && name < cursor.segment) return sum
    return sum + bytes - (name === cursor?.segment ? cursor.offset : 0)
  }, 0)
  const described: SinkState = { name: sink.name, state, behindBytes, counters }
  if (waitingFor !== undefined) described.waitingFor = waitingFor
  if (sink.name === 'influx' && refill)
    Object.assign(described, refill.owed(), { counters: { ...counters, ...refill.counters() } })
  return described
}
