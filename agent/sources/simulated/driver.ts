import type { Course } from './course.ts'
import { createDrift, type Random } from './random.ts'
import { clamp } from './rig.ts'
import type { Wish } from './speed-cycle.ts'
import { brakeMax, car as built, type Car, type Pedals, understeer, wheelbase } from './vehicle.ts'

// The driver: pedals by the wish for speed, steering by what is seen of the road ahead (anticipatory) and by the
// deviation from the lane (compensatory): E. Donges, "A Two-Level Model of Driver Steering Behavior", Human Factors 20
// (1978).

/** Lags of hands and feet, s, and how far ahead the driver looks to make up for his own and the car's. */
const handLagS = 0.15
const footLagS = 0.15
const previewS = 0.3
/** The loop over the lane deviation: natural frequency, rad/s, and damping. */
const frequency = 0.7
const damping = 0.8

export interface Driver {
  readonly pedals: Pedals
  /** Angle at the front wheels, rad. */
  wheelAngle(): number
  step(stepS: number, wish: Wish): void
}

export function createDriver(random: Random, car: Car, course: Course, stepS: number): Driver {
  const unrest = createDrift(random, 0.0006, 0.4, stepS)
  const pedals: Pedals = { accelerator: 0, brake: 0.2 }
  let wheelAngle = 0
  // The car in coordinates of the lane.
  let distanceM = 0
  let deviationM = 0
  let heading = 0

  const stepLane = (stepS: number) => {
    const { speed, sideSpeed, yawRate } = car.state
    const curvature = course.curvature(distanceM)
    const along = (speed * Math.cos(heading) - sideSpeed * Math.sin(heading)) / (1 - curvature * deviationM)
    deviationM += (speed * Math.sin(heading) + sideSpeed * Math.cos(heading)) * stepS
    heading += (yawRate - curvature * along) * stepS
    distanceM += along * stepS
  }

  const steer = (stepS: number) => {
    const { speed } = car.state
    const seen = course.curvature(distanceM + previewS * speed)
    const perCurvature = wheelbase + understeer * speed * speed
    const firm = Math.max(speed, 6)
    const correction = frequency * frequency * deviationM + 2 * damping * frequency * firm * heading
    const wanted = perCurvature * (seen - correction / (firm * firm)) + (speed > 1 ? unrest() : 0)
    wheelAngle += (clamp(wanted, -0.5, 0.5) - wheelAngle) * (1 - Math.exp(-stepS / handLagS))
  }

  const press = (stepS: number, { speed: wanted, acceleration }: Wish) => {
    const { most, least } = car.force()
    const force = built.massKg * (acceleration + 1.2 * (wanted - car.state.speed)) + car.resistance()
    const standing = wanted < 0.05 && car.state.speed < 0.5
    const accelerator = standing ? 0 : clamp((force - least) / (most - least), 0, 1)
    const brake = standing ? 0.2 : clamp((least - force) / (built.massKg * brakeMax), 0, 1)
    const share = 1 - Math.exp(-stepS / footLagS)
    // One foot: it presses the other pedal once it has left this one.
    pedals.accelerator = settle(pedals.accelerator, pedals.brake > 0 ? 0 : accelerator, share)
    pedals.brake = settle(pedals.brake, pedals.accelerator > 0 ? 0 : brake, share)
  }

  return {
    pedals,
    wheelAngle: () => wheelAngle,
    step(stepS, wish) {
      stepLane(stepS)
      steer(stepS)
      press(stepS, wish)
    },
  }
}

/** A foot leaves a pedal altogether. */
const settle = (value: number, wanted: number, share: number): number => {
  const next = value + (wanted - value) * share
  return next < 0.01 && wanted === 0 ? 0 : next
}
