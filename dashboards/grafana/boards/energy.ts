import type { StandardChannel } from '../../../protos/profile.ts'
import type { Board } from '../dashboard.ts'
import { chart, type Panel, states, table } from '../panels.ts'
import { newest } from '../queries.ts'
import { channels, describe, leastWindow, named, type Stream, sharedUnit } from '../streams.ts'

// Energy benches: PV field, inverter, battery, load and grid on one bus.

const inverter: Stream = { measurement: 'inverter', rateHz: 10 }
const battery: Stream = { measurement: 'battery', rateHz: 10 }
const meter: Stream = { measurement: 'meter', rateHz: 10 }
const weather: Stream = { measurement: 'weather', rateHz: 1 }
const registers: Stream = { measurement: 'energy', rateHz: 1 }
const powerWindow = leastWindow(meter)

const lines = (
  title: string,
  stream: Stream,
  names: readonly StandardChannel[],
  more: Partial<Parameters<typeof chart>[2]> = {},
): Panel =>
  chart(title, channels(stream, names), {
    description: describe(...names),
    unit: sharedUnit(names),
    interval: leastWindow(stream),
    width: 8,
    ...more,
  })

export const energy: Board = {
  id: 'energy',
  title: 'Rigline: Energy',
  description: 'Energy benches: irradiance, PV, inverter, battery, load and grid.',
  rigsFrom: meter.measurement,
  from: 'now-15m',
  refresh: '10s',
  rows: [
    {
      title: 'Now',
      panels: [
        table(
          'At the grid meter',
          newest(meter.measurement, {
            load_power: 'Load',
            grid_power: 'Grid',
            grid_voltage: 'Voltage',
            grid_frequency: 'Frequency',
          }),
          {
            Time: { unit: 'dateTimeFromNow', width: 160 },
            rig: { link: { title: 'Live page', url: `\${live}` } },
            Load: { unit: 'watt' },
            Grid: { unit: 'watt', thresholds: [['green'], ['text', 0]] },
            Voltage: { unit: 'volt', decimals: 1, thresholds: [['orange'], ['text', 198], ['orange', 242]] },
            Frequency: { unit: 'hertz', decimals: 3, thresholds: [['orange'], ['text', 59.8], ['orange', 60.2]] },
          },
          {
            description: 'The newest row of each bench. Grid: positive when imported, green when exported.',
            width: 12,
            height: 5,
          },
        ),
        table(
          'At the battery',
          newest(battery.measurement, {
            battery_charge: 'Charge',
            battery_power: 'Power',
            battery_voltage: 'Voltage',
            battery_current: 'Current',
          }),
          {
            Time: { unit: 'dateTimeFromNow', width: 160 },
            Charge: { unit: 'percent', decimals: 1, thresholds: [['red'], ['orange', 10], ['text', 20]] },
            Power: { unit: 'watt' },
            Voltage: { unit: 'volt', decimals: 2 },
            Current: { unit: 'amp', decimals: 1 },
          },
          {
            description: 'The newest row of each battery. Power and current: positive when it discharges.',
            width: 12,
            height: 5,
          },
        ),
      ],
    },
    {
      title: 'Power on the bus',
      panels: [
        chart(
          'Power',
          [
            ...named(inverter, ['inverter_power']),
            ...named(meter, ['load_power', 'grid_power']),
            ...named(battery, ['battery_power']),
          ],
          {
            description: `${describe('inverter_power', 'load_power', 'grid_power', 'battery_power')} At each moment grid = load - inverter - battery.`,
            unit: sharedUnit(['inverter_power', 'load_power', 'grid_power', 'battery_power']),
            interval: powerWindow,
            width: 24,
            height: 10,
          },
        ),
        lines('Battery power', battery, ['battery_power', 'battery_dc_power'], { width: 12 }),
        lines('Charge', battery, ['battery_charge'], {
          width: 12,
          min: 0,
          max: 100,
          thresholds: [['red'], ['orange', 10], ['green', 20]],
        }),
      ],
    },
    {
      title: 'Sun and PV field',
      panels: [
        lines('Irradiance', weather, ['irradiance'], { min: 0, filled: true }),
        lines('Temperatures', weather, ['module_temperature', 'ambient_temperature']),
        lines('DC power', inverter, ['dc_power'], { min: 0 }),
        lines('DC voltage', inverter, ['dc_voltage']),
        lines('DC current', inverter, ['dc_current'], { min: 0 }),
        states('State of the inverter', channels(inverter, ['inverter_state'], 'last'), {
          description: describe('inverter_state'),
          interval: '1s',
          width: 8,
          height: 8,
          colors: {
            MPPT: 'green',
            THROTTLED: 'yellow',
            STARTING: 'blue',
            SLEEPING: 'text',
            STANDBY: 'text',
            OFF: 'text',
            SHUTTING_DOWN: 'orange',
            FAULT: 'red',
          },
        }),
      ],
    },
    {
      title: 'Battery and grid',
      panels: [
        lines('Battery voltage', battery, ['battery_voltage'], { decimals: 2 }),
        lines('Battery current', battery, ['battery_current']),
        lines('Inverter current', inverter, ['inverter_current'], { min: 0 }),
        lines('Grid voltage', meter, ['grid_voltage'], { thresholds: [['orange'], ['green', 198], ['orange', 242]] }),
        lines('Grid frequency', meter, ['grid_frequency'], {
          decimals: 3,
          thresholds: [['orange'], ['green', 59.8], ['orange', 60.2]],
        }),
        chart(
          'Reactive power',
          [...named(meter, ['grid_reactive_power']), ...named(inverter, ['inverter_reactive_power'])],
          {
            description: describe('grid_reactive_power', 'inverter_reactive_power'),
            unit: sharedUnit(['grid_reactive_power', 'inverter_reactive_power']),
            interval: powerWindow,
            width: 8,
          },
        ),
      ],
    },
    {
      title: 'Energy registers',
      panels: [
        chart(
          'Registers',
          channels(
            registers,
            [
              'inverter_energy',
              'load_energy',
              'grid_energy_imported',
              'grid_energy_exported',
              'battery_energy_charged',
              'battery_energy_discharged',
            ],
            'last',
          ),
          {
            description: 'Counters of energy since the bench started; a fall to zero is a new start.',
            unit: sharedUnit(['inverter_energy', 'load_energy', 'grid_energy_imported', 'grid_energy_exported']),
            interval: leastWindow(registers),
            width: 24,
            min: 0,
          },
        ),
      ],
    },
  ],
}
