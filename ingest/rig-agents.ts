// Whether two agents of one rig live at once: a disk was cloned, and both machines run. Each start of an agent draws a spool of its own,
// so two spools alone say nothing: the old one may be drained while the new one is written. But what is sent from the old one is
// from before the new one began. Two that each go on in their turn, in time that rises from one to the other, are two agents.

export interface AgentWatch {
  /** Something came that says when it was made, by ingest's clock as far as known, ns; `nowMs` rises. */
  heard(spool: string, madeNs: bigint, nowMs: number): void
  /** While two live: since when, by `nowMs`. */
  sinceMs(nowMs: number): number | undefined
}

/** From one spool to the other and back and there again: an agent that was just restarted goes over once. */
const turnsLeast = 3
/** Health comes every 10 s by default, an hour apart at most. */
const turnWithinMs = 300_000
const clearAfterMs = 120_000
/** Clocks of two machines are known no better. */
const sameNs = 2_000_000_000n

export function createAgentWatch(): AgentWatch {
  let last: { spool: string; madeNs: bigint } | undefined
  let pair: ReadonlySet<string> = new Set()
  let turns = 0
  let turnedMs = 0
  let begunMs: number | undefined

  const turn = (from: string, to: string, nowMs: number) => {
    if (nowMs - turnedMs > turnWithinMs || !(pair.has(from) && pair.has(to))) {
      pair = new Set([from, to])
      turns = 0
    }
    turns++
    turnedMs = nowMs
    if (turns >= turnsLeast) begunMs ??= nowMs
  }

  return {
    heard(spool, madeNs, nowMs) {
      const before = last
      if (before && madeNs < before.madeNs - sameNs) {
        // Backlog.
        if (spool !== before.spool) turns = 0
        return
      }
      if (before && before.spool !== spool) turn(before.spool, spool, nowMs)
      last = { spool, madeNs: before && before.madeNs > madeNs ? before.madeNs : madeNs }
    },
    sinceMs(nowMs) {
      if (begunMs !== undefined && nowMs - turnedMs > clearAfterMs) {
        begunMs = undefined
        turns = 0
      }
      return begunMs
    },
  }
}
