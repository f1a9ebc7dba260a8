import { describe, expect, it } from 'vitest'
import { createCourse } from '../../agent/sources/simulated/course.ts'
import { createRandom } from '../../agent/sources/simulated/random.ts'
import { car, createCar, understeer, wheelbase } from '../../agent/sources/simulated/vehicle.ts'
import { correlation, mean, peaks, rms, run, sum } from './simulated-rows.ts'

const degree = Math.PI / 180
const drive = await run('driving-simulator', 4, 900)
const get = (channel: string) => drive.numbers('vehicle', channel)
const speed = get('speed').map((value) => value / 3.6)
const yawRate = get('yaw_rate').map((value) => value * degree)

describe('the single-track model', () => {
  /** Holds a speed until all is steady; in the last step resistance has slowed it a little. */
  const settle = (speed: number, wheelAngle: number) => {
    const vehicle = createCar()
    for (let i = 0; i < 500; i++) {
      vehicle.state.speed = speed
      vehicle.step(0.01, { accelerator: 0, brake: 0 }, wheelAngle)
    }
    return vehicle.state
  }
  it.each([2, 3, 10, 20, 35])('turns at %d m/s as its steady state says', (held) => {
    const { speed, yawRate, lateral } = settle(held, 0.01)
    const expected = (speed * 0.01) / (wheelbase + understeer * speed * speed)
    expect(yawRate / expected).toBeCloseTo(1, 7)
    expect(lateral).toBeCloseTo(speed * yawRate, 6)
    expect(settle(held, 0).yawRate).toBe(0)
    expect(settle(held, -0.01).yawRate).toBeCloseTo(-yawRate, 12)
  })
  it('does not turn or roll when it stands', () => {
    const { yawRate, speed } = settle(0, 0.3)
    expect(yawRate).toBe(0)
    expect(speed).toBe(0)
  })
  it('brakes no harder than the road holds, and its ABS works then', () => {
    const vehicle = createCar()
    vehicle.state.speed = 30
    vehicle.step(0.01, { accelerator: 0, brake: 1 }, 0)
    expect(vehicle.state.abs).toBe(true)
    expect(vehicle.state.longitudinal).toBeGreaterThan(-10)
    for (let i = 0; i < 1000; i++) vehicle.step(0.01, { accelerator: 0, brake: 1 }, 0)
    expect(vehicle.state.speed).toBe(0)
    expect(vehicle.state.abs).toBe(false)
  })
})

it('lays out a course whose curvature never jumps', () => {
  const course = createCourse(createRandom(1, 'test'))
  let last = course.curvature(0)
  let most = 0
  for (let metres = 1; metres < 20_000; metres++) {
    const curvature = course.curvature(metres)
    expect(Math.abs(curvature - last)).toBeLessThan(2e-4)
    most = Math.max(most, Math.abs(curvature))
    last = curvature
  }
  expect(most).toBeGreaterThan(1 / 400)
})

describe('a drive', () => {
  it('has trips with stops and speeds of a driving cycle', () => {
    expect(Math.max(...speed) * 3.6).toBeGreaterThan(45)
    expect(Math.max(...speed) * 3.6).toBeLessThan(140)
    const stops = speed.filter((value, i) => i > 0 && value < 0.05 && speed[i - 1]! >= 0.05).length
    expect(stops).toBeGreaterThan(4)
    const acceleration = get('longitudinal_acceleration')
    expect(Math.max(...acceleration)).toBeLessThan(2.5)
    expect(Math.min(...acceleration)).toBeGreaterThan(-10)
  })
  it('changes its speed by its longitudinal acceleration', () => {
    const acceleration = get('longitudinal_acceleration')
    // Over each ten seconds; the noise of the sensor has no mean.
    for (let i = 0; i + 1000 < speed.length; i += 1000) {
      const gained = sum(acceleration.slice(i + 1, i + 1001)) * 0.01
      expect(Math.abs(gained - (speed[i + 1000]! - speed[i]!))).toBeLessThan(0.12)
    }
  })
  it('turns as its steering says: yaw rate near v / R', () => {
    const wheelAngle = get('steering_wheel_angle').map((value) => (value * degree) / car.steeringRatio)
    const expected = speed.map((v, i) => (v * wheelAngle[i]!) / (wheelbase + understeer * v * v))
    expect(correlation(yawRate, expected)).toBeGreaterThan(0.98)
    expect(rms(yawRate.map((rate, i) => rate - expected[i]!))).toBeLessThan(0.3 * rms(yawRate))
    const lateral = get('lateral_acceleration')
    const needed = speed.map((v, i) => v * yawRate[i]!)
    expect(rms(lateral.map((value, i) => value - needed[i]!))).toBeLessThan(0.15)
    expect(Math.max(...lateral.map(Math.abs))).toBeLessThan(4)
  })
  it('goes where its speed and its yaw rate lead', () => {
    const north = get('latitude').map((value) => value * degree * 6_364_000)
    const east = get('longitude').map((value) => value * degree * 6_378_137 * Math.cos(37.39 * degree))
    const legs = north.slice(100).map((_, i) => {
      const [dn, de] = [north[i + 100]! - north[i]!, east[i + 100]! - east[i]!]
      return { metres: Math.hypot(dn, de), heading: Math.atan2(dn, de) }
    })
    const metres = sum(legs.filter((_, i) => i % 100 === 0).map(({ metres }) => metres))
    expect(metres / (sum(speed.slice(0, legs.length)) * 0.01)).toBeCloseTo(1, 2)
    // While it drives: the heading of its path turns by the integral of its yaw rate.
    for (let i = 0; i + 300 < legs.length; i += 300) {
      if (Math.min(...speed.slice(i, i + 400)) < 5) continue
      const turned = legs[i + 200]!.heading - legs[i]!.heading
      const wrapped = turned - 2 * Math.PI * Math.round(turned / (2 * Math.PI))
      const expected = sum(yawRate.slice(i + 50, i + 250)) * 0.01
      expect(Math.abs(wrapped - expected)).toBeLessThan(0.02)
    }
  })
  it('has an engine that turns with the wheels', () => {
    const perMin = get('engine_speed')
    const gear = get('gear')
    const ratios = [3.6, 2.1, 1.4, 1.05, 0.85, 0.7]
    speed.forEach((v, i) => {
      if (v < 5) return
      // The gear changes at the end of a step.
      const wheels = (v / car.wheelRadius) * ratios[gear[i]! - 1]! * 3.9 * (60 / (2 * Math.PI))
      if (gear[i] === gear[i - 1]) expect(Math.abs(perMin[i]! - Math.max(800, wheels))).toBeLessThan(40)
    })
    expect(new Set(gear).size).toBeGreaterThan(3)
  })
  it('uses one pedal at a time, and says whether it moves', () => {
    const [accelerator, brake] = [get('accelerator_pedal'), get('brake_pedal')]
    expect(accelerator.filter((value, i) => value > 5 && brake[i]! > 5)).toEqual([])
    expect(Math.max(...brake)).toBeGreaterThan(5)
    const { channels } = drive.streams[0]!
    const moving = channels.findIndex(({ name }) => name === 'is_moving')
    expect(drive.of('vehicle').filter(({ values }, i) => values[moving] !== speed[i]! > 0.05)).toEqual([])
  })
  it('stays near home for hours', async () => {
    const { of } = await run('driving-simulator', 2, 2 * 3600, {
      faults: [{ kind: 'dropout', at: 0, stream: 'driver_ecg' }],
    })
    const last = of('vehicle').filter((_, i) => i % 6000 === 0)
    for (const { values } of last) {
      expect(Math.abs((values[9] as number) - 37.3825)).toBeLessThan(0.15)
      expect(Math.abs((values[10] as number) - 126.6569)).toBeLessThan(0.15)
    }
  }, 120_000)
})

it("has the driver's heart in the ECG and in the vital signs", () => {
  const beatsS = peaks(drive.numbers('driver_ecg', 'ecg'), drive.seconds('driver_ecg'), 0.6, 0.3)
  const rates = drive.numbers('driver_vitals', 'heart_rate')
  const differences: number[] = []
  for (let second = 15; second < 900; second++) {
    const before = beatsS.filter((time) => time <= second).slice(-9)
    differences.push(rates[second]! - (60 * 8) / (before.at(-1)! - before[0]!))
  }
  // Rounded, and at a beat that falls on the second it may count one interval more or less.
  expect(Math.max(...differences.map(Math.abs))).toBeLessThan(1.5)
  // Driving quickens it.
  const slow = rates.filter((_, i) => i > 30 && mean(speed.slice((i - 15) * 100, i * 100)) < 4)
  const fast = rates.filter((_, i) => i > 30 && mean(speed.slice((i - 15) * 100, i * 100)) > 9)
  expect(mean(fast)).toBeGreaterThan(mean(slow))
})
