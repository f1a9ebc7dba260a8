import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'

/** A wall clock step larger than this re-anchors the clock, ns. */
const stepLimitNs = 1_000_000_000n

export interface Clock {
  /** Wall time, ns since 1970 UTC: the monotonic clock anchored to the wall clock, so it does not jump by itself. */
  nowNs(): bigint
  monotonicNs(): bigint
  /** 16 bytes: the boot that the monotonic clock counts from. */
  bootId: Uint8Array
  /**
   * Compares with the system's wall clock; if that has stepped by more than a second since the anchor was set,
   * takes a new anchor and returns the step in ns, else 0n.
   */
  followStep(): bigint
}

/**
 * A clock that survives wall clock steps: a rig without a battery clock boots in 1970 and is set right later.
 * `wallMs` and `monotonicNs` can be replaced to test steps.
 */
export function createClock(wallMs: () => number = Date.now, monotonicNs: () => bigint = process.hrtime.bigint): Clock {
  let anchorWallNs = BigInt(wallMs()) * 1_000_000n
  let anchorMonotonicNs = monotonicNs()
  const nowNs = () => anchorWallNs + (monotonicNs() - anchorMonotonicNs)
  return {
    nowNs,
    monotonicNs,
    bootId: readBootId(),
    followStep() {
      const monotonic = monotonicNs()
      const wallNs = BigInt(wallMs()) * 1_000_000n
      const stepNs = wallNs - (anchorWallNs + (monotonic - anchorMonotonicNs))
      if (stepNs < stepLimitNs && stepNs > -stepLimitNs) return 0n
      anchorWallNs = wallNs
      anchorMonotonicNs = monotonic
      return stepNs
    },
  }
}

function readBootId(): Uint8Array {
  try {
    return Buffer.from(readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim().replaceAll('-', ''), 'hex')
  } catch {
    // No such file off Linux: this process then counts as a boot of its own, which is true of its clock readings too.
    return randomBytes(16)
  }
}
