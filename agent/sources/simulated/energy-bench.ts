import { standardChannels } from '../../../protos/profile.ts'
import type { Value } from '../source.ts'
import { createBattery } from './battery.ts'
import { createLoad } from './load.ts'
import { createPhotovoltaics } from './photovoltaics.ts'
import { createDrift, createRandom } from './random.ts'
import type { Rig } from './rig.ts'
import { createSky } from './sky.ts'

// An energy bench: PV field, inverter, battery, load and the grid meter, all on one AC bus. At each row
// grid = load - inverter - battery, to the last bit; the registers are the sums of these powers.

const ticksPerS = 10
const stepS = 0.1
const nominalVoltage = 220
const nominalHz = 60
/** Of the line to the transformer, Ohm a phase. */
const lineResistance = 0.25

export const energyBench: Rig = {
  ticksPerS,
  streams: [
    {
      name: 'inverter',
      rateHz: 10,
      channels: standardChannels(
        'inverter_power',
        'inverter_reactive_power',
        'inverter_current',
        'dc_power',
        'dc_voltage',
        'dc_current',
        'inverter_state',
      ),
    },
    {
      name: 'battery',
      rateHz: 10,
      channels: standardChannels(
        'battery_charge',
        'battery_power',
        'battery_dc_power',
        'battery_voltage',
        'battery_current',
      ),
    },
    {
      name: 'meter',
      rateHz: 10,
      channels: standardChannels('grid_power', 'load_power', 'grid_reactive_power', 'grid_voltage', 'grid_frequency'),
    },
    {
      name: 'weather',
      rateHz: 1,
      channels: standardChannels('irradiance', 'module_temperature', 'ambient_temperature'),
    },
    {
      name: 'energy',
      rateHz: 1,
      channels: standardChannels(
        'inverter_energy',
        'load_energy',
        'grid_energy_imported',
        'grid_energy_exported',
        'battery_energy_charged',
        'battery_energy_discharged',
      ),
    },
  ],
  computedFrom: {},
  simulator: false,
  createModel(seed) {
    const bus = createBus(seed)
    return {
      read(stream, tick) {
        bus.advance(tick)
        return bus.values(stream)
      },
    }
  },
}

function createBus(seed: number): { advance(tick: number): void; values(stream: number): Value[] } {
  const sky = createSky(createRandom(seed, 'sky'), stepS)
  const air = createRandom(seed, 'air')
  const airLevel = air.between(14, 24)
  const airDrift = createDrift(air, 0.4, 600, stepS)
  const photovoltaics = createPhotovoltaics(stepS)
  const load = createLoad(createRandom(seed, 'load'), stepS)
  const battery = createBattery(createRandom(seed, 'charge').between(0.4, 0.7), stepS)
  const grid = createRandom(seed, 'grid')
  const voltageDrift = createDrift(grid, 1.2, 30, stepS)
  // Inertia keeps the frequency from jumping: a drift behind a lag.
  const frequencyDrift = createDrift(grid, 0.025, 20, stepS)
  let frequencyOffset = 0

  const sample = (elapsedS: number) => {
    const ambient = airLevel + airDrift()
    const irradiance = sky(elapsedS)
    const pv = photovoltaics(irradiance, ambient)
    const used = load()
    // The battery keeps what it can off the grid.
    const stored = battery(used.power - pv.acPower)
    const gridPower = used.power - pv.acPower - stored.acPower
    frequencyOffset += (frequencyDrift() - frequencyOffset) * (1 - Math.exp(-stepS / 2))
    const voltage = nominalVoltage + voltageDrift() - (lineResistance * gridPower) / 3 / nominalVoltage
    return { ambient, irradiance, pv, used, stored, gridPower, voltage, frequency: nominalHz + frequencyOffset }
  }

  // Register values at the beginning of the step whose powers `now` holds, W.h.
  const registers = { inverter: 0, load: 0, imported: 0, exported: 0, charged: 0, discharged: 0 }
  const stepHours = stepS / 3600
  let now = sample(0)
  let done = 0

  const register = () => {
    registers.inverter += now.pv.acPower * stepHours
    registers.load += now.used.power * stepHours
    if (now.gridPower > 0) registers.imported += now.gridPower * stepHours
    else registers.exported -= now.gridPower * stepHours
    if (now.stored.acPower > 0) registers.discharged += now.stored.acPower * stepHours
    else registers.charged -= now.stored.acPower * stepHours
  }

  const readers: (() => Value[])[] = [
    () => {
      const { acPower, reactivePower, dcPower, dcVoltage, dcCurrent, state } = now.pv
      const apparent = Math.sqrt(acPower * acPower + reactivePower * reactivePower)
      return [acPower, reactivePower, apparent / now.voltage, dcPower, dcVoltage, dcCurrent, state]
    },
    () => {
      const { charge, acPower, dcPower, voltage, current } = now.stored
      return [100 * charge, acPower, dcPower, voltage, current]
    },
    () => [now.gridPower, now.used.power, now.used.reactivePower - now.pv.reactivePower, now.voltage, now.frequency],
    () => [now.irradiance, now.pv.moduleTemperature, now.ambient],
    () => [
      registers.inverter,
      registers.load,
      registers.imported,
      registers.exported,
      registers.charged,
      registers.discharged,
    ],
  ]
  return {
    advance(tick) {
      while (done < tick) {
        register()
        done++
        now = sample(done * stepS)
      }
    },
    values: (stream) => readers[stream]!(),
  }
}
