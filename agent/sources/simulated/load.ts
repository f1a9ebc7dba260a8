import { createDrift, type Random } from './random.ts'
import { clamp } from './rig.ts'

// The load: what always runs, a refrigerator that switches, and appliances that somebody turns on.

/** W, and mean seconds that it is on. */
const appliances = [
  { power: 1900, meanS: 120 },
  { power: 900, meanS: 60 },
  { power: 2400, meanS: 300 },
  { power: 150, meanS: 600 },
  { power: 500, meanS: 200 },
]
const meanPauseS = 45
const atOnceMax = 4

export interface Load {
  power: number
  reactivePower: number
}

/** Returns the function that steps it by `stepS`. */
export function createLoad(random: Random, stepS: number): () => Load {
  const base = random.between(250, 400)
  const unrest = createDrift(random, 12, 5, stepS)
  const on: { power: number; untilS: number }[] = []
  let nowS = 0
  let nextS = random.exponential(meanPauseS)
  let refrigerator = random.uniform() < 0.4
  let switchS = random.exponential(300)
  return () => {
    nowS += stepS
    if (nowS >= switchS) {
      refrigerator = !refrigerator
      switchS = nowS + (refrigerator ? random.between(400, 700) : random.between(800, 1400))
    }
    if (nowS >= nextS) {
      nextS = nowS + random.exponential(meanPauseS)
      const { power, meanS } = appliances[Math.floor(random.uniform() * appliances.length)]!
      const untilS = nowS + 10 + random.exponential(meanS)
      if (on.length < atOnceMax) on.push({ power: power * random.between(0.95, 1.05), untilS })
    }
    for (let i = on.length - 1; i >= 0; i--) if (on[i]!.untilS <= nowS) on.splice(i, 1)
    const motor = refrigerator ? 110 : 0
    const heating = on.reduce((sum, { power }) => sum + power, 0)
    const power = clamp(base + unrest() + motor + heating, 50, 15_000)
    // Motors and power supplies draw reactive power, heating none.
    return { power, reactivePower: 0.35 * base + 0.8 * motor }
  }
}
