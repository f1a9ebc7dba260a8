// M4 over rows that come in order of time, era by era: of each pixel and channel the first, the lowest, the highest and the last row.

export interface M4 {
  /**
   * A chunk of rows, times rising. `validity`: one bit a row, lowest first, 1 = present; absent if all are. Chunks of one era
   * must come in order; several eras may overlap.
   */
  add(times: BigInt64Array, values: Float64Array, validity: Uint8Array | undefined): void
  /** In order of time, each row once. */
  points(): { timesNs: BigInt64Array; values: Float64Array }
  readonly present: number
  readonly missing: number
  readonly notFinite: number
}

/** Which pixel a time falls into: floor((t - from) * pixels / (to - from)). */
export interface Pixels {
  count: number
  /** Where each begins, and behind them all the end. */
  bounds: BigInt64Array
}

export function cutPixels(fromNs: bigint, toNs: bigint, count: number): Pixels {
  const length = toNs - fromNs
  const n = BigInt(count)
  // The least t with (t - from) * n >= i * length.
  const bounds = BigInt64Array.from({ length: count + 1 }, (_, i) => fromNs + (BigInt(i) * length + n - 1n) / n)
  return { count, bounds }
}

const slots = 4
const [first, low, high, last] = [0, 1, 2, 3] as const

export function createM4({ count, bounds }: Pixels): M4 {
  const times = new BigInt64Array(count * slots)
  const values = new Float64Array(count * slots)
  /** Order of arrival, for rows of one time. */
  const ranks = new Float64Array(count * slots)
  const used = new Uint8Array(count)
  let pixel = 0
  let row = 0
  let present = 0
  let missing = 0
  let notFinite = 0

  const put = (slot: number, t: bigint, value: number, rank: number) => {
    times[slot] = t
    values[slot] = value
    ranks[slot] = rank
  }

  /** Rows [from, to) of a chunk, all of one pixel. */
  const scan = (
    chunkTimes: BigInt64Array,
    chunkValues: Float64Array,
    validity: Uint8Array | undefined,
    from: number,
    to: number,
  ) => {
    let firstRow = -1
    let lastRow = -1
    let lowRow = -1
    let highRow = -1
    let lowest = Number.POSITIVE_INFINITY
    let highest = Number.NEGATIVE_INFINITY
    for (let i = from; i < to; i++) {
      if (validity && !(validity[i >> 3]! & (1 << (i & 7)))) {
        missing++
        continue
      }
      const value = chunkValues[i]!
      // Neither NaN nor infinite.
      if (value - value !== 0) {
        notFinite++
        continue
      }
      present++
      if (firstRow < 0) firstRow = i
      lastRow = i
      if (value < lowest) {
        lowest = value
        lowRow = i
      }
      if (value > highest) {
        highest = value
        highRow = i
      }
    }
    if (firstRow >= 0) merge(chunkTimes, chunkValues, firstRow, lowRow, highRow, lastRow)
  }

  const merge = (
    chunkTimes: BigInt64Array,
    chunkValues: Float64Array,
    firstRow: number,
    lowRow: number,
    highRow: number,
    lastRow: number,
  ) => {
    const at = pixel * slots
    const isNew = used[pixel] === 0
    used[pixel] = 1
    const rankOf = (i: number) => row + i
    const tFirst = chunkTimes[firstRow]!
    const tLast = chunkTimes[lastRow]!
    if (isNew || tFirst < times[at + first]!) put(at + first, tFirst, chunkValues[firstRow]!, rankOf(firstRow))
    if (isNew || tLast >= times[at + last]!) put(at + last, tLast, chunkValues[lastRow]!, rankOf(lastRow))
    const lowest = chunkValues[lowRow]!
    const tLow = chunkTimes[lowRow]!
    if (isNew || lowest < values[at + low]! || (lowest === values[at + low] && tLow < times[at + low]!)) {
      put(at + low, tLow, lowest, rankOf(lowRow))
    }
    const highest = chunkValues[highRow]!
    const tHigh = chunkTimes[highRow]!
    if (isNew || highest > values[at + high]! || (highest === values[at + high] && tHigh < times[at + high]!)) {
      put(at + high, tHigh, highest, rankOf(highRow))
    }
  }

  return {
    add(chunkTimes, chunkValues, validity) {
      const rows = chunkTimes.length
      let from = 0
      while (from < rows) {
        const t = chunkTimes[from]!
        pixel = pixelOf(bounds, t, pixel)
        const end = bounds[pixel + 1]!
        const to = chunkTimes[rows - 1]! < end ? rows : firstAtOrAfter(chunkTimes, end, from, rows)
        scan(chunkTimes, chunkValues, validity, from, to)
        from = to
      }
      row += rows
    },
    points() {
      const order: number[] = []
      for (let p = 0; p < count; p++) {
        if (used[p] === 0) continue
        const ofPixel = [first, low, high, last].map((slot) => p * slots + slot)
        ofPixel.sort((a, b) => (times[a]! < times[b]! ? -1 : times[a]! > times[b]! ? 1 : ranks[a]! - ranks[b]!))
        for (const [i, slot] of ofPixel.entries())
          if (i === 0 || ranks[slot] !== ranks[ofPixel[i - 1]!]) order.push(slot)
      }
      return {
        timesNs: BigInt64Array.from(order, (slot) => times[slot]!),
        values: Float64Array.from(order, (slot) => values[slot]!),
      }
    },
    get present() {
      return present
    },
    get missing() {
      return missing
    },
    get notFinite() {
      return notFinite
    },
  }
}

/** Mostly that of the row before, or the next. */
function pixelOf(bounds: BigInt64Array, t: bigint, guess: number): number {
  if (t >= bounds[guess]! && t < bounds[guess + 1]!) return guess
  return firstAfter(bounds, t) - 1
}

/** The first index whose bound is above t. */
function firstAfter(bounds: BigInt64Array, t: bigint): number {
  let low = 0
  let high = bounds.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (bounds[middle]! > t) high = middle
    else low = middle + 1
  }
  return low
}

function firstAtOrAfter(times: BigInt64Array, t: bigint, from: number, to: number): number {
  let low = from
  let high = to
  while (low < high) {
    const middle = (low + high) >> 1
    if (times[middle]! >= t) high = middle
    else low = middle + 1
  }
  return low
}
