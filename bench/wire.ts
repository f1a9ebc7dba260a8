import { encodeEnvelope } from '../protos/envelope.ts'
import type { Batch, Column } from '../protos/types.ts'
import { type Result, round } from './rig.ts'

// Bytes a reading on the wire: whole envelopes of 500 rows.

const rows = 500

export function benchWire(): Result[] {
  const ecg = (phase: number): Column => ({
    kind: 'int',
    values: Float64Array.from({ length: rows }, (_, i) => ecgSample(i / 500 + phase)),
  })
  const f32 = (): Column => ({ kind: 'f32', values: Float32Array.from({ length: rows }, () => Math.random()) })
  return [
    bytesPerReading('wire_ecg_12_bit', 1.6, [ecg(0), ecg(0.01)], '2 leads, 500 Hz, 500 rows a batch'),
    bytesPerReading('wire_f32', 4.1, Array.from({ length: 8 }, f32), '8 x f32, 500 rows a batch'),
  ]
}

function bytesPerReading(name: string, limit: number, columns: Column[], note: string): Result {
  const period = { num: 2_000_000n, den: 1n }
  const batch: Batch = {
    schema: new Uint8Array(32).fill(7),
    rows,
    era: 0,
    times: BigInt64Array.from({ length: rows }, (_, i) => 1_700_000_000_000_000_000n + BigInt(i) * period.num),
    period,
    monotonicNs: 123_456_789_012n,
    bootId: new Uint8Array(16).fill(9),
    notRising: false,
    position: 0,
    origin: '',
    columns,
  }
  const bytes = encodeEnvelope({
    rig: 'bio-bench-1',
    spool: '01J00000000000000000000000',
    seq: 1_000_000,
    body: { type: 'batch', batch },
  })
  const value = round(bytes.length / (rows * columns.length), 4)
  return { name, value, unit: 'bytes/reading', baseline: limit, ratio: round(value / limit), note }
}

/** About an ECG in steps of 5 uV: P, QRS and T as Gaussians (McSharry et al., 2003), with two steps of noise. */
function ecgSample(t: number): number {
  const phase = (t % 0.8) / 0.8
  const wave = (at: number, width: number, height: number) => height * Math.exp(-((phase - at) ** 2) / (2 * width ** 2))
  const mV = wave(0.2, 0.025, 0.15) + wave(0.38, 0.01, 1.1) - wave(0.41, 0.01, 0.25) + wave(0.65, 0.04, 0.3)
  return Math.round(mV * 200 + 1024 + (Math.random() - 0.5) * 4)
}
