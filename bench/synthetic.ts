import { setTimeout as sleep } from 'node:timers/promises'
import type { Row, Source, SourceContext } from '../agent/sources/source.ts'
import type { Schema } from '../protos/types.ts'

// A source that costs next to nothing: 8 channels of random doubles, so that what is measured is the way behind it.

export const channels = 8
const tableRows = 4096
/** In one chunk, however far behind. */
const rowsMax = 10_000

export const syntheticSchema = (stream: string): Schema => ({
  stream,
  channels: Array.from({ length: channels }, (_, i) => ({ name: `c${i}`, kind: 'f64', unit: 'm/s2' })),
})

let table: number[][] | undefined

/** Random doubles do not compress: the honest worst case for disk and Parquet. */
function randomRows(): number[][] {
  let state = 12345
  const random = () => {
    // Park and Miller, "Random number generators: good ones are hard to find", CACM 31 (1988): minimal standard.
    state = (state * 48271) % 2147483647
    return state / 2147483647
  }
  return Array.from({ length: tableRows }, () =>
    Array.from({ length: channels }, () => random() * 200 - 100 + random()),
  )
}

export interface SyntheticOptions {
  stream: string
  rows: number
  /** Rows a second; 0: as fast as they are taken. */
  rowsPerS: number
  /** The first rows are of so many seconds before the start, and come as fast as they are taken. */
  pastS?: number
}

export function createSynthetic(
  { stream, rows, rowsPerS, pastS = 0 }: SyntheticOptions,
  context: SourceContext,
): Source {
  table ??= randomRows()
  const rowsOf = table
  let state: 'running' | 'ended' = 'running'
  return {
    streams: [syntheticSchema(stream)],
    async *rows(signal) {
      const startNs = context.nowNs() - BigInt(pastS * 1e9)
      const startMs = performance.now() - pastS * 1000
      // Of a slow one nobody sees 5 ms, and 200 of them in one process cost a core.
      const pauseMs = Math.max(5, Math.min(50, 500 / (rowsPerS || 1000)))
      let done = 0
      while (done < rows && !signal.aborted) {
        const due = rowsPerS === 0 ? done + 1000 : Math.floor(((performance.now() - startMs) / 1000) * rowsPerS)
        const count = Math.min(due, rows, done + rowsMax) - done
        if (count <= 0) {
          await sleep(pauseMs)
          continue
        }
        const chunk: Row[] = new Array(count)
        for (let i = 0; i < count; i++) {
          const at = done + i
          const timeNs =
            rowsPerS === 0 ? startNs + BigInt(at) * 1000n : startNs + BigInt(Math.round((at / rowsPerS) * 1e9))
          chunk[i] = { stream: 0, timeNs, values: rowsOf[at % tableRows]! }
        }
        done += count
        yield { rows: chunk }
      }
      state = 'ended'
    },
    health: () => ({ state, badLines: 0, badLineSamples: [], detail: '' }),
    async close() {},
  }
}
