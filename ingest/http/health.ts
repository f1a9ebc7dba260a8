import type { IngestState } from '../state.ts'
import type { HealthAnswer } from './answers.ts'

/** How long a journal that could not take an envelope is called full, ms: agents send again after 5 s, doubling. */
const journalFullForMs = 60_000

/**
 * What keeps ingest from doing its duty. Open to all, so it names parts and nothing of where they are. Returns the
 * function that looks; it remembers when it last saw the journal refuse.
 */
export function createHealth(state: IngestState, nowMs: () => number = () => performance.now()): () => HealthAnswer {
  let refused = 0
  let refusedAtMs = Number.NEGATIVE_INFINITY
  return () => {
    const { journalFull } = state.counters()
    if (journalFull > refused) {
      refused = journalFull
      refusedAtMs = nowMs()
    }
    const reasons: string[] = []
    if (!state.online) reasons.push('not connected to the broker')
    if (nowMs() - refusedAtMs < journalFullForMs) reasons.push('the journal is full or cannot be written')
    for (const sink of state.sinks()) {
      if (sink.state === 'waiting') reasons.push(`sink ${sink.name} is waiting`)
      if (sink.state === 'down' || sink.state === 'closed') reasons.push(`sink ${sink.name} is not running`)
    }
    return { status: reasons.length === 0 ? 'ok' : 'failing', reasons }
  }
}
