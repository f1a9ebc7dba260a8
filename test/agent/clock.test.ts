import { describe, expect, test } from 'vitest'
import { createClockProbe } from '../../agent/clock-probe.ts'
import { createClock } from '../../common/clock.ts'
import type { ClockSample } from '../../protos/types.ts'

const s = 1_000_000_000n

/** A clock whose wall and monotonic time are set by hand. */
function setUp(wallMs: number) {
  const machine = { wallMs, monotonicNs: 5n * s }
  const clock = createClock(
    () => machine.wallMs,
    () => machine.monotonicNs,
  )
  const pass = (ms: number) => {
    machine.wallMs += ms
    machine.monotonicNs += BigInt(ms) * 1_000_000n
  }
  return { machine, clock, pass }
}

describe('clock', () => {
  test('goes on evenly while the wall clock is slewed or jitters', () => {
    const { machine, clock, pass } = setUp(1000)
    pass(500)
    machine.wallMs += 900
    expect(clock.followStep()).toBe(0n)
    expect(clock.nowNs()).toBe(1500n * 1_000_000n)
  })

  test('follows a step of more than a second, forward and back, and says by how much', () => {
    const { machine, clock, pass } = setUp(1000)
    // A rig without a battery clock booted in 1970 and is set right.
    machine.wallMs = Date.parse('2026-05-01T00:00:00Z')
    expect(clock.followStep()).toBe(BigInt(machine.wallMs - 1000) * 1_000_000n)
    pass(10)
    expect(clock.nowNs()).toBe(BigInt(machine.wallMs) * 1_000_000n)
    machine.wallMs -= 3_600_000
    expect(clock.followStep()).toBe(-3600n * s)
    expect(clock.followStep()).toBe(0n)
  })
})

describe('clock probe', () => {
  test('computes offset and round trip from the four times', () => {
    const { clock, pass } = setUp(10_000)
    const samples: ClockSample[] = []
    const probe = createClockProbe(clock, (sample) => samples.push(sample))
    const t1Ns = probe.begin()
    pass(30)
    // Ingest's clock is 2 s ahead; 10 ms there, 5 ms to answer, 15 ms back.
    probe.reply({ t1Ns, t2Ns: t1Ns + 2n * s + 10_000_000n, t3Ns: t1Ns + 2n * s + 15_000_000n })
    expect(samples).toHaveLength(1)
    expect(samples[0]).toMatchObject({ roundTripNs: 25_000_000n, offsetNs: 2n * s - 2_500_000n, stepNs: 0n })
  })

  test('drops replies to other probes, late ones, and ones from before a step', () => {
    const { machine, clock, pass } = setUp(10_000)
    const samples: ClockSample[] = []
    const probe = createClockProbe(clock, (sample) => samples.push(sample))
    const first = probe.begin()
    pass(10)
    const second = probe.begin()
    probe.reply({ t1Ns: first, t2Ns: first, t3Ns: first })
    expect(samples).toEqual([])
    machine.wallMs += 60_000
    probe.checkStep()
    expect(samples.map(({ stepNs }) => stepNs)).toEqual([60n * s])
    probe.reply({ t1Ns: second, t2Ns: second, t3Ns: second })
    expect(samples).toHaveLength(1)
  })
})
