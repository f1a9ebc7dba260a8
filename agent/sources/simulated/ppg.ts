import type { Breath } from './breath.ts'
import type { Heart } from './heart.ts'
import { createDrift, type Random } from './random.ts'
import { clamp } from './rig.ts'

// PPG: each beat sends a pulse to the finger. The form of a pulse is two Gaussians, the wave itself and its reflection:
// Q. Tang, Z. Chen, R. Ward, M. Elgendi, "Synthetic photoplethysmogram generation using two Gaussian functions",
// Sci. Rep. 10:13883 (2020). Amplitude, baseline and rhythm move with the breath: P. H. Charlton et al., "Breathing
// rate estimation from the electrocardiogram and photoplethysmogram: a review", IEEE Rev. Biomed. Eng. 11 (2018).

interface Pulse {
  /** When its foot comes to the finger, s. */
  footS: number
  height: number
  /** Stretches the pulse with its interval. */
  scale: number
}

export interface Ppg {
  /** Takes in the beats up to now; call it at least once a beat. */
  advance(nowS: number): void
  /** Raw 16 bits. */
  sample(nowS: number): number
  /** Pulses a minute, the mean of the last eight whole intervals that have come to the finger. */
  ratePerMin(nowS: number): number
}

/** From the R wave to the foot of the pulse at the finger: pre-ejection period and transit time, s. */
export const arrivalS = 0.21
const pulsesKept = 11

export function createPpg(random: Random, heart: Heart, breath: Breath): Ppg {
  const pressure = createDrift(random, 0.006, 30, 0.9)
  const pulses: Pulse[] = []
  let beats = heart.beats()

  return {
    advance() {
      if (heart.beats() === beats) return
      beats = heart.beats()
      const { atS, intervalS } = heart.beat()
      pulses.push({
        footS: atS + arrivalS + pressure() + 0.004 * breath.value(),
        height: 1 - 0.08 * breath.value() + 0.02 * random.normal(),
        scale: Math.sqrt(intervalS),
      })
      if (pulses.length > pulsesKept) pulses.shift()
    },
    sample(nowS) {
      let value = 0.06 * breath.value() + 0.003 * random.normal()
      for (let i = Math.max(0, pulses.length - 3); i < pulses.length; i++) {
        const { footS, height, scale } = pulses[i]!
        const wave = (nowS - footS - 0.16 * scale) / (0.06 * scale)
        const reflection = (nowS - footS - 0.37 * scale) / (0.11 * scale)
        value += height * (Math.exp(-(wave * wave) / 2) + 0.42 * Math.exp(-(reflection * reflection) / 2))
      }
      return clamp(Math.round(18000 + 22000 * value), 0, 65535)
    },
    ratePerMin(nowS) {
      const come = pulses.filter(({ footS }) => footS <= nowS).slice(-9)
      return (60 * (come.length - 1)) / (come.at(-1)!.footS - come[0]!.footS)
    },
  }
}
