import type { Breath } from './breath.ts'
import { createDrift, type Random } from './random.ts'
import { clamp } from './rig.ts'

// One heart: when it beats. ECG and PPG are drawn from the same beats.

export interface Beat {
  /** When the R wave peaks, s. */
  atS: number
  /** To the next R wave, s. */
  intervalS: number
}

export interface Heart {
  /** Lets it beat up to this time. `strainPerMin`: how much faster than at rest it should beat now. */
  advance(nowS: number, strainPerMin?: number): void
  /** The newest beat, at or before now. */
  beat(): Beat
  /** Beats so far. */
  beats(): number
  /** Beats a minute, the mean of the last eight whole intervals. */
  ratePerMin(): number
}

const intervalsKept = 8
/** Frequency of the Mayer wave, Hz. */
const mayerHz = 0.1

/**
 * Intervals vary in the two bands of P. E. McSharry, G. D. Clifford, L. Tarassenko, L. A. Smith, "A dynamical model for
 * generating synthetic electrocardiogram signals", IEEE Trans. Biomed. Eng. 50 (2003): the Mayer wave near 0.1 Hz and
 * the breath, with a power ratio (LF/HF) near the paper's 0.5. The paper draws the intervals from a spectrum; here they
 * follow the breath itself, so that everything that breathes agrees.
 */
export function createHeart(random: Random, breath: Breath, restPerMin: number, startS: number): Heart {
  const drift = createDrift(random, 2.5, 60, 60 / restPerMin)
  let mayerPhase = random.uniform()
  const intervalsS: number[] = []
  let beats = 0
  let beat: Beat = { atS: startS, intervalS: 60 / restPerMin }
  let strain = 0

  const nextIntervalS = (lastS: number, strainPerMin: number) => {
    // The mean rate follows strain within some 15 s.
    strain += (strainPerMin - strain) * (1 - Math.exp(-lastS / 15))
    mayerPhase += mayerHz * lastS + 0.03 * random.normal()
    const meanS = 60 / (restPerMin + drift() + strain)
    const mayer = 0.03 * Math.sin(2 * Math.PI * mayerPhase)
    // Breathing in quickens the heart.
    const breathing = -0.04 * breath.value()
    return clamp(meanS * (1 + mayer + breathing + 0.005 * random.normal()), 0.33, 1.8)
  }

  return {
    advance(nowS, strainPerMin = 0) {
      while (nowS >= beat.atS + beat.intervalS) {
        intervalsS.push(beat.intervalS)
        if (intervalsS.length > intervalsKept) intervalsS.shift()
        beat = { atS: beat.atS + beat.intervalS, intervalS: nextIntervalS(beat.intervalS, strainPerMin) }
        beats++
      }
    },
    beat: () => beat,
    beats: () => beats,
    ratePerMin: () => (60 * intervalsS.length) / intervalsS.reduce((sum, each) => sum + each, 0),
  }
}
