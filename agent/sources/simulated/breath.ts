import type { Random } from './random.ts'
import { clamp } from './rig.ts'

// One breath: what moves heart rate, baseline of the ECG and the PPG alike.

export interface Breath {
  advance(stepS: number): void
  /** About -1 (breathed out) to 1 (breathed in). */
  value(): number
  /** Breaths a minute, the mean of the last four. */
  ratePerMin(): number
}

const breathsKept = 4

/** Each breath has its own length and depth; both change between breaths, where the curve crosses 0. */
export function createBreath(random: Random, restPerMin: number): Breath {
  const draw = () => clamp((60 / restPerMin) * (1 + 0.1 * random.normal()), 1.5, 10)
  const lastS = Array.from({ length: breathsKept }, draw)
  let lengthS = draw()
  let depth = 1
  let phase = random.uniform()
  return {
    advance(stepS) {
      phase += stepS / lengthS
      if (phase < 1) return
      phase -= 1
      lastS.shift()
      lastS.push(lengthS)
      lengthS = draw()
      depth = clamp(1 + 0.12 * random.normal(), 0.6, 1.5)
    },
    value: () => depth * Math.sin(2 * Math.PI * phase),
    ratePerMin: () => (60 * breathsKept) / lastS.reduce((sum, each) => sum + each, 0),
  }
}
