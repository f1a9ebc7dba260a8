import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageRoot } from '../../common/program.ts'

// Real recordings beside the checkout, and what an independent reading of them gives.

const folder = join(packageRoot, '..', 'shared', 'data')
export const recordings = {
  ecg: join(folder, 'healthcare', 'mitdb-100-5min.csv'),
  gnss: join(folder, 'automotive', 'gps.nmea'),
  solar: join(folder, 'energy', 'surfrad-slv16001.dat'),
}
export const recordingsMissing = Object.values(recordings).every((file) => existsSync(file))
  ? undefined
  : `the recordings in ${folder} are not there`

export const ecgStart = '2024-05-01T00:00:00Z'

/** MIT-BIH 100: time in s with six decimals, two leads in mV. */
export function readEcg(): { timeNs: bigint; leads: [number, number] }[] {
  const startNs = BigInt(Date.parse(ecgStart)) * 1_000_000n
  return readFileSync(recordings.ecg, 'utf8')
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => {
      const [time, first, second] = line.split(',') as [string, string, string]
      const [seconds, micros] = time.split('.') as [string, string]
      return {
        timeNs: startNs + BigInt(seconds) * 1_000_000_000n + BigInt(micros) * 1000n,
        leads: [Number(first), Number(second)],
      }
    })
}

export const ecgSource = (options: Record<string, unknown> = {}) => ({
  type: 'replay',
  name: 'ecg',
  file: recordings.ecg,
  speed: 0,
  mapping: {
    time: { column: 'time_s', format: 'seconds', start: ecgStart },
    streams: [
      {
        name: 'ecg',
        rateHz: 360,
        channels: [
          { name: 'MLII', from: 'MLII_mV', unit: 'mV', code: 'MDC:131329' },
          { name: 'V5', from: 'V5_mV', unit: 'mV', code: 'MDC:131335' },
        ],
      },
    ],
  },
  ...options,
})

/** The SURFRAD day: minutes, with -9999.9 where nothing was measured. */
export function readSolar(): { timeNs: bigint; downwelling: number; direct: number | null; pressure: number | null }[] {
  const value = (text: string) => (Number(text) === -9999.9 ? null : Number(text))
  return readFileSync(recordings.solar, 'utf8')
    .trim()
    .split('\n')
    .slice(2)
    .map((line) => {
      const cells = line.trim().split(/\s+/)
      const [year, , month, day, hour, minute] = cells.map(Number) as [number, number, number, number, number, number]
      return {
        timeNs: BigInt(Date.UTC(year, month - 1, day, hour, minute)) * 1_000_000n,
        downwelling: Number(cells[8]),
        direct: value(cells[24]!),
        pressure: value(cells[46]!),
      }
    })
}

export const solarSource = () => ({
  type: 'replay',
  name: 'solar',
  file: recordings.solar,
  speed: 0,
  csv: { delimiter: 'whitespace', header: false, skipLines: 2 },
  mapping: {
    time: { columns: '{0}-{2}-{3}T{4}:{5}', format: 'iso' },
    streams: [
      {
        name: 'solar',
        periodS: 60,
        channels: [
          { name: 'downwelling', from: 8, unit: 'W/m2', missing: [-9999.9] },
          { name: 'direct', from: 24, unit: 'W/m2', missing: [-9999.9] },
          { name: 'pressure', from: 46, unit: 'mbar', missing: [-9999.9] },
        ],
      },
    ],
  },
})
