import type { Breath } from './breath.ts'
import type { Heart } from './heart.ts'
import type { Random } from './random.ts'
import { clamp } from './rig.ts'

// ECG by the dynamical model of McSharry et al. (2003, see heart.ts).

const degree = Math.PI / 180
// The extrema P, Q, R, S, T of the paper (its table I; angles as in its program ECGSYN): angle, size and width.
const angles = [-70, -15, 0, 15, 100].map((angle) => angle * degree)
const sizes = [1.2, -5, 30, -7.5, 0.75]
const widths = [0.25, 0.1, 0.1, 0.1, 0.4]
/** The angles of P and T grow with the fourth root of the rate, those of Q and S with the square root (as ECGSYN). */
const isFar = [true, false, false, false, true]

/** mV for 1 of the model: an R wave of about 1.1 mV. */
const gainMillivolts = 25
/** Size of the wander of the baseline with the breath, in the model's unit. */
const wander = 0.005

export interface Ecg {
  /** Steps by `stepS` to `nowS`, up to which heart and breath have been advanced; returns the raw 12 bits. */
  step(nowS: number): number
}

/**
 * The paper's three equations run on a limit cycle of radius 1, on which x and y are cosine and sine of an angle that
 * turns by 2 pi from R wave to R wave. Started on the cycle, only z is left to integrate:
 * dz/dt = -sum(a_i d_i exp(-d_i^2 / (2 b_i^2))) - (z - z0), with d_i the angle from extremum i, by Runge-Kutta 4.
 */
export function createEcg(random: Random, heart: Heart, breath: Breath, stepS: number, noiseMillivolts: number): Ecg {
  let z = 0
  let lastPhase = 0

  /** Angle since the first beat, in turns. */
  const phaseAt = (nowS: number) => {
    const { atS, intervalS } = heart.beat()
    return heart.beats() + (nowS - atS) / intervalS
  }

  const forcing = (phase: number, rate: number, root: number) => {
    const turn = phase - Math.floor(phase)
    const angle = 2 * Math.PI * (turn > 0.5 ? turn - 1 : turn)
    let sum = 0
    for (let i = 0; i < angles.length; i++) {
      let distance = angle - angles[i]! * (isFar[i] ? root : rate)
      if (distance > Math.PI) distance -= 2 * Math.PI
      else if (distance < -Math.PI) distance += 2 * Math.PI
      const width = widths[i]! * rate
      sum += sizes[i]! * distance * Math.exp(-(distance * distance) / (2 * width * width))
    }
    return -sum
  }

  return {
    step(nowS) {
      const phase = phaseAt(nowS)
      // Widths grow with the square root of the rate (over 60/min), which keeps the heights.
      const rate = Math.sqrt(1 / heart.beat().intervalS)
      const root = Math.sqrt(rate)
      const z0 = wander * breath.value()
      const begin = forcing(lastPhase, rate, root) + z0
      const middle = forcing((lastPhase + phase) / 2, rate, root) + z0
      const end = forcing(phase, rate, root) + z0
      const k1 = begin - z
      const k2 = middle - (z + (stepS / 2) * k1)
      const k3 = middle - (z + (stepS / 2) * k2)
      const k4 = end - (z + stepS * k3)
      z += (stepS / 6) * (k1 + 2 * k2 + 2 * k3 + k4)
      lastPhase = phase
      const millivolts = gainMillivolts * z + noiseMillivolts * random.normal()
      return clamp(Math.round(millivolts * 256) + 2048, 0, 4095)
    },
  }
}
