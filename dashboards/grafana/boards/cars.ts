import type { Board } from '../dashboard.ts'
import { chart, map, states, table } from '../panels.ts'
import { newest, raw, track } from '../queries.ts'
import { band, channels, describe, leastWindow, type Stream, sharedUnit } from '../streams.ts'

// Driving simulators: the car, where it is, and its driver.

const vehicle: Stream = { measurement: 'vehicle', rateHz: 100 }
const driverEcg: Stream = { measurement: 'driver_ecg', rateHz: 500 }
const driverVitals: Stream = { measurement: 'driver_vitals', rateHz: 1 }
const carWindow = leastWindow(vehicle)
const pedals = ['accelerator_pedal', 'brake_pedal'] as const
const accelerations = ['longitudinal_acceleration', 'lateral_acceleration'] as const
const rates = ['heart_rate', 'respiration_rate'] as const

export const cars: Board = {
  id: 'cars',
  title: 'Rigline: Cars',
  description: 'Driving simulators: speed, steering, pedals, position, and the driver’s signals.',
  rigsFrom: vehicle.measurement,
  from: 'now-5m',
  refresh: '5s',
  rows: [
    {
      title: 'Now',
      panels: [
        table(
          'Newest row',
          newest(vehicle.measurement, {
            speed: 'Speed',
            steering_wheel_angle: 'Steering wheel',
            engine_speed: 'Engine',
            gear: 'Gear',
            drive_mode: 'Mode',
            is_moving: 'Moves',
            abs_engaged: 'ABS',
          }),
          {
            Time: { unit: 'dateTimeFromNow', width: 160 },
            rig: { link: { title: 'Live page', url: `\${live}` } },
            Speed: { unit: sharedUnit(['speed']), decimals: 1 },
            'Steering wheel': { unit: sharedUnit(['steering_wheel_angle']), decimals: 1 },
            Engine: { unit: 'rotrpm', decimals: 0 },
          },
          { description: 'The newest row of each car, and how long ago it was measured.', height: 4 },
        ),
      ],
    },
    {
      title: 'Drive',
      panels: [
        chart('Speed', channels(vehicle, ['speed']), {
          description: describe('speed'),
          unit: sharedUnit(['speed']),
          interval: carWindow,
          min: 0,
        }),
        chart('Steering wheel', channels(vehicle, ['steering_wheel_angle']), {
          description: describe('steering_wheel_angle'),
          unit: sharedUnit(['steering_wheel_angle']),
          interval: carWindow,
        }),
        chart('Pedals', channels(vehicle, pedals), {
          description: describe(...pedals),
          unit: sharedUnit(pedals),
          interval: carWindow,
          min: 0,
          max: 100,
          filled: true,
        }),
        chart('Acceleration', channels(vehicle, accelerations), {
          description: describe(...accelerations),
          unit: sharedUnit(accelerations),
          interval: carWindow,
        }),
        chart('Yaw rate', channels(vehicle, ['yaw_rate']), {
          description: describe('yaw_rate'),
          unit: sharedUnit(['yaw_rate']),
          interval: carWindow,
          width: 8,
        }),
        chart('Engine speed', channels(vehicle, ['engine_speed']), {
          description: describe('engine_speed'),
          unit: 'rotrpm',
          interval: carWindow,
          width: 8,
          min: 0,
        }),
        chart('Gear', channels(vehicle, ['gear'], 'last'), {
          description: describe('gear'),
          interval: carWindow,
          width: 8,
          decimals: 0,
          steps: true,
        }),
      ],
    },
    {
      title: 'Position and modes',
      panels: [
        map('Position', track(vehicle.measurement, 'latitude', 'longitude'), {
          description: `${describe('latitude', 'longitude')} The background comes from a server on the internet; without one the points stand alone.`,
          interval: '1s',
          height: 12,
        }),
        states('Mode of the transmission', channels(vehicle, ['drive_mode'], 'last'), {
          description: describe('drive_mode'),
          interval: '200ms',
          height: 4,
          colors: { NORMAL: 'green', SPORT: 'orange', ECONOMY: 'blue', SNOW: 'purple', RAIN: 'purple' },
        }),
        states('ABS', channels(vehicle, ['abs_engaged'], 'last'), {
          description: describe('abs_engaged'),
          interval: '200ms',
          height: 4,
          colors: { true: 'red', false: 'green' },
        }),
        states('Moving', channels(vehicle, ['is_moving'], 'last'), {
          description: describe('is_moving'),
          interval: '200ms',
          height: 4,
          colors: { true: 'green', false: 'text' },
        }),
      ],
    },
    {
      title: 'Driver',
      panels: [
        chart('ECG, the last 10 s', [raw(driverEcg.measurement, 'ecg', 20_000)], {
          description: `${describe('ecg')} As it was measured; of a range that does not end now, its first 40 s.`,
          unit: sharedUnit(['ecg']),
          timeFrom: '10s',
          width: 24,
        }),
        chart('ECG, lowest and highest', band(driverEcg, 'ecg'), {
          description: `${describe('ecg')} The extremes of each window: a beat does not vanish, however long the range.`,
          unit: sharedUnit(['ecg']),
          interval: leastWindow(driverEcg),
        }),
        chart('Heart and breath', channels(driverVitals, rates), {
          description: describe(...rates),
          unit: sharedUnit(rates),
          interval: leastWindow(driverVitals),
          min: 0,
        }),
      ],
    },
  ],
}
