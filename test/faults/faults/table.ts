import type { Fault } from '../types.ts'
import { catalogFaults } from './catalog-faults.ts'
import { clockFaults } from './clock-faults.ts'
import { copyFaults } from './copy-faults.ts'
import { damageFaults } from './damage-faults.ts'
import { deliveryFaults } from './delivery-faults.ts'
import { diskFaults } from './disk-faults.ts'
import { influxFaults } from './influx-faults.ts'
import { killFaults } from './kill.ts'
import { killAtFaults } from './kill-at.ts'
import { lakePoisoned } from './lake-poisoned.ts'
import { linkFaults } from './link-faults.ts'
import { swapFaults } from './swap-faults.ts'

/** All faults; a new file of them is added here. */
export const allFaults: readonly Fault[] = [
  ...killFaults,
  ...killAtFaults,
  ...linkFaults,
  ...deliveryFaults,
  ...influxFaults,
  ...diskFaults,
  ...damageFaults,
  ...catalogFaults,
  ...clockFaults,
  ...swapFaults,
  ...copyFaults,
  lakePoisoned,
]
