import type { BadLines } from '../mapping/bad-lines.ts'
import { createRecordReader, type RecordReader } from '../mapping/record-reader.ts'
import { createTextDecoder } from '../mapping/text.ts'
import type { Row, RowChunk } from '../source.ts'
import type { Block } from './input.ts'
import type { FeedParser, LineParser } from './parser.ts'

// Blocks of bytes -> lines -> rows, for each feed by itself.

const rowsMax = 1000

interface Feed {
  reader: RecordReader
  parser: FeedParser
  origin: string | undefined
  /** The next line may lack its beginning. */
  midway: boolean
}

export interface LineFeedsOptions {
  parser: LineParser
  bad: BadLines
  nowNs(): bigint
  lineBytesMax: number
  encoding: 'utf-8' | 'euc-kr'
  /** Leave out the first line of a device that may have been in the middle of it: "12.5" without its "1" is a number, too. */
  dropCutLines: boolean
}

export interface LineFeeds {
  /** The rows of all lines that these blocks complete; rows of different origins are in different chunks. */
  read(blocks: readonly Block[]): RowChunk[]
}

export function createLineFeeds(options: LineFeedsOptions): LineFeeds {
  const { parser, bad, nowNs, lineBytesMax } = options
  const decode = createTextDecoder(options.encoding)
  const feeds = new Map<number, Feed>()

  const begin = (block: Block): Feed => {
    const feed: Feed = {
      reader: createRecordReader({ offset: block.offset ?? 0, bytesMax: lineBytesMax }),
      parser: parser.begin(),
      origin: block.origin,
      midway: options.dropCutLines && block.midway === true,
    }
    if (block.head) readHead(feed.parser, block.head)
    return feed
  }

  /** Shows the parser the lines before the beginning of the reading, as long as it looks for a header. */
  const readHead = (feedParser: FeedParser, head: Buffer) => {
    const reader = createRecordReader({ offset: 0, bytesMax: lineBytesMax })
    reader.feed(withoutMark(head))
    while (feedParser.starting() && reader.next()) feedParser.line(decode(reader.bytes()), { nowNs }, [])
  }

  const readLines = (feed: Feed, rows: Row[]) => {
    const { reader, parser, origin } = feed
    while (reader.next()) {
      const text = decode(reader.bytes())
      if (feed.midway) {
        feed.midway = false
        bad.add('the first line, which may lack its beginning', text)
        continue
      }
      if (reader.tooLong) {
        bad.add(`longer than ${lineBytesMax} bytes`, text)
        continue
      }
      const context = origin === undefined ? { nowNs } : { nowNs, position: reader.after }
      let problem = parser.line(text, context, rows)
      if (text.includes('\uFFFD')) problem ??= `bytes that are not ${options.encoding}`
      if (problem !== undefined) bad.add(problem, text)
    }
  }

  const readBlock = (block: Block, rows: Row[]) => {
    let feed = feeds.get(block.feed)
    if (!feed) {
      feed = begin(block)
      feeds.set(block.feed, feed)
      if (!block.offset) block.bytes = skipMark(feed.reader, block.bytes)
    }
    feed.reader.feed(block.bytes)
    readLines(feed, rows)
    if (block.last === undefined) return
    feeds.delete(block.feed)
    feed.reader.end()
    if (block.last === 'complete') return readLines(feed, rows)
    while (feed.reader.next()) bad.add('cut off before its end', decode(feed.reader.bytes()))
  }

  return {
    read(blocks) {
      const chunks: RowChunk[] = []
      let rows: Row[] = []
      let origin: string | undefined
      const close = () => {
        if (rows.length > 0) chunks.push(origin === undefined ? { rows } : { rows, origin })
        rows = []
      }
      for (const block of blocks) {
        if (block.origin !== origin || rows.length >= rowsMax) close()
        origin = block.origin
        readBlock(block, rows)
        // A file that was read to its end, though nothing was left in it: whoever resumed there has missed nothing.
        if (block.last !== undefined && rows.length === 0 && origin !== undefined) chunks.push({ rows, origin })
      }
      close()
      return chunks
    },
  }
}

const markBytes = (bytes: Buffer) => (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0)

const withoutMark = (bytes: Buffer) => bytes.subarray(markBytes(bytes))

/** Passes over the byte order mark at the beginning of a feed. */
function skipMark(reader: RecordReader, bytes: Buffer): Buffer {
  reader.skip(markBytes(bytes))
  return withoutMark(bytes)
}
