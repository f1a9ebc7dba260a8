import { createDrift, type Random } from './random.ts'
import { clamp } from './rig.ts'

// Skin conductance: a slow tonic level, and phasic responses of sudomotor bursts, each rising and falling as the
// difference of two exponentials with 0.75 s and 2 s: D. M. Alexander et al., "Separating individual skin conductance
// responses in a short interstimulus-interval paradigm", J. Neurosci. Methods 146 (2005); M. Benedek, C. Kaernbach,
// "A continuous measure of phasic electrodermal activity", J. Neurosci. Methods 190 (2010).

const riseS = 0.75
const fallS = 2
/** Makes the peak of a response 1: it comes at ln(fall / rise) rise fall / (fall - rise). */
const peakS = (Math.log(fallS / riseS) * riseS * fallS) / (fallS - riseS)
const norm = 1 / (Math.exp(-peakS / fallS) - Math.exp(-peakS / riseS))

/** Seconds between responses without a stimulus, on average. */
const meanPauseS = 18

/** Returns the function that steps it and gives the conductance, uS. */
export function createEda(random: Random, stepS: number): () => number {
  const tonic = createDrift(random, 0.8, 180, stepS)
  const level = random.between(4, 8)
  const keepFall = Math.exp(-stepS / fallS)
  const keepRise = Math.exp(-stepS / riseS)
  let fall = 0
  let rise = 0
  let untilS = random.exponential(meanPauseS)
  return () => {
    fall *= keepFall
    rise *= keepRise
    untilS -= stepS
    if (untilS <= 0) {
      untilS = random.exponential(meanPauseS)
      // Amplitudes are near log-normal, 0.05 to 1.5 uS (Boucsein, Electrodermal Activity, 2012).
      const amplitude = clamp(0.35 * Math.exp(0.7 * random.normal()), 0.05, 1.5)
      fall += norm * amplitude
      rise += norm * amplitude
    }
    return clamp(level + tonic() + fall - rise + 0.003 * random.normal(), 0, 40)
  }
}
