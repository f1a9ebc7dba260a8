import type { Row } from '../source.ts'
import type { Faults } from './faults.ts'
import type { Rig, RigModel } from './rig.ts'

// The rows of all streams of a rig in the order of their ticks, at one tick in the order of the streams. A row's number
// is its place in this order, rows lost to faults included, so that it names the same row in every run.

const nsPerS = 1_000_000_000n

export interface Timeline {
  /** The tick of the next row. */
  tick(): number
  /** How many rows are behind, lost ones included. */
  position(): number
  /** Goes one row on; undefined: it is lost to a fault. Its time is counted from 0. */
  next(): Row | undefined
}

export function createTimeline(rig: Rig, model: RigModel, faults: Faults): Timeline {
  const ticksPerRow = rig.streams.map(({ rateHz }) => rig.ticksPerS / rateHz)
  const ticksPerS = BigInt(rig.ticksPerS)
  const single = rig.streams.map(({ channels }) => channels.map(({ kind }) => kind === 'f32'))
  const nextTick = rig.streams.map(() => 0)
  let stream = 0
  let rows = 0

  const advance = () => {
    nextTick[stream]! += ticksPerRow[stream]!
    rows++
    stream = 0
    for (let i = 1; i < nextTick.length; i++) if (nextTick[i]! < nextTick[stream]!) stream = i
  }

  return {
    tick: () => nextTick[stream]!,
    position: () => rows,
    next() {
      const tick = nextTick[stream]!
      const at = stream
      const values = model.read(at, tick)
      advance()
      if (!faults.apply(at, tick, values)) return undefined
      const singles = single[at]!
      for (let i = 0; i < values.length; i++) {
        // What is yielded is what is stored, to the bit.
        if (singles[i] && values[i] !== null) values[i] = Math.fround(values[i] as number)
      }
      const simulationNs = (BigInt(tick) * nsPerS) / ticksPerS
      const row: Row = { stream: at, timeNs: simulationNs + faults.stepNs(tick), values }
      if (rig.simulator) row.simulationNs = simulationNs
      return row
    },
  }
}
