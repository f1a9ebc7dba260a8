import { bioBench } from './bio-bench.ts'
import { drivingSimulator } from './driving-simulator.ts'
import { energyBench } from './energy-bench.ts'
import type { Rig } from './rig.ts'

/** All simulated rigs by the name a configuration gives them. */
export const rigs = {
  'driving-simulator': drivingSimulator,
  'bio-bench': bioBench,
  'energy-bench': energyBench,
} satisfies Record<string, Rig>

export type RigKind = keyof typeof rigs
export const rigKinds = Object.keys(rigs) as [RigKind, ...RigKind[]]
