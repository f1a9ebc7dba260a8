import { type Breath, createBreath } from './breath.ts'
import { createHeart, type Heart } from './heart.ts'
import { createRandom } from './random.ts'

// A person: one breath and one heart, whatever is measured on them.

export interface Body {
  breath: Breath
  heart: Heart
  /** Lives up to this tick, step by step. `strainPerMin`: how much faster than at rest the heart should beat. */
  advance(tick: number, strainPerMin?: number): void
}

/** Lived before tick 0, so that rates are known and waves have settled when the measurement begins, s. */
const warmUpS = 15

/** `attach` is given the body and returns what runs along with each step of it (an ECG), told the time in seconds. */
export function createBody(
  seed: number,
  ticksPerS: number,
  restPerMin: number,
  attach: (body: Omit<Body, 'advance'>) => (nowS: number) => void,
): Body {
  const random = createRandom(seed, 'body')
  const breath = createBreath(random, random.between(13, 17))
  const heart = createHeart(random, breath, restPerMin + random.between(-6, 6), -warmUpS)
  const onStep = attach({ breath, heart })
  let done = -warmUpS * ticksPerS
  const advance = (tick: number, strainPerMin = 0) => {
    while (done < tick) {
      done++
      const nowS = done / ticksPerS
      breath.advance(1 / ticksPerS)
      heart.advance(nowS, strainPerMin)
      onStep(nowS)
    }
  }
  advance(0)
  return { breath, heart, advance }
}
