import { describe, expect, it } from 'vitest'
import { createDrift, createRandom, xoshiro128pp } from '../../agent/sources/simulated/random.ts'
import { rigKinds, rigs } from '../../agent/sources/simulated/rigs.ts'
import { simulatedConfig } from '../../agent/sources/simulated.ts'
import type { Row } from '../../agent/sources/source.ts'
import { profile, type StandardChannel, standardChannels } from '../../protos/profile.ts'
import { checkSchema } from '../../protos/schema.ts'
import { encodeTimes } from '../../protos/times.ts'
import { checkUnit } from '../../protos/ucum.ts'
import { mean, openRig, rms, run, start, startNs } from './simulated-rows.ts'
import { nowNs, read, readAll } from './source-rows.ts'

describe('random numbers', () => {
  it('are those of xoshiro128++', () => {
    // The reference program started with 1, 2, 3, 4 (vectors of the Rust crate rand_xoshiro).
    const next = xoshiro128pp(Int32Array.of(1, 2, 3, 4))
    expect(Array.from({ length: 10 }, next)).toEqual([
      641, 1573767, 3222811527, 3517856514, 836907274, 4247214768, 3867114732, 1355841295, 495546011, 621204420,
    ])
  })
  it('have the distributions they are named after', () => {
    const random = createRandom(1, 'test')
    const normal = Array.from({ length: 20_000 }, random.normal)
    expect(Math.abs(mean(normal))).toBeLessThan(0.03)
    expect(rms(normal)).toBeCloseTo(1, 1)
    expect(mean(Array.from({ length: 20_000 }, () => random.exponential(3)))).toBeCloseTo(3, 0)
    const uniform = Array.from({ length: 20_000 }, random.uniform)
    expect(Math.min(...uniform)).toBeGreaterThanOrEqual(0)
    expect(Math.max(...uniform)).toBeLessThan(1)
    const drift = createDrift(random, 2, 5, 0.5)
    expect(rms(Array.from({ length: 50_000 }, drift))).toBeCloseTo(2, 0)
  })
  it('differ by seed and by use', () => {
    const first = (seed: number, use: string) => createRandom(seed, use).uniform()
    expect(new Set([first(1, 'a'), first(2, 'a'), first(1, 'b'), first(12, 'a')]).size).toBe(4)
  })
})

describe('the profile', () => {
  it('has units of UCUM and names that differ', () => {
    const names = Object.keys(profile) as StandardChannel[]
    const channels = standardChannels(...names)
    expect(channels.map(({ unit }) => checkUnit(unit ?? '')).filter(Boolean)).toEqual([])
    expect(checkSchema({ stream: 'all', channels })).toEqual([])
    expect(channels.map(({ description }) => description).filter((text) => !text)).toEqual([])
    expect(channels.filter(({ code }) => code && !/^(VSS|LOINC|MDC|SunSpec):\S+$/.test(code))).toEqual([])
  })
})

describe.each(rigKinds)('%s', (rig) => {
  it('gives the same rows for the same seed, and others for another', async () => {
    const one = await run(rig, 7, 20)
    expect((await run(rig, 7, 20)).rows).toEqual(one.rows)
    expect((await run(rig, 8, 20)).rows).not.toEqual(one.rows)
  })
  it('has sound schemas, and every row fits them', async () => {
    const { streams, rows } = await run(rig, 3, 120)
    const kinds = { f64: 'number', f32: 'number', int: 'number', bool: 'boolean', text: 'string' }
    for (const schema of streams) {
      expect(checkSchema(schema)).toEqual([])
      expect(schema.channels.map(({ unit }) => checkUnit(unit ?? '')).filter(Boolean)).toEqual([])
      expect(schema.period).toBeDefined()
    }
    expect(new Set(streams.map(({ stream }) => stream.toLowerCase())).size).toBe(streams.length)
    const wrong = rows.filter(({ stream, values }) =>
      streams[stream]!.channels.some(({ kind, min, max, gain = 1, offset = 0 }, i) => {
        const value = values[i]!
        const type: string = typeof value
        if (type !== kinds[kind]) return true
        if (typeof value !== 'number') return false
        const physical = value * gain + offset
        return (
          !Number.isFinite(value) ||
          physical < (min ?? -Infinity) ||
          physical > (max ?? Infinity) ||
          (kind === 'int' && !Number.isSafeInteger(value)) ||
          (kind === 'f32' && Math.fround(value) !== value)
        )
      }),
    )
    expect(wrong).toEqual([])
    expect(rows.every(({ stream, values }) => values.length === streams[stream]!.channels.length)).toBe(true)
  })
  it('stamps every row a whole number of periods after the start', async () => {
    const { streams, of } = await run(rig, 1, 10)
    rigs[rig].streams.forEach(({ rateHz }, i) => {
      const { stream, period } = streams[i]!
      const times = BigInt64Array.from(of(stream).map(({ timeNs }) => timeNs!))
      expect(times.length).toBe(10 * rateHz)
      expect(times[0]).toBe(startNs)
      // Encoded by the period, which is done only if all follow it to the nanosecond.
      expect(Number(encodeTimes(times, times.length, period!).periodNum)).toBe(1e9 / rateHz)
    })
  })
  it('takes little of a processor', async () => {
    const before = process.cpuUsage()
    await run(rig, 1, 60)
    const { user, system } = process.cpuUsage(before)
    // Half a per cent was seen; this only notices when it is ten times that.
    expect((user + system) / 1e6).toBeLessThan(60 * 0.05)
  })
})

describe('times and pace', () => {
  it('runs in real time without drift, and loses nothing while the process is stopped', async () => {
    const beforeNs = nowNs()
    const reading = read(await openRig({ rig: 'bio-bench' }))
    await reading.have(300)
    // Longer than the chunks can hold.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1200)
    await reading.have(1200)
    await reading.stop()
    const afterNs = nowNs()
    const ecg = reading.rows.filter(({ stream }) => stream === 0)
    expect(ecg.filter((row, i) => row.timeNs! - ecg[0]!.timeNs! !== BigInt(i) * 2_000_000n)).toEqual([])
    expect(ecg[0]!.timeNs! - beforeNs).toBeGreaterThanOrEqual(-1_000_000n)
    expect(ecg.at(-1)!.timeNs!).toBeLessThanOrEqual(afterNs + 1_000_000n)
    expect(Math.max(...reading.chunks.map(({ rows }) => rows.length))).toBeLessThanOrEqual(500)
    expect(reading.rows.every(({ position }) => position === undefined)).toBe(true)
  })
  it('follows a clock that is set right', async () => {
    let offNs = 0n
    const reading = read(await openRig({ rig: 'energy-bench' }, { nowNs: () => nowNs() + offNs }))
    await reading.have(6)
    offNs = 3_600_000_000_000n
    await reading.says(/followed 1 steps of the clock/)
    const before = reading.rows.length
    await reading.have(before + 6)
    await reading.stop()
    const last = reading.rows.at(-1)!.timeNs!
    expect(Math.abs(Number(last - nowNs() - offNs))).toBeLessThan(1e9)
  })
  it('runs N times as fast, and ends when told', async () => {
    const startedMs = performance.now()
    const source = await openRig({ rig: 'energy-bench', speed: 20, durationS: 10, start })
    expect((await readAll(source)).length).toBe(10 * 32)
    const tookMs = performance.now() - startedMs
    expect(tookMs).toBeGreaterThan(450)
    expect(source.health()).toMatchObject({ state: 'ended', badLines: 0 })
    expect(source.health().detail).toContain('energy-bench, seed 1, 10.0 s simulated')
  })
  it('stops at once when told to', async () => {
    const source = await openRig({ rig: 'energy-bench', speed: 0.001 })
    const reading = read(source)
    await reading.have(5)
    await reading.stop()
    expect(source.health().state).toBe('running')
  })
  it('keeps simulation time apart from the clock, where the rig is a simulator', async () => {
    const { of } = await run('driving-simulator', 1, 3)
    expect(of('driver_ecg').map(({ simulationNs }) => simulationNs)).toEqual(
      Array.from({ length: 1500 }, (_, i) => BigInt(i) * 2_000_000n),
    )
    expect((await run('bio-bench', 1, 1)).rows.every(({ simulationNs }) => simulationNs === undefined)).toBe(true)
  })
})

describe('resuming', () => {
  const config = { rig: 'bio-bench', seed: 5, durationS: 20, start, speed: 0 }
  it('goes on behind a row, as if it had never stopped', async () => {
    const all = await readAll(await openRig(config))
    const { origin } = (await (await openRig(config)).rows(new AbortController().signal)[Symbol.asyncIterator]().next())
      .value as { origin: string }
    for (const position of [1, 777, all.length - 1, all.length]) {
      const rows = await readAll(await openRig(config, { resume: { position, origin } }))
      expect(rows).toEqual(all.filter((row) => row.position! > position))
    }
  })
  it('begins anew if it is another run', async () => {
    const all = await readAll(await openRig(config))
    const rows = await readAll(await openRig(config, { resume: { position: 777, origin: 'simulated:other' } }))
    expect(rows).toEqual(all)
  })
  it('counts the rows that a dropout took', async () => {
    const faults = [{ kind: 'dropout', at: 1, durationS: 2 }]
    const all = await readAll(await openRig(config))
    const rows = await readAll(await openRig({ ...config, faults }))
    expect(rows).toEqual(
      all.filter(({ timeNs }) => timeNs! < startNs + 1_000_000_000n || timeNs! >= startNs + 3_000_000_000n),
    )
  })
})

describe('faults', () => {
  const span = (rows: Row[], fromS: number, toS: number) =>
    rows.filter(({ timeNs }) => {
      const s = Number(timeNs! - startNs) / 1e9
      return s >= fromS && s < toS
    })
  it('lead_off: the values are missing, and what is computed from them', async () => {
    const faults = [{ kind: 'lead_off', at: 3, durationS: 2, stream: 'ecg' }]
    const good = await run('bio-bench', 1, 8)
    const bad = await run('bio-bench', 1, 8, { faults })
    expect(bad.rows.length).toBe(good.rows.length)
    expect(span(bad.of('ecg'), 3, 5).map(({ values }) => values)).toEqual(Array.from({ length: 1000 }, () => [null]))
    expect(bad.values('vitals', 'heart_rate').map((rate) => rate === null)).toEqual([
      false,
      false,
      false,
      true,
      true,
      false,
      false,
      false,
    ])
    expect(bad.numbers('vitals', 'pulse_rate')).toEqual(good.numbers('vitals', 'pulse_rate'))
    const rest = (run: typeof good) =>
      [...span(run.of('ecg'), 0, 3), ...span(run.of('ecg'), 5, 8)].map((row) => row.values)
    expect(rest(bad)).toEqual(rest(good))
  })
  it('saturation: clipped at the range', async () => {
    const faults = [{ kind: 'saturation', at: 2, stream: 'ecg', channel: 'ecg' }]
    const { numbers } = await run('bio-bench', 1, 12, { faults })
    const values = numbers('ecg', 'ecg')
    expect(Math.max(...values.slice(0, 1000))).toBeLessThan(2)
    const late = values.slice(1000)
    expect(Math.max(...late)).toBe(7.99609375)
    expect(late.filter((value) => value === 7.99609375).length).toBeGreaterThan(50)
    expect(Math.min(...late)).toBeGreaterThanOrEqual(-8)
  })
  it('dropout: no rows of a stream', async () => {
    const faults = [{ kind: 'dropout', at: 1.5, durationS: 0.25, stream: 'meter' }]
    const { of, rows } = await run('energy-bench', 1, 5, { faults })
    const good = await run('energy-bench', 1, 5)
    expect(span(of('meter'), 1.5, 1.75)).toEqual([])
    expect(of('meter').length).toBe(50 - 3)
    expect(rows.length).toBe(good.rows.length - 3)
  })
  it('dropout: says how many rows it took, and holds nothing up', async () => {
    const source = await openRig({
      rig: 'bio-bench',
      start,
      speed: 0,
      durationS: 30,
      faults: [{ kind: 'dropout', at: 1 }],
    })
    expect((await readAll(source)).length).toBe(500 + 100 + 10 + 4 + 1)
    expect(source.health().detail).toContain(`${29 * 615} rows lost to dropouts`)
    expect(source.health().detail).toContain('fault: dropout of all streams')
  })
  it('clock_step: the times jump, the values do not', async () => {
    const faults = [
      { kind: 'clock_step', at: 2, stepS: 2.5 },
      { kind: 'clock_step', at: 4, durationS: 1, stepS: -3600 },
    ]
    const good = await run('driving-simulator', 1, 6)
    const bad = await run('driving-simulator', 1, 6, { faults })
    expect(bad.rows.map(({ values }) => values)).toEqual(good.rows.map(({ values }) => values))
    const steps = new Map<number, Set<bigint>>()
    bad.rows.forEach((row, i) => {
      const second = Math.floor(Number(good.rows[i]!.timeNs! - startNs) / 1e9)
      steps.set(second, (steps.get(second) ?? new Set()).add(row.timeNs! - good.rows[i]!.timeNs!))
      expect(row.simulationNs).toBe(good.rows[i]!.simulationNs)
    })
    expect([...steps.values()].map((set) => [...set])).toEqual([
      [0n],
      [0n],
      [2_500_000_000n],
      [2_500_000_000n],
      [-3_597_500_000_000n],
      [2_500_000_000n],
    ])
  })
})

describe('configuration', () => {
  const problems = (config: object) =>
    simulatedConfig
      .safeParse({ type: 'simulated', rig: 'bio-bench', ...config })
      .error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
  it('says every mistake', () => {
    expect(problems({})).toBeUndefined()
    expect(problems({ rig: 'toaster' })).toEqual([expect.stringMatching(/^rig: .*bio-bench/)])
    expect(problems({ seed: -1, speed: -2, colour: 1 })).toHaveLength(3)
    expect(problems({ start: 'today' })).toEqual(['start: expected a time such as 2025-01-01T00:00:00Z'])
    expect(problems({ start: '2025-02-01T10:00:00' })).toHaveLength(1)
    expect(problems({ prefix: 'a/b' })).toEqual([expect.stringMatching(/^prefix: "a\/becg" is no name/)])
    expect(problems({ prefix: '오른쪽_' })).toBeUndefined()
  })
  it('says every mistake in a fault', () => {
    expect(
      problems({
        faults: [
          { kind: 'lead_off', at: 1, stream: 'eeg' },
          { kind: 'lead_off', at: 1, stream: 'ecg', channel: 'v1' },
          { kind: 'saturation', at: 1, channel: 'ecg' },
          { kind: 'dropout', at: 1, stream: 'vitals' },
        ],
      }),
    ).toEqual([
      'faults.0.stream: the rig has ecg, ppg, eda, skin_temperature, vitals',
      'faults.1.channel: the stream has ecg',
      'faults.2.stream: a channel needs its stream',
    ])
    expect(problems({ faults: [{ kind: 'explosion', at: 1 }] })).toEqual([
      expect.stringContaining('lead_off, saturation'),
    ])
    expect(
      problems({
        faults: [
          { kind: 'clock_step', at: 1 },
          { kind: 'lead_off', at: 1, stepS: 1 },
        ],
      }),
    ).toHaveLength(2)
  })
  it('puts the prefix in front of the streams, and takes a start with an offset', async () => {
    const source = await openRig({
      rig: 'bio-bench',
      prefix: 'left_',
      start: '2025-03-01T18:00:00.000000001+09:00',
      speed: 0,
      durationS: 1,
    })
    expect(source.streams.map(({ stream }) => stream)).toEqual([
      'left_ecg',
      'left_ppg',
      'left_eda',
      'left_skin_temperature',
      'left_vitals',
    ])
    expect((await readAll(source))[0]!.timeNs).toBe(startNs + 1n)
  })
})
