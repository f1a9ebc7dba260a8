import { z } from '@hono/zod-openapi'
import { parseRelativeTime } from '../../common/relative-time.ts'

// Times in requests.

/** Undefined for what 64 bits don't hold: years before 1677 and after 2262. */
const within64Bits = (ns: bigint): bigint | undefined => (BigInt.asIntN(64, ns) === ns ? ns : undefined)

/**
 * ns since 1970 UTC. Taken: ISO 8601 with an offset, up to nanoseconds ("2026-11-21T09:00:00.5+09:00"); decimal digits, which are
 * ns; "now"; and back from now ("-15m"; ms, s, m, h, d). Undefined for anything else.
 */
export function parseTime(text: string, nowNs: bigint): bigint | undefined {
  const trimmed = text.trim()
  const relative = parseRelativeTime(trimmed, nowNs)
  if (relative !== undefined) return within64Bits(relative)
  if (/^\d{1,19}$/.test(trimmed)) return within64Bits(BigInt(trimmed))
  // A "+" in an address is a space: meant is the plus of an offset.
  const iso = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d)?)(?:\.(\d{1,9}))?(Z|[+-]\d\d:?\d\d| \d\d:?\d\d)$/i.exec(
    trimmed,
  )
  if (!iso) return undefined
  const [, date, time, fraction = '', offset] = iso as unknown as [string, string, string, string | undefined, string]
  const ms = Date.parse(`${date}T${time}${offset.replace(' ', '+')}`)
  if (!Number.isFinite(ms)) return undefined
  return within64Bits(BigInt(ms) * 1_000_000n + BigInt(fraction.padEnd(9, '0')))
}

export const timeRule =
  'a time: ISO 8601 with an offset (2026-11-21T09:00:00Z), ns since 1970 as digits, now, or -90s, -15m, -2h, -7d'

/** A time as text, checked; the handler parses it against its own now. */
export const timeText = z
  .string()
  .max(64)
  .refine((text) => parseTime(text, 0n) !== undefined, { error: `expected ${timeRule}` })
  .openapi({ example: '-15m', description: `${timeRule.charAt(0).toUpperCase()}${timeRule.slice(1)}.` })
