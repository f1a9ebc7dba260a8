import { clamp } from './rig.ts'

// PV field and inverter as in PVWatts: A. P. Dobos, "PVWatts Version 5 Manual", NREL/TP-6A20-62641 (2014).

/** W of the field under standard test conditions, and what the inverter gives at most. */
const fieldPower = 6000
export const inverterPowerMax = 5000
/** Change of the field's power a degree above 25. */
const temperatureCoefficient = -0.0047
/** Degrees above the air in 800 W/m2 (nominal operating cell temperature less 20): R. G. Ross, IEEE PVSC 12 (1976). */
const nominalRise = 26
const moduleTauS = 240

const nominalEfficiency = 0.96
const referenceEfficiency = 0.9637
const dcPowerMax = inverterPowerMax / nominalEfficiency

/** AC power of a DC power, W: the manual's curve of part load. Below some 10 W its own needs eat it up. */
export function invert(dcPower: number): number {
  const load = dcPower / dcPowerMax
  if (load <= 0) return 0
  const efficiency = (nominalEfficiency / referenceEfficiency) * (-0.0162 * load - 0.0059 / load + 0.9858)
  return Math.max(0, efficiency * dcPower)
}

/** The inverse: DC power for which `invert` gives this AC power, which is a quadratic in the load. */
export function dcPowerFor(acPower: number): number {
  const scale = (nominalEfficiency / referenceEfficiency) * dcPowerMax
  // -0.0162 x^2 + 0.9858 x - 0.0059 = acPower / scale
  const rest = 0.0059 + acPower / scale
  return (dcPowerMax * (0.9858 - Math.sqrt(0.9858 * 0.9858 - 4 * 0.0162 * rest))) / (2 * 0.0162)
}

/** States of SunSpec model 103, point St, that it goes through. */
export type InverterState = 'SLEEPING' | 'STARTING' | 'MPPT' | 'THROTTLED'

export interface Photovoltaics {
  dcPower: number
  dcVoltage: number
  dcCurrent: number
  acPower: number
  reactivePower: number
  moduleTemperature: number
  state: InverterState
}

const wakePower = 40
const startS = 5
/** It draws reactive power for a power factor of 0.99. */
const reactiveShare = -Math.sqrt(1 / (0.99 * 0.99) - 1)

/** Returns the function that steps it by `stepS`: irradiance W/m2, air temperature Cel. */
export function createPhotovoltaics(stepS: number): (irradiance: number, air: number) => Photovoltaics {
  let moduleTemperature: number | undefined
  let awakeS = startS
  return (irradiance, air) => {
    const settled = air + (nominalRise * irradiance) / 800
    moduleTemperature ??= settled
    moduleTemperature += (settled - moduleTemperature) * (1 - Math.exp(-stepS / moduleTauS))
    const warm = moduleTemperature - 25
    const available = fieldPower * (irradiance / 1000) * (1 + temperatureCoefficient * warm)
    awakeS = available < wakePower ? 0 : awakeS + stepS
    const state: InverterState =
      available < wakePower
        ? 'SLEEPING'
        : awakeS < startS
          ? 'STARTING'
          : invert(available) > inverterPowerMax
            ? 'THROTTLED'
            : 'MPPT'
    const runs = state === 'MPPT' || state === 'THROTTLED'
    // Throttled, it leaves the maximum power point until the AC side is at its limit.
    const dcPower = state === 'THROTTLED' ? dcPowerFor(inverterPowerMax) : runs ? available : 0
    const acPower = state === 'THROTTLED' ? inverterPowerMax : invert(dcPower)
    const throttle = runs ? 1 - dcPower / available : 0
    const light = clamp(irradiance / 1000, 1e-4, 2)
    // Open, the voltage is about a quarter above that of the maximum power point.
    const voltage = 600 * (1 - 0.0029 * warm) * (1 + 0.03 * Math.log(light)) * (runs ? 1 + 0.25 * throttle : 1.25)
    const dcVoltage = Math.max(0, voltage)
    return {
      dcPower,
      dcVoltage,
      dcCurrent: dcVoltage > 0 ? dcPower / dcVoltage : 0,
      acPower,
      reactivePower: reactiveShare * acPower,
      moduleTemperature,
      state,
    }
  }
}
