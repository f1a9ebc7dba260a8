import * as z from 'zod'
import { isName, nameRule } from '../../protos/topics.ts'

// What a client of WS /v1/live may say: text, JSON.

/** Kept batches that a watcher may ask for, seconds back. */
export const lastSecondsMax = 300
/** Bytes of one message: the longest names fit, escaped too. */
export const messageBytesMax = 4096
/** Messages at once, and how many more may come each second. */
export const messagesMax = 300
export const messagesPerS = 20

const name = z.string().refine(isName, { error: `no name (${nameRule})` })
const id = z.string().min(1).max(64)

const message = z.union([
  z.strictObject({
    subscribe: z.strictObject({
      id,
      rig: name.optional(),
      stream: name.optional(),
      last: z.number().min(0).max(lastSecondsMax).default(0),
    }),
  }),
  z.strictObject({ unsubscribe: id }),
])

export type LiveMessage = z.infer<typeof message>
export type Subscribe = Extract<LiveMessage, { subscribe: unknown }>['subscribe']

const expected =
  'expected {"subscribe":{"id":"a","rig":"...","stream":"...","last":30}} (rig, stream and last as needed) or {"unsubscribe":"a"}'

/** Never throws: what is wrong is told. */
export function readMessage(text: string): LiveMessage | { problem: string } {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return { problem: `no JSON; ${expected}` }
  }
  const found = message.safeParse(value)
  if (found.success) return found.data
  return { problem: `${describe(value)}; ${expected}` }
}

function describe(value: unknown): string {
  const said = z.object({ subscribe: z.unknown() }).safeParse(value)
  if (!said.success) return 'not known'
  const issues = message.options[0].safeParse(value).error?.issues ?? []
  return issues.map(({ path, message }) => `${path.join('.')}: ${message}`.slice(0, 200)).join('; ') || 'not known'
}

/** Says whether one more message may come now. */
export function createMessageRate(nowMs: () => number = () => performance.now()): () => boolean {
  let left = messagesMax
  let atMs = nowMs()
  return () => {
    const now = nowMs()
    left = Math.min(messagesMax, left + ((now - atMs) / 1000) * messagesPerS)
    atMs = now
    if (left < 1) return false
    left--
    return true
  }
}
