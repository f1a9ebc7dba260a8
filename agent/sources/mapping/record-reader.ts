// Bytes, in blocks as they come -> records: lines, or CSV records whose quoted fields may hold newlines (RFC 4180).

const lf = 10
const cr = 13
const quote = 34

export interface RecordReader {
  /** Adds the next bytes. Call it when next() has returned false. */
  feed(bytes: Buffer): void
  /** Moves the offset of the next byte on: what was there is no part of a record. Only before the first feed(). */
  skip(bytes: number): void
  /** No bytes follow: what is left is a record even without a newline. */
  end(): void
  /** Goes to the next record; false if more bytes are needed (or, after end(), if there are none). */
  next(): boolean
  /** Of the current record: offsets of its first byte and of the next record's. */
  readonly start: number
  readonly after: number
  /** The current record is longer than allowed; its bytes hold its beginning alone. */
  readonly tooLong: boolean
  /** The current record, without its newline. Valid until the next feed(). */
  bytes(): Buffer
  /** Bytes that wait for the end of their record. */
  readonly waiting: number
}

export interface RecordReaderOptions {
  /** Offset of the first byte that will be fed. */
  offset: number
  /** A longer record is bad; reading goes on behind the next newline. */
  bytesMax: number
  /** CSV with quoted fields: its delimiter (' ' = blanks and tabs). Absent: a record is a line. */
  delimiter?: string
}

const sampleBytes = 1024

/**
 * A record whose quotes make no sense (text behind a closing quote, or none within `bytesMax` or before the end) is its
 * first line alone, so that one stray quote does not swallow the rest of the file.
 */
export function createRecordReader(options: RecordReaderOptions): RecordReader {
  const { bytesMax, delimiter } = options
  const delimiters = delimiter === ' ' ? [32, 9] : [delimiter?.charCodeAt(0) ?? 0]
  let buffer: Buffer = Buffer.alloc(0)
  /** Offset of buffer[0]. */
  let base = options.offset
  let at = 0
  let nextQuote = 0
  let ended = false
  // The current record, in the buffer.
  let from = 0
  let to = 0
  let start = base
  let tooLong: Buffer | undefined
  let skipping: Buffer | undefined

  const feed = (bytes: Buffer) => {
    base += at
    buffer = at === buffer.length ? bytes : Buffer.concat([buffer.subarray(at), bytes])
    at = 0
    nextQuote = delimiter === undefined ? Infinity : -1
  }

  const take = (newline: number): true => {
    start = base + at
    from = at
    to = newline > from && buffer[newline - 1] === cr ? newline - 1 : newline
    at = Math.min(newline + 1, buffer.length)
    return true
  }

  /** Index of the newline that ends the record, -1 if it is not there yet, -2 if the quotes make no sense. */
  const quotedEnd = (): number => {
    let state: 'begin' | 'plain' | 'quoted' | 'closed' | 'cr' = 'begin'
    for (let i = at; i < buffer.length; i++) {
      const byte = buffer[i]!
      if (state === 'quoted') {
        if (byte === quote) state = 'closed'
        continue
      }
      if (byte === lf) return i
      if (state === 'cr') return -2
      if (delimiters.includes(byte)) state = 'begin'
      else if (state === 'begin') state = byte === quote ? 'quoted' : 'plain'
      else if (state === 'closed') {
        if (byte === quote) state = 'quoted'
        else if (byte === cr) state = 'cr'
        else return -2
      }
    }
    return state === 'quoted' ? (ended ? -2 : -1) : ended ? buffer.length : -1
  }

  const skipLine = (): boolean => {
    const newline = buffer.indexOf(lf, at)
    if (newline < 0 && !ended) {
      base += buffer.length
      buffer = Buffer.alloc(0)
      at = 0
      return false
    }
    at = newline < 0 ? buffer.length : newline + 1
    tooLong = skipping
    skipping = undefined
    return true
  }

  const next = (): boolean => {
    tooLong = undefined
    if (skipping) return skipLine()
    const newline = buffer.indexOf(lf, at)
    if (newline < 0 && ended && at === buffer.length) return false
    if (nextQuote < at) {
      nextQuote = buffer.indexOf(quote, at)
      if (nextQuote < 0) nextQuote = Infinity
    }
    const lineEnd = newline >= 0 ? newline : ended ? buffer.length : -1
    let end = lineEnd
    if (nextQuote < (lineEnd < 0 ? buffer.length : lineEnd)) {
      end = quotedEnd()
      if (end === -2 || (end < 0 ? buffer.length : end) - at > bytesMax) end = lineEnd
    }
    if ((end < 0 ? buffer.length : end) - at > bytesMax) {
      skipping = Buffer.from(buffer.subarray(at, at + sampleBytes))
      start = base + at
      return skipLine()
    }
    return end >= 0 && take(end)
  }

  return {
    feed,
    skip(bytes) {
      base += bytes
    },
    end() {
      ended = true
    },
    next,
    get start() {
      return start
    },
    get after() {
      return base + at
    },
    get tooLong() {
      return tooLong !== undefined
    },
    bytes: () => tooLong ?? buffer.subarray(from, to),
    get waiting() {
      return skipping ? bytesMax : buffer.length - at
    },
  }
}
