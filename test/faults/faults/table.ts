import type { Fault } from '../types.ts'
import { killFaults } from './kill.ts'

/** All faults; a new file of them is added here. */
export const allFaults: readonly Fault[] = [...killFaults]
