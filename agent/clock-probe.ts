import type { Clock } from '../common/clock.ts'
import type { ClockReply, ClockSample } from '../protos/types.ts'

export interface ClockProbe {
  /** The time to put into a probe, ns. */
  begin(): bigint
  reply(reply: ClockReply): void
  /** Looks whether the wall clock has stepped, and says so with a sample. */
  checkStep(): void
}

/**
 * Compares the rig's clock with ingest's by the four times of NTP (RFC 5905, section 8): offset = ((t2 - t1) + (t3 - t4)) / 2,
 * round trip = (t4 - t1) - (t3 - t2). A reply to a probe from before a step of the clock is dropped.
 */
export function createClockProbe(clock: Clock, onSample: (sample: ClockSample) => void): ClockProbe {
  let sinceStepNs = clock.nowNs()
  const sample = (tNs: bigint, offsetNs: bigint, roundTripNs: bigint, stepNs: bigint) =>
    onSample({ tNs, offsetNs, roundTripNs, stepNs, monotonicNs: clock.monotonicNs(), bootId: clock.bootId })
  let open: bigint | undefined
  return {
    begin() {
      open = clock.nowNs()
      return open
    },
    reply({ t1Ns, t2Ns, t3Ns }) {
      const t4Ns = clock.nowNs()
      if (t1Ns !== open) return
      open = undefined
      const roundTripNs = t4Ns - t1Ns - (t3Ns - t2Ns)
      if (t1Ns < sinceStepNs || roundTripNs < 0n) return
      sample(t4Ns, (t2Ns - t1Ns + (t3Ns - t4Ns)) / 2n, roundTripNs, 0n)
    },
    checkStep() {
      const stepNs = clock.followStep()
      if (stepNs === 0n) return
      open = undefined
      sinceStepNs = clock.nowNs()
      sample(sinceStepNs, 0n, 0n, stepNs)
    },
  }
}
