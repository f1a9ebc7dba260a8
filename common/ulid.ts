import { randomBytes } from 'node:crypto'

// ULID, https://github.com/ulid/spec: 48 bits of ms since 1970 and 80 random bits in Crockford's base 32. Names sort by
// time of birth, and the random part keeps a restored copy from ever giving a name out twice.

const digits = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

const toBase32 = (value: bigint, length: number): string => {
  let text = ''
  for (let i = 0; i < length; i++) {
    text = digits[Number(value & 31n)] + text
    value >>= 5n
  }
  return text
}

const fromBase32 = (text: string): bigint => {
  let value = 0n
  for (const digit of text) value = (value << 5n) | BigInt(digits.indexOf(digit))
  return value
}

/**
 * Draws a ULID. With `after`, the new one sorts behind it even if the clock stands before it (a rig without a battery
 * clock boots in 1970): it then takes the time of `after` plus one millisecond.
 */
export function ulid(after?: string, nowMs: number = Date.now()): string {
  const earliest = after === undefined ? 0n : fromBase32(after.slice(0, 10)) + 1n
  const time = BigInt(nowMs) > earliest ? BigInt(nowMs) : earliest
  const random = BigInt(`0x${randomBytes(10).toString('hex')}`)
  return toBase32(time, 10) + toBase32(random, 16)
}

export const isUlid = (text: string): boolean => /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/.test(text)

/** Sorts before every ULID of that ms or later, and behind all earlier ones. */
export const ulidFrom = (ms: number): string =>
  toBase32(BigInt(Math.min(Math.max(0, Math.floor(ms)), 2 ** 48 - 1)), 10) + '0'.repeat(16)

/** The time of birth in a ULID, ms since 1970. */
export const ulidTimeMs = (text: string): number => Number(fromBase32(text.slice(0, 10)))

/** A ULID beside another, of the same ms: for the nth of what belongs together, the same each time it is asked for. */
export const ulidPlus = (text: string, n: number): string =>
  text.slice(0, 20) + toBase32((fromBase32(text.slice(20)) + BigInt(n)) % 2n ** 30n, 6)
