import { clamp } from './rig.ts'

// The car. Lateral: the linear single-track model of P. Riekert, T. E. Schunck, "Zur Fahrmechanik des gummibereiften
// Kraftfahrzeugs", Ingenieur-Archiv 11 (1940), in the axes of ISO 8855 (x forward, y left, yaw positive to the left):
//   m (dvy/dt + v r) = Fyf + Fyr    Iz dr/dt = lf Fyf - lr Fyr
//   Fyf = cf (delta - (vy + lf r) / v)    Fyr = -cr (vy - lr r) / v
// Longitudinal: the sum of drive, brake, air and rolling resistance (Mitschke, Wallentowitz, "Dynamik der Kraftfahrzeuge").

export const car = {
  massKg: 1500,
  yawInertia: 2500,
  /** Centre of gravity to front and rear axle, m. */
  front: 1.2,
  rear: 1.5,
  /** Cornering stiffness of an axle, N/rad. */
  frontStiffness: 80_000,
  rearStiffness: 110_000,
  /** Steering wheel angle over angle at the wheels. */
  steeringRatio: 16,
  wheelRadius: 0.31,
} as const

export const wheelbase = car.front + car.rear
/** Understeer gradient, rad / (m/s2). */
export const understeer =
  (car.massKg * (car.rear * car.rearStiffness - car.front * car.frontStiffness)) /
  (wheelbase * car.frontStiffness * car.rearStiffness)

const gravity = 9.81
const rollingResistance = 0.011
/** Half of air density x drag coefficient x frontal area, kg/m. */
const drag = 0.5 * 1.2 * 0.65
/** Grip of a dry road; more braking than this engages the ABS. */
const grip = 0.86
/** Deceleration at a fully depressed brake pedal, m/s2. */
export const brakeMax = 11

const gears = [3.6, 2.1, 1.4, 1.05, 0.85, 0.7]
const finalDrive = 3.9
const idlePerMin = 800
/** N.m at the crankshaft: at full throttle, and braking when off it. */
const torqueMax = 300
const torqueDrag = 25

export interface Pedals {
  /** 0 to 1. */
  accelerator: number
  brake: number
}

export interface CarState {
  /** m/s forward and to the left, rad/s. */
  speed: number
  sideSpeed: number
  yawRate: number
  /** m/s2 of the centre of gravity, as a sensor there measures it. */
  longitudinal: number
  lateral: number
  enginePerMin: number
  gear: number
  abs: boolean
}

export interface Car {
  readonly state: CarState
  /** Angle at the front wheels, rad. */
  step(stepS: number, pedals: Pedals, wheelAngle: number): void
  /** Force at the wheels at full throttle and off it, N, in the present gear. */
  force(): { most: number; least: number }
  /** Of air and rolling, N. */
  resistance(): number
}

export function createCar(): Car {
  const state: CarState = {
    speed: 0,
    sideSpeed: 0,
    yawRate: 0,
    longitudinal: 0,
    lateral: 0,
    enginePerMin: idlePerMin,
    gear: 1,
    abs: false,
  }
  const perNewtonMetre = () => (gears[state.gear - 1]! * finalDrive) / car.wheelRadius
  const force = () => ({ most: torqueMax * perNewtonMetre(), least: -torqueDrag * perNewtonMetre() })
  const resistance = () => car.massKg * gravity * rollingResistance + drag * state.speed * state.speed

  const shift = (accelerator: number) => {
    const perMin = () => (state.speed * perNewtonMetre() * 60) / (2 * Math.PI)
    if (state.gear < gears.length && perMin() > 2300 + 2500 * accelerator) state.gear++
    else if (state.gear > 1 && perMin() < 1150 + 800 * accelerator) state.gear--
    state.enginePerMin = Math.max(idlePerMin, perMin())
  }

  const stepSpeed = (stepS: number, { accelerator, brake }: Pedals): number => {
    const { most, least } = force()
    const drive = state.speed < 0.1 && accelerator === 0 ? 0 : least + accelerator * (most - least)
    const asked = brake * brakeMax
    state.abs = asked > grip * gravity && state.speed > 2
    const braking = Math.min(asked, grip * gravity) * car.massKg
    const sum = drive - braking - resistance()
    // Brakes and resistance bring it to a stop and no further.
    const speed = Math.max(0, state.speed + (sum / car.massKg) * stepS)
    const acceleration = (speed - state.speed) / stepS
    state.speed = speed
    return acceleration
  }

  /** Implicit Euler: the equations grow stiff at low speed, where 1/v is large. Below walking speed: no slip. */
  const stepYaw = (stepS: number, wheelAngle: number): number => {
    const { speed, sideSpeed } = state
    if (speed < 1) {
      state.yawRate = (speed * wheelAngle) / wheelbase
      state.sideSpeed = car.rear * state.yawRate
      return 0
    }
    const { massKg: m, yawInertia: iz, front: lf, rear: lr, frontStiffness: cf, rearStiffness: cr } = car
    const a11 = -(cf + cr) / (m * speed)
    const a12 = (lr * cr - lf * cf) / (m * speed) - speed
    const a21 = (lr * cr - lf * cf) / (iz * speed)
    const a22 = -(lf * lf * cf + lr * lr * cr) / (iz * speed)
    const right1 = sideSpeed + (stepS * cf * wheelAngle) / m
    const right2 = state.yawRate + (stepS * lf * cf * wheelAngle) / iz
    const d11 = 1 - stepS * a11
    const d12 = -stepS * a12
    const d21 = -stepS * a21
    const d22 = 1 - stepS * a22
    const determinant = d11 * d22 - d12 * d21
    state.sideSpeed = (right1 * d22 - d12 * right2) / determinant
    state.yawRate = (d11 * right2 - d21 * right1) / determinant
    return (state.sideSpeed - sideSpeed) / stepS
  }

  return {
    state,
    force,
    resistance,
    step(stepS, pedals, wheelAngle) {
      const forward = stepSpeed(stepS, pedals)
      const sideways = stepYaw(stepS, clamp(wheelAngle, -0.6, 0.6))
      state.longitudinal = forward - state.sideSpeed * state.yawRate
      state.lateral = sideways + state.speed * state.yawRate
      shift(pedals.accelerator)
    },
  }
}
