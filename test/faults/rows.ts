import { createDraws, hashWords } from './random.ts'

// What the rigs measure: row n of a stream is a function of seed, rig, stream and n alone, so that whoever knows the seed knows what
// must be in the stores. `n` counts from 0 and is the channel by which rows are found again.

export type RowValue = number | string | boolean | null
export type RowValues = Record<string, RowValue>
export type ChannelKind = 'int' | 'f64' | 'f32' | 'text' | 'bool'

export interface StreamPlan {
  stream: string
  /** What its lines have in `s`. */
  sort: string
  rowsPerS: number
  /** Beside `n`. */
  channels: { name: string; kind: ChannelKind }[]
}

export const streamPlans: readonly StreamPlan[] = [
  {
    stream: 'drive',
    sort: 'd',
    rowsPerS: 200,
    channels: [
      { name: 'x', kind: 'f64' },
      { name: 'note', kind: 'text' },
      { name: 'ok', kind: 'bool' },
      { name: 'z', kind: 'f64' },
    ],
  },
  {
    stream: '심전도',
    sort: 'e',
    rowsPerS: 100,
    channels: [
      { name: '전압', kind: 'f64' },
      { name: 'beat', kind: 'int' },
      { name: 'gain', kind: 'f32' },
    ],
  },
]

export type StreamKey = readonly [number, number, number, number]

export const streamKey = (seed: string, rig: string, stream: string): StreamKey =>
  hashWords(`${seed}\n${rig}\n${stream}`)

/** The values of row n, `n` among them. */
export function rowValues(plan: StreamPlan, [a, b, c, d]: StreamKey, n: number): RowValues {
  const draw = createDraws([(a ^ n) >>> 0, b, (c + n) >>> 0, d])
  const values: RowValues = { n }
  for (const { name, kind } of plan.channels) {
    // One in ten is missing.
    values[name] = draw() % 10 === 0 ? null : drawValue(kind, draw)
  }
  return values
}

const bits = new DataView(new ArrayBuffer(8))
const corners = [-0, 0, 5e-324, -2.2250738585072014e-308, 1.7976931348623157e308, 0.1, 1e21, -1e-7]
const words = ['ok', '', '정지', 'a, b="c"', "it's 100 %\\", 'Brücke 🚗', 'true', '12', ' ']

function drawValue(kind: ChannelKind, draw: () => number): RowValue {
  switch (kind) {
    case 'int': {
      const size = draw() % 3
      if (size === 0) return (draw() % 2000) - 1000
      const value = (draw() % 2 ** 21) * 2 ** 32 + draw()
      return size === 1 ? value : -value
    }
    case 'f64':
      if (draw() % 16 === 0) return corners[draw() % corners.length] as number
      return draw() % 4 === 0 ? anyDouble(draw) : (draw() - 2 ** 31) / 1000
    case 'f32':
      return Math.fround((draw() - 2 ** 31) / 65_536 / 7)
    case 'text':
      return draw() % 8 === 0 ? `#${draw().toString(36)}` : (words[draw() % words.length] as string)
    case 'bool':
      return draw() % 2 === 0
  }
}

/** Of any size; never NaN or an infinity. */
function anyDouble(draw: () => number): number {
  for (;;) {
    bits.setUint32(0, draw())
    bits.setUint32(4, draw())
    const value = bits.getFloat64(0)
    if (Number.isFinite(value)) return value
  }
}

/** As a device writes it: a JSON object a line. */
export function rowLine({ sort }: StreamPlan, values: RowValues, timeNs: bigint | undefined): string {
  const cells = Object.entries(values).map(([name, value]) => `${JSON.stringify(name)}:${toJson(value)}`)
  const time = timeNs === undefined ? '' : `"t":"${timeNs}",`
  return `{${time}"s":"${sort}",${cells.join(',')}}\n`
}

const toJson = (value: RowValue): string => (Object.is(value, -0) ? '-0' : JSON.stringify(value))

/** Bit by bit: -0 is not 0. */
export const sameValue = (a: RowValue, b: RowValue): boolean => Object.is(a, b)

/** The section `mapping` of an agent's source. */
export const mappingOf = (plans: readonly StreamPlan[], ownTimes: boolean) => ({
  ...(ownTimes ? { time: { column: 't', format: 'unix_ns' } } : {}),
  streams: plans.map(({ stream, sort, channels }) => ({
    name: stream,
    when: { from: 's', equals: sort },
    channels: [{ name: 'n', kind: 'int' }, ...channels],
  })),
})
