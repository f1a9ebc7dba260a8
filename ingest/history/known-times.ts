// The times of files that were read, kept for the next channel of the same stream: files never change, and the times are half of what a thinned series
// has to read. Bounded in bytes; what was not asked for longest goes first.

export interface WholeFile {
  file: string
  rows: number
}

export interface KnownTimes {
  /** All of them, or undefined if one is not known. */
  of(files: readonly WholeFile[]): BigInt64Array[] | undefined
  put(file: string, times: BigInt64Array): void
}

export function createKnownTimes(bytesMax = 48 * 1024 * 1024): KnownTimes {
  const known = new Map<string, BigInt64Array>()
  let bytes = 0
  const drop = (file: string) => {
    bytes -= known.get(file)?.byteLength ?? 0
    known.delete(file)
  }
  return {
    of(files) {
      const found: BigInt64Array[] = []
      for (const { file, rows } of files) {
        const times = known.get(file)
        if (times?.length !== rows) return undefined
        found.push(times)
      }
      for (const [i, { file }] of files.entries()) {
        known.delete(file)
        known.set(file, found[i]!)
      }
      return found
    },
    put(file, times) {
      drop(file)
      if (times.byteLength > bytesMax / 4) return
      known.set(file, times)
      bytes += times.byteLength
      while (bytes > bytesMax) drop(known.keys().next().value as string)
    },
  }
}

/** Gives the times of the next rows, file after file. */
export function createTimesReader(files: readonly BigInt64Array[]): (rows: number) => BigInt64Array {
  let file = 0
  let at = 0
  return (rows) => {
    if (at + rows <= (files[file]?.length ?? 0)) {
      at += rows
      return files[file]!.subarray(at - rows, at)
    }
    const joined = new BigInt64Array(rows)
    for (let filled = 0; filled < rows; ) {
      const current = files[file]
      if (!current) throw new Error(`a query gave ${rows - filled} rows more than its files have`)
      const part = current.subarray(at, at + rows - filled)
      joined.set(part, filled)
      filled += part.length
      at += part.length
      if (at === current.length) {
        file++
        at = 0
      }
    }
    return joined
  }
}

/** Takes the times of rows as they come, file after file; `end` keeps them if they are as many as the files have. */
export function createTimesWriter(files: readonly WholeFile[], known: KnownTimes) {
  const arrays = files.map(({ rows }) => new BigInt64Array(rows))
  let file = 0
  let at = 0
  let beyond = false
  return {
    add(times: BigInt64Array) {
      for (let from = 0; from < times.length; ) {
        const current = arrays[file]
        if (!current) {
          beyond = true
          return
        }
        const part = times.subarray(from, from + current.length - at)
        current.set(part, at)
        from += part.length
        at += part.length
        if (at === current.length) {
          file++
          at = 0
        }
      }
    },
    end() {
      if (beyond || file !== arrays.length) return
      for (const [i, times] of arrays.entries()) known.put(files[i]!.file, times)
    },
  }
}
