import type { Board } from '../dashboard.ts'
import { chart, table } from '../panels.ts'
import { newest, raw } from '../queries.ts'
import { band, channels, describe, leastWindow, type Stream, sharedUnit } from '../streams.ts'

// Bio-signal benches.

const ecg: Stream = { measurement: 'ecg', rateHz: 500 }
const ppg: Stream = { measurement: 'ppg', rateHz: 100 }
const eda: Stream = { measurement: 'eda', rateHz: 10 }
const skin: Stream = { measurement: 'skin_temperature', rateHz: 4 }
const vitals: Stream = { measurement: 'vitals', rateHz: 1 }
const pulses = ['heart_rate', 'pulse_rate'] as const

export const health: Board = {
  id: 'health',
  title: 'Rigline: Health',
  description: 'Bio-signal benches: ECG, PPG, skin conductance and temperature, heart and breath.',
  rigsFrom: vitals.measurement,
  from: 'now-5m',
  refresh: '5s',
  rows: [
    {
      title: 'Now',
      panels: [
        table(
          'Vital signs',
          newest(vitals.measurement, {
            heart_rate: 'Heart',
            pulse_rate: 'Pulse',
            respiration_rate: 'Breath',
            oxygen_saturation: 'Oxygen',
          }),
          {
            Time: { unit: 'dateTimeFromNow', width: 160 },
            rig: { link: { title: 'Live page', url: `\${live}` } },
            Heart: { unit: sharedUnit(['heart_rate']), decimals: 0 },
            Pulse: { unit: sharedUnit(['pulse_rate']), decimals: 0 },
            Breath: { unit: sharedUnit(['respiration_rate']), decimals: 0 },
            Oxygen: {
              unit: sharedUnit(['oxygen_saturation']),
              decimals: 1,
              thresholds: [['red'], ['orange', 90], ['text', 94]],
            },
          },
          { description: 'The newest row of each bench, and how long ago it was measured.', height: 4 },
        ),
      ],
    },
    {
      title: 'Heart',
      panels: [
        chart('ECG, the last 10 s', [raw(ecg.measurement, 'ecg', 20_000)], {
          description: `${describe('ecg')} As it was measured; of a range that does not end now, its first 40 s.`,
          unit: sharedUnit(['ecg']),
          timeFrom: '10s',
          width: 24,
          height: 9,
        }),
        chart('ECG, lowest and highest', band(ecg, 'ecg'), {
          description: `${describe('ecg')} The extremes of each window: a beat does not vanish, however long the range.`,
          unit: sharedUnit(['ecg']),
          interval: leastWindow(ecg),
        }),
        chart('Heart rate', channels(vitals, pulses), {
          description: `${describe(...pulses)} The two are measured apart: where they differ, one of them is disturbed.`,
          unit: sharedUnit(pulses),
          interval: leastWindow(vitals),
        }),
      ],
    },
    {
      title: 'Finger',
      panels: [
        chart('PPG, the last 10 s', [raw(ppg.measurement, 'ppg', 20_000)], {
          description: `${describe('ppg')} As it was measured; of a range that does not end now, its first 200 s.`,
          timeFrom: '10s',
        }),
        chart('PPG, lowest and highest', band(ppg, 'ppg'), {
          description: `${describe('ppg')} The extremes of each window.`,
          interval: leastWindow(ppg),
        }),
        chart('Oxygen saturation', channels(vitals, ['oxygen_saturation']), {
          description: describe('oxygen_saturation'),
          unit: sharedUnit(['oxygen_saturation']),
          interval: leastWindow(vitals),
          thresholds: [['red'], ['orange', 90], ['green', 94]],
          max: 100,
        }),
        chart('Breath', channels(vitals, ['respiration_rate']), {
          description: describe('respiration_rate'),
          unit: sharedUnit(['respiration_rate']),
          interval: leastWindow(vitals),
          min: 0,
        }),
      ],
    },
    {
      title: 'Skin',
      panels: [
        chart('Skin conductance', channels(eda, ['skin_conductance']), {
          description: describe('skin_conductance'),
          unit: sharedUnit(['skin_conductance']),
          interval: leastWindow(eda),
        }),
        chart('Skin temperature', channels(skin, ['skin_temperature']), {
          description: describe('skin_temperature'),
          unit: sharedUnit(['skin_temperature']),
          interval: leastWindow(skin),
          decimals: 2,
        }),
      ],
    },
  ],
}
