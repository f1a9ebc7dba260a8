import type { WfdbSignal } from './header.ts'
import { formats } from './sample-formats.ts'

// What a header says of the samples themselves: each signal's first one, and the sum of all (header(5)).

interface Sum {
  signal: WfdbSignal
  index: number
  /** The lower bits of the sum. */
  sum: number
  missing: number
}

export interface Checks {
  /** Takes frames as they are read. Returns what does not fit the header, once it is known. */
  add(first: number, count: number, frames: number, samples: Int16Array[]): string[]
}

/** `whole`: false if frames are missing, so that sums cannot fit. Frames read from the middle on cannot be checked. */
export function createChecks(signals: WfdbSignal[], chosen: ReadonlySet<number>, whole = true): Checks {
  const sums: Sum[] = [...chosen].map((index) => ({ signal: signals[index]!, index, sum: 0, missing: 0 }))
  /** The frame that must come next; undefined: frames were left out, or all is said. */
  let next: number | undefined = 0
  return {
    add(first, count, frames, samples) {
      if (first === 0 && next !== undefined) {
        next = 0
        for (const sum of sums) Object.assign(sum, { sum: 0, missing: 0 })
      }
      if (first !== next) {
        next = undefined
        return []
      }
      for (const sum of sums) addSamples(sum, samples[sum.index]!)
      next = first + count
      const problems = first === 0 ? firstProblems(sums, samples) : []
      if (next < frames) return problems
      next = undefined
      return whole ? [...problems, ...sumProblems(sums)] : problems
    },
  }
}

function addSamples(sum: Sum, samples: Int16Array): void {
  const missing = formats[sum.signal.format]?.missing
  let total = sum.sum
  for (let i = 0; i < samples.length; i++) {
    const sample = samples[i]!
    total = (total + sample) | 0
    if (sample === missing) sum.missing++
  }
  sum.sum = total
}

const nameOf = ({ signal, index }: Sum): string => JSON.stringify(signal.description || `signal ${index}`)

const firstProblems = (sums: Sum[], samples: Int16Array[]): string[] =>
  sums.flatMap((sum) => {
    const { initial } = sum.signal
    const found = samples[sum.index]![0]
    if (initial === undefined || found === undefined || initial === found) return []
    return [`${nameOf(sum)} begins with ${found}, and the header says ${initial}: is this its signal file?`]
  })

const sumProblems = (sums: Sum[]): string[] =>
  sums.flatMap((sum) => {
    const { checksum, format } = sum.signal
    if (checksum === undefined) return []
    // Some writers add -32768 for what has no value, whatever stands for it in the file.
    const other = sum.sum + sum.missing * (-32_768 - (formats[format]?.missing ?? 0))
    if (low16(sum.sum) === low16(checksum) || low16(other) === low16(checksum)) return []
    return [
      `the samples of ${nameOf(sum)} add up to ${(sum.sum << 16) >> 16}, and the header says ${checksum}: they are not what was recorded`,
    ]
  })

const low16 = (value: number): number => value & 0xffff
