import { destination, type Logger, pino } from 'pino'

export type { Logger }

/** JSON lines on standard error, so that standard output stays the program's own. Level from RIGLINE_LOG (info). */
export const createLog = (name: string): Logger =>
  pino(
    { name, level: process.env.RIGLINE_LOG ?? 'info', base: { name }, timestamp: pino.stdTimeFunctions.isoTime },
    destination({ dest: 2, sync: true }),
  )

/** A log that says nothing, for tests. */
export const silentLog: Logger = pino({ level: 'silent' })

/**
 * Lets one call in `periodMs` through for each key; the next one that passes is told how many were held back, so that
 * a stranger knocking a thousand times a second costs one line a minute. Forgets the oldest keys beyond 1,000.
 */
export function createThrottle(periodMs = 60_000): (key: string, say: (heldBack: number) => void) => void {
  const seen = new Map<string, { at: number; heldBack: number }>()
  return (key, say) => {
    const now = performance.now()
    const entry = seen.get(key)
    if (entry && now - entry.at < periodMs) {
      entry.heldBack++
      return
    }
    seen.delete(key)
    if (seen.size >= 1000) seen.delete(seen.keys().next().value as string)
    seen.set(key, { at: now, heldBack: 0 })
    say(entry?.heldBack ?? 0)
  }
}
