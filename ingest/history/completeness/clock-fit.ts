// The rig's clock against ingest's: a line through the clock samples of a span, least squares with weights.

export interface ClockSamples {
  /** By the rig's clock, ns after some base time; rising. */
  times: Float64Array
  /** Ingest's clock less the rig's, ns. */
  offsets: Float64Array
  roundTrips: Float64Array
}

export interface ClockFit {
  used: number
  offsetNs: number
  offsetUncertaintyNs: number
  driftPpm: number
  driftUncertaintyPpm: number
}

/** Of so many samples in a row the one of the lowest round trip counts, as in the clock filter of RFC 5905, section 10. */
const filterOf = 8
/** With fewer left than this, all count. */
const filteredMin = 3
/** No round trip is trusted further than this, ns: what scheduling alone does to a reading of the clock. */
const boundNsMin = 5_000

/**
 * offset(t) = a + drift * t, with one `a` for each stretch between `steps` (times at which the rig's clock was set, rising) and one
 * drift for all. A sample's true offset lies within half its round trip of the measured one (RFC 5905, section 8), so its weight is
 * 1 / that^2; the standard errors come from the residuals. `at`: for when the offset is told. Undefined if no two samples have
 * different times in one stretch. Uncertainties are of 95 %; that of the offset has half the lowest round trip added, because ways
 * of unequal length shift all samples alike.
 */
export function fitClock(all: ClockSamples, steps: readonly number[], at: number): ClockFit | undefined {
  const stretchOf = createStretches(steps)
  const chosen = pickLucky(all, stretchOf)
  const stretches = new Map<number, Stretch>()
  for (const i of chosen) addTo(stretches, stretchOf(all.times[i]!), all, i)
  let sxx = 0
  let sxy = 0
  for (const i of chosen) {
    const { weight, time, offset } = stretches.get(stretchOf(all.times[i]!))!
    const dt = all.times[i]! - time / weight
    const w = weightOf(all.roundTrips[i]!)
    sxx += w * dt * dt
    sxy += w * dt * (all.offsets[i]! - offset / weight)
  }
  // Fewer samples than a line has parameters: what is left of sxx is rounding.
  if (!(sxx > 0) || chosen.length <= stretches.size) return undefined
  const drift = sxy / sxx
  let residuals = 0
  let lowestRoundTrip = Number.POSITIVE_INFINITY
  for (const i of chosen) {
    const { weight, time, offset } = stretches.get(stretchOf(all.times[i]!))!
    const residual = all.offsets[i]! - offset / weight - drift * (all.times[i]! - time / weight)
    residuals += weightOf(all.roundTrips[i]!) * residual * residual
    lowestRoundTrip = Math.min(lowestRoundTrip, all.roundTrips[i]!)
  }
  const freedom = chosen.length - stretches.size - 1
  // Without a residual to judge by, the bounds themselves are the errors.
  const variance = freedom > 0 ? residuals / freedom : 1
  const factor = freedom > 0 ? quantile95(freedom) : 1
  const here = stretches.get(stretchOf(at)) ?? nearest(stretches, at)
  const away = at - here.time / here.weight
  const spread = Math.sqrt(variance * (1 / here.weight + (away * away) / sxx))
  return {
    used: chosen.length,
    offsetNs: here.offset / here.weight + drift * away,
    offsetUncertaintyNs: factor * spread + Math.max(lowestRoundTrip / 2, boundNsMin),
    driftPpm: drift * 1e6,
    driftUncertaintyPpm: factor * Math.sqrt(variance / sxx) * 1e6,
  }
}

interface Stretch {
  weight: number
  /** Sums of weight x value. */
  time: number
  offset: number
}

const weightOf = (roundTrip: number): number => 1 / Math.max(roundTrip / 2, boundNsMin) ** 2

function addTo(stretches: Map<number, Stretch>, key: number, all: ClockSamples, i: number): void {
  let stretch = stretches.get(key)
  if (!stretch) {
    stretch = { weight: 0, time: 0, offset: 0 }
    stretches.set(key, stretch)
  }
  const w = weightOf(all.roundTrips[i]!)
  stretch.weight += w
  stretch.time += w * all.times[i]!
  stretch.offset += w * all.offsets[i]!
}

/** The stretch a time lies in: how many steps are behind it. */
const createStretches = (steps: readonly number[]) => {
  const sorted = [...steps].sort((a, b) => a - b)
  return (time: number): number => {
    let low = 0
    let high = sorted.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (sorted[middle]! <= time) low = middle + 1
      else high = middle
    }
    return low
  }
}

function pickLucky({ times, roundTrips }: ClockSamples, stretchOf: (time: number) => number): number[] {
  const all = Array.from(times, (_, i) => i)
  const lucky: number[] = []
  let count = 0
  let stretch = -1
  for (const i of all) {
    const here = stretchOf(times[i]!)
    if (here !== stretch || count === filterOf) {
      lucky.push(i)
      count = 1
      stretch = here
      continue
    }
    count++
    if (roundTrips[i]! < roundTrips[lucky.at(-1)!]!) lucky[lucky.length - 1] = i
  }
  const perStretch = lucky.length / new Set(lucky.map((i) => stretchOf(times[i]!))).size
  return perStretch >= filteredMin ? lucky : all
}

function nearest(stretches: Map<number, Stretch>, at: number): Stretch {
  const distance = ({ time, weight }: Stretch) => Math.abs(time / weight - at)
  return [...stretches.values()].reduce((a, b) => (distance(b) < distance(a) ? b : a))
}

/** Student's t, two-sided 95 %, to 1 % (Abramowitz and Stegun, 26.7.5, with the table's own values for 1 and 2). */
export function quantile95(freedom: number): number {
  if (freedom === 1) return 12.706
  if (freedom === 2) return 4.303
  const z = 1.959964
  const [z3, z5, z7] = [z ** 3, z ** 5, z ** 7]
  const g1 = (z3 + z) / 4
  const g2 = (5 * z5 + 16 * z3 + 3 * z) / 96
  const g3 = (3 * z7 + 19 * z5 + 17 * z3 - 15 * z) / 384
  return z + g1 / freedom + g2 / freedom ** 2 + g3 / freedom ** 3
}
