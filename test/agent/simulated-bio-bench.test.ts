import { describe, expect, it } from 'vitest'
import { correlation, mean, peaks, rms, run } from './simulated-rows.ts'

const bench = await run('bio-bench', 11, 300)
const ecg = bench.numbers('ecg', 'ecg')
const beatsS = peaks(ecg, bench.seconds('ecg'), 0.6, 0.3)
const pulsesS = peaks(bench.numbers('ppg', 'ppg'), bench.seconds('ppg'), 30_000, 0.4)
const intervals = (times: number[]) => times.slice(1).map((time, i) => time - times[i]!)

describe('one heart', () => {
  it('shows the same rate in the ECG and in the vital signs', () => {
    const rates = bench.numbers('vitals', 'heart_rate')
    for (let second = 15; second < 300; second++) {
      const before = beatsS.filter((time) => time <= second).slice(-9)
      const fromPeaks = (60 * 8) / (before.at(-1)! - before[0]!)
      // Rounded, and at a beat that falls on the second it may count one interval more or less.
      expect(Math.abs(rates[second]! - fromPeaks)).toBeLessThan(1.5)
    }
  })
  it('sends each beat to the finger, a little later', () => {
    const followed = beatsS.filter((time) => time < 299)
    const delays = followed.map((beat) => pulsesS.find((pulse) => pulse > beat)! - beat)
    // From the R wave to the top of the pulse: arrival and rise.
    expect(Math.min(...delays)).toBeGreaterThan(0.25)
    expect(Math.max(...delays)).toBeLessThan(0.5)
    // One pulse a beat; the first pulse may belong to a beat before the measurement.
    expect(Math.abs(pulsesS.length - beatsS.length)).toBeLessThanOrEqual(1)
    expect(
      correlation(intervals(beatsS).slice(0, 250), intervals(pulsesS.filter((p) => p > beatsS[0]!)).slice(0, 250)),
    ).toBeGreaterThan(0.9)
  })
  it('varies as a heart at rest does', () => {
    const all = intervals(beatsS)
    expect(60 / mean(all)).toBeGreaterThan(55)
    expect(60 / mean(all)).toBeLessThan(85)
    const deviation = rms(all.map((interval) => interval - mean(all)))
    // SDNN over five minutes: some 20 to 100 ms in healthy adults.
    expect(deviation).toBeGreaterThan(0.02)
    expect(deviation).toBeLessThan(0.1)
  })
  it('draws waves of the heights and order that an ECG has', () => {
    const beat = beatsS[20]!
    const part = (fromS: number, toS: number) =>
      ecg.slice(Math.round((beat + fromS) * 500), Math.round((beat + toS) * 500))
    const level = mean(part(-0.3, -0.25))
    const p = Math.max(...part(-0.24, -0.08)) - level
    const r = Math.max(...part(-0.02, 0.02)) - level
    const s = Math.min(...part(0.01, 0.08)) - level
    const t = Math.max(...part(0.15, 0.4)) - level
    expect(r).toBeGreaterThan(0.7)
    expect(r).toBeLessThan(1.6)
    expect(p).toBeGreaterThan(0.03)
    expect(p).toBeLessThan(t)
    expect(t).toBeLessThan(r / 2)
    expect(s).toBeLessThan(-0.05)
  })
})

describe('one breath', () => {
  it('moves the intervals of the heart and the heights of the pulses together', () => {
    const ppg = bench.numbers('ppg', 'ppg')
    const pairs = beatsS.slice(0, -2).flatMap((beat, i) => {
      const top = Math.max(...ppg.slice(Math.round((beat + 0.28) * 100), Math.round((beat + 0.48) * 100)))
      const foot = ppg[Math.round((beat + 0.18) * 100)]!
      return [{ height: top - foot, interval: beatsS[i + 1]! - beat }]
    })
    expect(
      correlation(
        pairs.map(({ height }) => height),
        pairs.map(({ interval }) => interval),
      ),
    ).toBeGreaterThan(0.4)
  })
  it('has the rate that the vital signs show', () => {
    // The breath turns the baseline of the PPG; between its pulses there is nothing else.
    const ppg = bench.numbers('ppg', 'ppg')
    const power = (hz: number) => {
      let [cosine, sine] = [0, 0]
      ppg.forEach((value, i) => {
        cosine += value * Math.cos((2 * Math.PI * hz * i) / 100)
        sine += value * Math.sin((2 * Math.PI * hz * i) / 100)
      })
      return cosine * cosine + sine * sine
    }
    const band = (fromHz: number, toHz: number) => {
      const steps = Math.round((toHz - fromHz) * 300)
      return mean(Array.from({ length: steps }, (_, i) => power(fromHz + i / 300)))
    }
    const breathHz = mean(bench.numbers('vitals', 'respiration_rate')) / 60
    expect(band(breathHz - 0.04, breathHz + 0.04)).toBeGreaterThan(5 * band(breathHz + 0.15, breathHz + 0.25))
  })
})

describe('skin', () => {
  it('answers with phasic responses on a tonic level', () => {
    const conductance = bench.numbers('eda', 'skin_conductance')
    // A second's rise of 0.05 uS begins a response.
    let responses = 0
    let quietUntil = 0
    for (let i = 10; i < conductance.length; i++) {
      if (i < quietUntil || conductance[i]! - conductance[i - 10]! < 0.05) continue
      responses++
      quietUntil = i + 50
    }
    expect(responses).toBeGreaterThan(5)
    expect(responses).toBeLessThan(60)
    expect(Math.min(...conductance)).toBeGreaterThan(1)
    expect(Math.max(...conductance)).toBeLessThan(15)
  })
  it('is warm, and warms and cools slowly', () => {
    const temperature = bench.numbers('skin_temperature', 'skin_temperature')
    expect(Math.min(...temperature)).toBeGreaterThan(30)
    expect(Math.max(...temperature)).toBeLessThan(37)
    expect(Math.max(...temperature.slice(1).map((value, i) => Math.abs(value - temperature[i]!)))).toBeLessThan(0.15)
  })
})
