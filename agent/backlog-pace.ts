// How many bytes of backlog may be in flight beside the live envelopes.
//
// All that is in flight on a slow link stands in a queue somewhere, and a live envelope waits behind it. So the share follows the delay
// that it causes, as in LEDBAT (RFC 6817): the lowest round trip of the last minutes is the way itself (ingest's fsync and gathering
// included); what a round trip takes above it is the queue, and a queue of 200 ms keeps the link busy. A share that had a queue of q
// would have one of 200 ms if it were (way + 200 ms) / (way + q) as large: once a round trip it goes a part of the way there (the step of
// FAST TCP: Jin, Wei, Low, INFOCOM 2004). The shortest round trip of a round counts, for a slow fsync makes others longer. It starts small
// and doubles every third round, until the queue first shows. Because a backlog of hours would become part of its own "lowest round trip", it
// pauses every half minute for a moment, in which the way itself can be seen again (as in LEDBAT++).

const targetMs = 200
const startBytes = 16 * 1024
/** It never stands still: one that starts from the least still moves on, and the others on the link give way. */
const leastBytes = 16 * 1024
/** The part of the way that a round goes. More swings: what a round tells is up to two round trips old. */
const step = 0.3
const pauseEveryMs = 30_000
/** Rounds of a pause: the first still has the queue before it. */
const pauseRounds = 2
/** Lowest round trips that are remembered, one from pause to pause: two minutes. */
const remembered = 4

export interface BacklogPace {
  bytes(): number
  /**
   * A receipt came. `roundTripMs`: the shortest of what it answers and was sent once; `sentAtMs`: when that was sent;
   * `used`: bytes of backlog that were in flight.
   */
  answered(roundTripMs: number, sentAtMs: number, used: number, nowMs: number): void
  /** A new connection, perhaps another way. */
  begin(nowMs: number): void
}

export function createBacklogPace(mostBytes: number): BacklogPace {
  let share = startBytes
  let isStarting = true
  /** Rounds until what was changed much shows: one to send it, and the first of that still finds no queue. */
  let settling = 0
  /** The lowest round trips, the present one last. */
  let lowest: number[] = [Number.POSITIVE_INFINITY]
  let roundSinceMs = 0
  let roundLowestMs = Number.POSITIVE_INFINITY
  let roundUsed = 0
  let pausedAtMs = 0
  let pauseLeft = 0

  const bound = (bytes: number) => Math.max(leastBytes, Math.min(mostBytes, bytes))

  const adapt = () => {
    if (settling > 0) {
      settling--
      return
    }
    const wayMs = Math.min(...lowest)
    const queueMs = roundLowestMs - wayMs
    const isUsed = roundUsed >= share / 2
    if (queueMs < targetMs && !isUsed) return
    if (isStarting && queueMs < targetMs / 2) {
      share = bound(share * 2)
      settling = 2
      return
    }
    isStarting = false
    const wanted = Math.max(0.25, Math.min(2, (wayMs + targetMs) / (wayMs + queueMs)))
    const isFarOff = queueMs > 2 * targetMs
    if (isFarOff) settling = 2
    const isFarBelow = queueMs < targetMs / 4
    share = bound(share * (isFarOff ? wanted : 1 + (isFarBelow ? 2 : 1) * step * (wanted - 1)))
  }

  return {
    bytes: () => (pauseLeft > 0 ? leastBytes : share),
    answered(roundTripMs, sentAtMs, used, nowMs) {
      lowest[lowest.length - 1] = Math.min(lowest.at(-1)!, roundTripMs)
      roundLowestMs = Math.min(roundLowestMs, roundTripMs)
      roundUsed = Math.max(roundUsed, used)
      if (sentAtMs < roundSinceMs) return
      if (pauseLeft > 0) pauseLeft--
      else if (nowMs - pausedAtMs < pauseEveryMs) adapt()
      else {
        pausedAtMs = nowMs
        pauseLeft = pauseRounds
        settling = 2
        lowest = [...lowest, Number.POSITIVE_INFINITY].slice(-remembered)
      }
      roundSinceMs = nowMs
      roundLowestMs = Number.POSITIVE_INFINITY
      roundUsed = 0
    },
    begin(nowMs) {
      share = startBytes
      isStarting = true
      settling = 0
      lowest = [Number.POSITIVE_INFINITY]
      roundSinceMs = nowMs
      roundLowestMs = Number.POSITIVE_INFINITY
      roundUsed = 0
      pausedAtMs = nowMs
      pauseLeft = 0
    },
  }
}
