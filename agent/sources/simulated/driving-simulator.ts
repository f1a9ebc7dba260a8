import { standardChannels } from '../../../protos/profile.ts'
import type { Value } from '../source.ts'
import { createBody } from './body.ts'
import { createCourse } from './course.ts'
import { createDriver } from './driver.ts'
import { createEcg } from './ecg.ts'
import { createPlace } from './position.ts'
import { createRandom } from './random.ts'
import { clamp, type Rig } from './rig.ts'
import { createSpeedCycle, type Phase } from './speed-cycle.ts'
import { car as built, createCar } from './vehicle.ts'

// A driving simulator's cabin, with its driver: the car at 100 Hz, the driver's ECG and vital signs.

const ticksPerS = 500
const ticksPerStep = 5
const stepS = 0.01
const degree = Math.PI / 180

/** Songdo, Incheon. */
const home = { latitude: 37.3825, longitude: 126.6569 }

const driveModes: Record<Phase['name'], string> = {
  low: 'ECONOMY',
  medium: 'NORMAL',
  high: 'NORMAL',
  'extra high': 'SPORT',
}

export const drivingSimulator: Rig = {
  ticksPerS,
  streams: [
    {
      name: 'vehicle',
      rateHz: 100,
      channels: standardChannels(
        'speed',
        'steering_wheel_angle',
        'yaw_rate',
        'longitudinal_acceleration',
        'lateral_acceleration',
        'accelerator_pedal',
        'brake_pedal',
        'engine_speed',
        'gear',
        'latitude',
        'longitude',
        'abs_engaged',
        'is_moving',
        'drive_mode',
      ),
    },
    { name: 'driver_ecg', rateHz: 500, channels: standardChannels('ecg') },
    { name: 'driver_vitals', rateHz: 1, channels: standardChannels('heart_rate', 'respiration_rate') },
  ],
  computedFrom: { 'driver_vitals.heart_rate': 'driver_ecg.ecg' },
  simulator: true,
  createModel(seed) {
    const drive = createDrive(seed)
    let ecgRaw = 0
    const body = createBody(seed, ticksPerS, 74, ({ heart, breath }) => {
      const ecg = createEcg(createRandom(seed, 'ecg'), heart, breath, 1 / ticksPerS, 0.012)
      return (nowS) => {
        ecgRaw = ecg.step(nowS)
      }
    })
    return {
      read(stream, tick) {
        drive.advance(Math.floor(tick / ticksPerStep))
        body.advance(tick, drive.strainPerMin())
        if (stream === 0) return drive.values()
        if (stream === 1) return [ecgRaw]
        return [Math.round(body.heart.ratePerMin()), Math.round(body.breath.ratePerMin())]
      },
    }
  },
}

interface Drive {
  advance(step: number): void
  values(): Value[]
  /** How much faster driving makes the heart beat: by the accelerations. */
  strainPerMin(): number
}

function createDrive(seed: number): Drive {
  const car = createCar()
  const course = createCourse(createRandom(seed, 'course'))
  const driver = createDriver(createRandom(seed, 'driver'), car, course, stepS)
  const wishAt = createSpeedCycle(createRandom(seed, 'speed cycle'))
  const noise = createRandom(seed, 'vehicle noise')
  const place = createPlace(home)
  const { state } = car
  /** From east towards north. */
  let heading = createRandom(seed, 'heading').between(0, 2 * Math.PI)
  let done = 0
  let wish = wishAt(0)

  const step = () => {
    done++
    wish = wishAt(done * stepS)
    course.steerBy(wish.phase.speedMax, place.homeSide(heading))
    driver.step(stepS, wish)
    car.step(stepS, driver.pedals, driver.wheelAngle())
    const { speed, sideSpeed, yawRate } = state
    heading += yawRate * stepS
    const sine = Math.sin(heading)
    const cosine = Math.cos(heading)
    place.move((speed * sine + sideSpeed * cosine) * stepS, (speed * cosine - sideSpeed * sine) * stepS)
  }

  return {
    advance(to) {
      while (done < to) step()
    },
    strainPerMin: () => Math.min(25, 3 * (Math.abs(state.lateral) + Math.abs(state.longitudinal)) + state.speed / 5),
    values() {
      // Inertial sensors have noise, and the road shakes them.
      const shake = 0.01 + 0.001 * state.speed
      return [
        state.speed * 3.6,
        (driver.wheelAngle() * built.steeringRatio) / degree,
        state.yawRate / degree + 0.03 * noise.normal(),
        state.longitudinal + shake * noise.normal(),
        state.lateral + shake * noise.normal(),
        clamp(100 * driver.pedals.accelerator, 0, 100),
        clamp(100 * driver.pedals.brake, 0, 100),
        state.enginePerMin + 4 * noise.normal(),
        state.gear,
        place.latitude,
        place.longitude,
        state.abs,
        state.speed > 0.05,
        driveModes[wish.phase.name],
      ]
    },
  }
}
