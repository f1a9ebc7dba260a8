import type { Value } from '../source.ts'
import type { ChannelMapping } from './mapping.ts'

// A cell of a record -> the value of a channel.

/** A CSV field is a string; JSON has the others too. undefined: the record has no such cell. */
export type Cell = string | number | boolean | null | undefined | object

/** undefined: the cell is neither a value of the channel's kind nor a sign that it is missing. */
export type ParseValue = (cell: Cell) => Value | undefined

const missingWords = new Set(['na', 'n/a', 'null', 'none'])
const isMissingWord = (text: string) => text.length <= 4 && missingWords.has(text.toLowerCase())

/** What a number says in words. NaN and infinities are values, not missing ones. */
const numberWords = new Map<string, number>([
  ['nan', Number.NaN],
  ['inf', Infinity],
  ['infinity', Infinity],
])

const boolWords = new Map<string, boolean>([
  ...['true', 't', 'yes', 'y', 'on', '1'].map((word) => [word, true] as const),
  ...['false', 'f', 'no', 'n', 'off', '0'].map((word) => [word, false] as const),
])

/**
 * The parser for a channel. Empty cells (of blanks, too), NA, N/A, null, None and the channel's own `missing` are
 * missing (null). `text` is taken as it is; there only an empty CSV field and the channel's own `missing` are.
 */
export function createValueParser(channel: ChannelMapping, decimalComma: boolean): ParseValue {
  const texts = new Set(channel.missing.map(String))
  // -9999.90 in the data is -9999.9 in the configuration.
  const numbers = channel.missing.map((value) => parseNumber(String(value))).filter((value) => value !== undefined)
  const isMissing = (value: number) => numbers.length > 0 && numbers.includes(value)
  const toText = decimalComma ? (text: string) => text.replace(',', '.') : (text: string) => text
  const { scale } = channel
  // A text before it is parsed: null where it stands for a missing value.
  const present = (text: string): string | null => {
    const trimmed = text.trim()
    return trimmed === '' || isMissingWord(trimmed) || (texts.size > 0 && texts.has(trimmed)) ? null : toText(trimmed)
  }

  switch (channel.kind) {
    case 'f64':
    case 'f32':
      return (cell) => {
        let value: number
        if (typeof cell === 'string') {
          // Number() reads blanks as 0 and knows hexadecimals, so only what begins like a decimal goes the short way.
          value = isPlain(cell) && !decimalComma ? Number(cell) : Number.NaN
          if (value - value !== 0) {
            const text = present(cell)
            if (text === null) return null
            const parsed = parseNumber(text)
            if (parsed === undefined) return undefined
            value = parsed
          }
        } else if (typeof cell === 'number' && Number.isFinite(cell)) value = cell
        else return cell === null || cell === undefined ? null : undefined
        if (isMissing(value)) return null
        return scale ? value * scale.factor + scale.offset : value
      }
    case 'int':
      return (cell) => {
        if (cell === null || cell === undefined) return null
        if (typeof cell !== 'string' && typeof cell !== 'number') return undefined
        const text = typeof cell === 'number' ? String(cell) : present(cell)
        if (text === null) return null
        const value = parseInteger(text)
        return value !== undefined && value !== null && isMissing(Number(value)) ? null : value
      }
    case 'bool':
      return (cell) => {
        if (typeof cell === 'boolean') return cell
        if (cell === null || cell === undefined) return null
        if (typeof cell === 'object') return undefined
        const text = present(String(cell))
        if (text === null || isMissing(Number(text))) return null
        return boolWords.get(text.toLowerCase())
      }
    case 'text':
      return (cell) => {
        if (cell === null || cell === undefined) return null
        if (typeof cell === 'object') return JSON.stringify(cell)
        const text = String(cell)
        return texts.has(text) || (typeof cell === 'number' && isMissing(cell)) ? null : text
      }
  }
}

/** Begins with a digit, a sign or a point, and is no hexadecimal, octal or binary number. */
function isPlain(text: string): boolean {
  const first = text.charCodeAt(0)
  if (!((first >= 48 && first <= 57) || first === 45 || first === 46 || first === 43)) return false
  return first !== 48 || !(text.charCodeAt(1) > 64)
}

/** A decimal number or NaN, inf, infinity, with or without a sign. undefined: none, or beyond the range of a double. */
export function parseNumber(text: string): number | undefined {
  if (/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text)) {
    const value = Number(text)
    return Number.isFinite(value) ? value : undefined
  }
  const word = numberWords.get(text.replace(/^[+-]/, '').toLowerCase())
  return word === undefined ? undefined : text.startsWith('-') ? -word : word
}

const int64Least = -(2n ** 63n)
const int64Most = 2n ** 63n - 1n

/** Whole numbers of 64 bits, those beyond 2^53 as bigint; 12.0 and 1e3 are whole. NaN, which no integer is, is missing. */
function parseInteger(text: string): Value | undefined {
  if (/^[+-]?\d{1,15}$/.test(text)) return Number(text) + 0
  if (/^[+-]?\d+$/.test(text)) {
    const value = BigInt(text.replace(/^\+/, ''))
    if (value < int64Least || value > int64Most) return undefined
    return Number.isSafeInteger(Number(value)) ? Number(value) : value
  }
  const value = parseNumber(text)
  if (value === undefined) return undefined
  if (Number.isNaN(value)) return null
  return Number.isSafeInteger(value) ? value + 0 : undefined
}
