import type { LakeFile } from '../../catalog/types.ts'

/** What has rows in a span of time: a file, or a part of one. Decimal ns, both included. */
export type Spanning = Pick<LakeFile, 'minTimeNs' | 'maxTimeNs' | 'rows'>

export interface Slice<Item extends Spanning = LakeFile> {
  /** Included. */
  fromNs: bigint | undefined
  /** Not included. */
  toNs: bigint | undefined
  /** Those that have rows in it, as far as their spans tell. */
  files: Item[]
}

/**
 * Cuts the time that files span into slices of about `rowsMax` rows, in order and without a hole, so that the rows
 * of files that overlap (a backlog beside live data) can be sorted slice by slice. A file's rows are taken to be spread
 * evenly over its span.
 */
export function sliceTime<Item extends Spanning>(
  files: readonly Item[],
  { fromNs, toNs }: { fromNs?: bigint | undefined; toNs?: bigint | undefined },
  rowsMax: number,
): Slice<Item>[] {
  const marks = files.flatMap(({ minTimeNs, maxTimeNs, rows }) => {
    const min = BigInt(minTimeNs)
    const length = BigInt(maxTimeNs) - min
    const pieces = Math.max(1, Math.ceil((2 * rows) / rowsMax))
    return Array.from({ length: pieces }, (_, i) => ({
      atNs: min + (length * BigInt(i)) / BigInt(pieces),
      rows: rows / pieces,
    }))
  })
  marks.sort((a, b) => (a.atNs < b.atNs ? -1 : a.atNs > b.atNs ? 1 : 0))
  const cuts: (bigint | undefined)[] = [fromNs]
  let rows = 0
  for (const mark of marks) {
    const last = cuts.at(-1) ?? marks[0]!.atNs
    const inside = (toNs === undefined || mark.atNs < toNs) && mark.atNs > last
    if (rows >= rowsMax && inside) {
      cuts.push(mark.atNs)
      rows = 0
    }
    rows += mark.rows
  }
  return cuts.map((from, i) => {
    const to = i + 1 < cuts.length ? cuts[i + 1] : toNs
    const overlapping = files.filter(
      (file) =>
        (to === undefined || BigInt(file.minTimeNs) < to) && (from === undefined || BigInt(file.maxTimeNs) >= from),
    )
    return { fromNs: from, toNs: to, files: overlapping }
  })
}
