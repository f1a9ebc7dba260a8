import { clamp } from './rig.ts'

// Battery of 16 LFP cells with its converter: charge by counting coulombs, voltage by open-circuit curve and inner
// resistance (the Rint model; H. He, R. Xiong, J. Fan, Energies 4 (2011)).

export const capacityAh = 200
export const coulombEfficiency = 0.99
export const converterEfficiency = 0.96
const powerMax = 3000
const resistance = 0.012
/** Seconds in which the converter follows. */
const lagS = 0.3
const chargeLow = 0.1
const chargeHigh = 0.95

/** Open-circuit voltage of a cell by state of charge: the flat curve of LFP. */
const openCircuit = [
  [0, 2.9],
  [0.1, 3.2],
  [0.3, 3.27],
  [0.5, 3.3],
  [0.7, 3.33],
  [0.9, 3.35],
  [1, 3.45],
] as const
const cells = 16

export function openCircuitVoltage(charge: number): number {
  const upper = openCircuit.findIndex(([at], i) => i > 0 && charge <= at)
  const [toCharge, toVoltage] = openCircuit[upper < 0 ? openCircuit.length - 1 : upper]!
  const [fromCharge, fromVoltage] = openCircuit[upper < 0 ? openCircuit.length - 2 : upper - 1]!
  const share = (charge - fromCharge) / (toCharge - fromCharge)
  return cells * (fromVoltage + share * (toVoltage - fromVoltage))
}

export interface Battery {
  /** 0 to 1. */
  charge: number
  voltage: number
  /** A, W: positive when it discharges. */
  current: number
  dcPower: number
  acPower: number
}

/**
 * Returns the function that steps it by `stepS` towards an AC power (W, positive discharges) and gives the state in
 * which it spends the step, with the charge at the step's beginning.
 */
export function createBattery(startCharge: number, stepS: number): (wantedPower: number) => Battery {
  let charge = startCharge
  let acPower = 0
  return (wantedPower) => {
    // Near its ends it is taken back, linearly over the last 5 %.
    const discharge = powerMax * clamp((charge - chargeLow) / 0.05, 0, 1)
    const recharge = powerMax * clamp((chargeHigh - charge) / 0.05, 0, 1)
    acPower += (clamp(wantedPower, -recharge, discharge) - acPower) * (1 - Math.exp(-stepS / lagS))
    const dcPower = acPower > 0 ? acPower / converterEfficiency : acPower * converterEfficiency
    // p = (u - r i) i, solved for i.
    const open = openCircuitVoltage(charge)
    const current = (open - Math.sqrt(open * open - 4 * resistance * dcPower)) / (2 * resistance)
    const state = { charge, voltage: open - resistance * current, current, dcPower, acPower }
    const counted = current > 0 ? current : current * coulombEfficiency
    charge = clamp(charge - (counted * stepS) / 3600 / capacityAh, 0, 1)
    return state
  }
}
