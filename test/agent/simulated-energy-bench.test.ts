import { describe, expect, it } from 'vitest'
import {
  capacityAh,
  converterEfficiency,
  coulombEfficiency,
  createBattery,
} from '../../agent/sources/simulated/battery.ts'
import { createPhotovoltaics, dcPowerFor, invert } from '../../agent/sources/simulated/photovoltaics.ts'
import { clearSky, sunElevation } from '../../agent/sources/simulated/sky.ts'
import { run, sum } from './simulated-rows.ts'

const bench = await run('energy-bench', 9, 1801)
const [inverter, battery, load, grid] = [
  bench.numbers('inverter', 'inverter_power'),
  bench.numbers('battery', 'battery_power'),
  bench.numbers('meter', 'load_power'),
  bench.numbers('meter', 'grid_power'),
]

describe('the bus', () => {
  it('adds up at every row, to the bit', () => {
    expect(grid.length).toBe(18_010)
    expect(grid.filter((power, i) => power !== load[i]! - inverter[i]! - battery[i]!)).toEqual([])
    expect(bench.of('meter').map(({ timeNs }) => timeNs)).toEqual(bench.of('inverter').map(({ timeNs }) => timeNs))
  })
  it('has registers that are the integrals of the powers', () => {
    const energy = (powers: number[]) => (sum(powers.slice(0, 18_000)) * 0.1) / 3600
    const last = (channel: string) => bench.numbers('energy', channel).at(-1)!
    const positive = (powers: number[]) => powers.map((power) => Math.max(0, power))
    const negative = (powers: number[]) => powers.map((power) => Math.max(0, -power))
    const near = (a: number, b: number) => expect(Math.abs(a - b)).toBeLessThan(1e-9 * Math.max(1, b))
    near(last('inverter_energy'), energy(inverter))
    near(last('load_energy'), energy(load))
    near(last('grid_energy_imported'), energy(positive(grid)))
    near(last('grid_energy_exported'), energy(negative(grid)))
    near(last('battery_energy_discharged'), energy(positive(battery)))
    near(last('battery_energy_charged'), energy(negative(battery)))
    // And so do the registers among themselves.
    const balance = last('load_energy') - last('inverter_energy') - last('battery_energy_discharged')
    near(balance + last('battery_energy_charged') + last('grid_energy_exported'), last('grid_energy_imported'))
  })
  it('has registers that never fall', () => {
    for (const { name } of bench.streams[4]!.channels) {
      const values = bench.numbers('energy', name)
      expect(values[0]).toBe(0)
      expect(values.filter((value, i) => i > 0 && value < values[i - 1]!)).toEqual([])
    }
  })
  it('keeps voltage and frequency where a grid keeps them', () => {
    const voltage = bench.numbers('meter', 'grid_voltage')
    const frequency = bench.numbers('meter', 'grid_frequency')
    expect(Math.min(...voltage)).toBeGreaterThan(207)
    expect(Math.max(...voltage)).toBeLessThan(233)
    expect(Math.min(...frequency)).toBeGreaterThan(59.8)
    expect(Math.max(...frequency)).toBeLessThan(60.2)
    const slope = frequency.slice(1).map((value, i) => Math.abs(value - frequency[i]!) / 0.1)
    expect(Math.max(...slope)).toBeLessThan(0.1)
  })
})

describe('the inverter', () => {
  it('loses some of the DC power', () => {
    const dc = bench.numbers('inverter', 'dc_power')
    expect(dc.filter((power, i) => power <= inverter[i]!)).toEqual([])
    const efficiency = sum(inverter) / sum(dc)
    expect(efficiency).toBeGreaterThan(0.93)
    expect(efficiency).toBeLessThan(0.97)
    const [voltage, current] = [bench.numbers('inverter', 'dc_voltage'), bench.numbers('inverter', 'dc_current')]
    expect(dc.filter((power, i) => Math.abs(voltage[i]! * current[i]! - power) > 1e-6)).toEqual([])
  })
  it('has the efficiency of PVWatts', () => {
    // At full load the nominal 0.96 holds, by the curve's definition (to the rounding of its coefficients).
    expect(invert(5000 / 0.96)).toBeCloseTo(5000, -1)
    expect(invert(500) / 500).toBeLessThan(invert(2500) / 2500)
    expect(invert(5)).toBe(0)
    for (const power of [100, 1000, 4999]) expect(invert(dcPowerFor(power))).toBeCloseTo(power, 6)
  })
  it('throttles at its limit, sleeps at night and starts in the morning', () => {
    const step = createPhotovoltaics(0.1)
    expect(step(1100, 10)).toMatchObject({ state: 'THROTTLED', acPower: 5000 })
    expect(step(600, 10).state).toBe('MPPT')
    expect(step(0, 10)).toMatchObject({ state: 'SLEEPING', acPower: 0, dcPower: 0, dcCurrent: 0 })
    expect(step(300, 10)).toMatchObject({ state: 'STARTING', acPower: 0 })
    let state = ''
    for (let i = 0; i < 60; i++) state = step(300, 10).state
    expect(state).toBe('MPPT')
  })
})

describe('the sky', () => {
  it('has the irradiance of Haurwitz', () => {
    expect(clearSky(1)).toBeCloseTo(1098 * Math.exp(-0.059), 6)
    expect(clearSky(0.5)).toBeCloseTo(487.9, 0)
    expect(clearSky(0)).toBe(0)
    expect(clearSky(-0.3)).toBe(0)
  })
  it('has a sun that is highest at noon and gone at night', () => {
    const at = (hour: number) => sunElevation((hour - 10) * 3600)
    // At latitude 37.4 with a declination near +7.5 degrees.
    expect((Math.asin(at(12)) * 180) / Math.PI).toBeCloseTo(60.1, 0)
    expect(at(11)).toBeCloseTo(at(13), 9)
    expect(at(23)).toBeLessThan(0)
  })
  it('has clouds', () => {
    const irradiance = bench.numbers('weather', 'irradiance')
    expect(Math.min(...irradiance)).toBeLessThan(600)
    expect(Math.max(...irradiance)).toBeGreaterThan(750)
  })
})

describe('the battery', () => {
  it('counts its charge', () => {
    const charge = bench.numbers('battery', 'battery_charge')
    const current = bench.numbers('battery', 'battery_current')
    const counted = current.slice(0, -1).map((value) => (value > 0 ? value : value * coulombEfficiency))
    const expected = charge[0]! - (100 * sum(counted) * 0.1) / 3600 / capacityAh
    expect(charge.at(-1)!).toBeCloseTo(expected, 9)
  })
  it('loses some in its converter, both ways', () => {
    const dc = bench.numbers('battery', 'battery_dc_power')
    const [voltage, current] = [
      bench.numbers('battery', 'battery_voltage'),
      bench.numbers('battery', 'battery_current'),
    ]
    dc.forEach((power, i) => {
      expect(voltage[i]! * current[i]!).toBeCloseTo(power, 6)
      expect(power).toBeCloseTo(
        battery[i]! > 0 ? battery[i]! / converterEfficiency : battery[i]! * converterEfficiency,
        6,
      )
    })
    expect(battery.some((power) => power > 0) && battery.some((power) => power < 0)).toBe(true)
  })
  it('stops at both ends', () => {
    const drain = createBattery(0.2, 60)
    const fill = createBattery(0.8, 60)
    let [low, high] = [drain(5000), fill(-5000)]
    for (let i = 0; i < 2000; i++) [low, high] = [drain(5000), fill(-5000)]
    expect(low.charge).toBeGreaterThan(0.099)
    expect(low.charge).toBeLessThan(0.11)
    expect(high.charge).toBeLessThan(0.951)
    expect(high.charge).toBeGreaterThan(0.94)
  })
})
