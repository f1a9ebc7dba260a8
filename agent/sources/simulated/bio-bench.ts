import { standardChannels } from '../../../protos/profile.ts'
import { createBody } from './body.ts'
import { createEcg } from './ecg.ts'
import { createEda } from './eda.ts'
import { createPpg } from './ppg.ts'
import { createDrift, createRandom } from './random.ts'
import { clamp, type Rig } from './rig.ts'

// A bio-signal bench: a person at rest with ECG, finger clip, electrodes for skin conductance and a skin thermometer.

const ticksPerS = 500

export const bioBench: Rig = {
  ticksPerS,
  streams: [
    { name: 'ecg', rateHz: 500, channels: standardChannels('ecg') },
    { name: 'ppg', rateHz: 100, channels: standardChannels('ppg') },
    { name: 'eda', rateHz: 10, channels: standardChannels('skin_conductance') },
    { name: 'skin_temperature', rateHz: 4, channels: standardChannels('skin_temperature') },
    {
      name: 'vitals',
      rateHz: 1,
      channels: standardChannels('heart_rate', 'pulse_rate', 'respiration_rate', 'oxygen_saturation'),
    },
  ],
  computedFrom: {
    'vitals.heart_rate': 'ecg.ecg',
    'vitals.pulse_rate': 'ppg.ppg',
    'vitals.oxygen_saturation': 'ppg.ppg',
  },
  simulator: false,
  createModel(seed) {
    let ecgRaw = 0
    let ppg!: ReturnType<typeof createPpg>
    const body = createBody(seed, ticksPerS, 68, ({ heart, breath }) => {
      const ecg = createEcg(createRandom(seed, 'ecg'), heart, breath, 1 / ticksPerS, 0.008)
      ppg = createPpg(createRandom(seed, 'ppg'), heart, breath)
      return (nowS) => {
        ecgRaw = ecg.step(nowS)
        ppg.advance(nowS)
      }
    })
    const eda = createEda(createRandom(seed, 'eda'), 0.1)
    const skin = createRandom(seed, 'skin')
    const skinLevel = skin.between(32.5, 34)
    const skinDrift = createDrift(skin, 0.25, 300, 0.25)
    const saturation = createDrift(createRandom(seed, 'saturation'), 0.5, 40, 1)

    const readers = [
      () => [ecgRaw],
      (nowS: number) => [ppg.sample(nowS)],
      () => [eda()],
      // A thermistor read to 0.01 degrees.
      () => [Math.round(100 * (skinLevel + skinDrift() + 0.01 * skin.normal())) / 100],
      (nowS: number) => [
        Math.round(body.heart.ratePerMin()),
        Math.round(ppg.ratePerMin(nowS)),
        Math.round(body.breath.ratePerMin()),
        // Oximeters show whole or tenths of per cent.
        Math.round(10 * clamp(97.8 + saturation(), 90, 100)) / 10,
      ],
    ]
    return {
      read(stream, tick) {
        body.advance(tick)
        return readers[stream]!(tick / ticksPerS)
      },
    }
  },
}
