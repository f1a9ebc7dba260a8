import type { Period } from '../../../protos/types.ts'

// Exact decimals: a time such as 1700000000.123456789 has more digits than a double holds.

const pattern = /^([+-]?)(\d*)(?:[.,](\d*))?(?:[eE]([+-]?\d{1,3}))?$/
const powers = Array.from({ length: 40 }, (_, i) => 10n ** BigInt(i))

/**
 * `text` * 10^`shift` as an integer, exact; digits below 1 are cut off. A point or a comma, an exponent and blanks around
 * are read. undefined: no decimal number.
 */
export function parseScaled(text: string, shift: number): bigint | undefined {
  return parseShort(text, shift) ?? parseAny(text.trim(), shift)
}

/** The usual case in doubles that stay exact: digits with at most one point, 15 of them. */
function parseShort(text: string, shift: number): bigint | undefined {
  const { length } = text
  if (length === 0 || length > 16) return undefined
  let value = 0
  let point = -1
  for (let i = 0; i < length; i++) {
    const c = text.charCodeAt(i)
    if (c >= 48 && c <= 57) value = value * 10 + (c - 48)
    else if (c === 46 && point < 0) point = i
    else return undefined
  }
  const decimals = point < 0 ? 0 : length - 1 - point
  if (decimals > shift || (point < 0 ? length : length - 1) > 15 || length - decimals < 1 || text === '.')
    return undefined
  return BigInt(value) * powers[shift - decimals]!
}

function parseAny(text: string, shift: number): bigint | undefined {
  const match = pattern.exec(text)
  if (!match) return undefined
  const [, sign, whole = '', fraction = '', exponent = '0'] = match
  if (whole === '' && fraction === '') return undefined
  const places = shift + Number(exponent) - fraction.length
  const digits = whole + fraction
  if (places > 400) return undefined
  const value = places >= 0 ? BigInt(digits) * 10n ** BigInt(places) : BigInt(digits.slice(0, places) || '0')
  return sign === '-' ? -value : value
}

/** The period of `rateHz` rows a second, or of one row in `periodS` seconds, as the exact fraction of its decimal digits. */
export function toPeriod(rate: { rateHz?: number | undefined; periodS?: number | undefined }): Period | undefined {
  const { rateHz, periodS } = rate
  const scale = 10n ** 24n
  if (rateHz !== undefined) return reduce(1_000_000_000n * scale, parseScaled(String(rateHz), 24)!)
  if (periodS !== undefined) return reduce(parseScaled(String(periodS), 33)!, scale)
  return undefined
}

function reduce(num: bigint, den: bigint): Period {
  let [a, b] = [num, den]
  while (b > 0n) [a, b] = [b, a % b]
  return { num: num / a, den: den / a }
}
