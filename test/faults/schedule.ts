import { createRandom, shuffled } from './random.ts'
import type { Fault, Random, Rig, World } from './types.ts'

// Which faults come in which round, drawn from the seed alone: of a shuffled bag, so that all kinds come before any repeats.

export interface Planned {
  fault: Fault
  touched: string[]
  random: Random
}

export interface ScheduleOptions {
  seed: string
  rounds: number
  faults: readonly Fault[]
  rigs: readonly Pick<Rig, 'rig' | 'source' | 'keepConfirmed'>[]
}

/** 1 to 3, more often more: kinds are many and rounds take time. */
const perRound = [1, 2, 3, 3]

export function planRounds({ seed, rounds, faults, rigs }: ScheduleOptions): Planned[][] {
  const random = createRandom(`${seed}/schedule`)
  const world = { rigs } as Pick<World, 'rigs'>
  let bag: Fault[] = []
  let draws = 0
  const draw = (fault: Fault): Planned => {
    const own = createRandom(`${seed}/fault ${++draws}`)
    return { fault, touched: fault.touches(world, own.fork('touches')), random: own.fork('run') }
  }
  return Array.from({ length: rounds }, () => {
    const planned: Planned[] = []
    const wanted = random.pick(perRound)
    const taken = new Set<string>()
    if (bag.length === 0) bag = shuffled(faults, random)
    for (const fault of [...bag]) {
      if (planned.length === wanted || taken.has('*')) break
      const drawn = draw(fault)
      const fits = planned.length === 0 || drawn.touched.every((name) => name !== '*' && !taken.has(name))
      if (!fits) continue
      planned.push(drawn)
      for (const name of drawn.touched) taken.add(name)
      bag.splice(bag.indexOf(fault), 1)
    }
    return planned
  })
}
