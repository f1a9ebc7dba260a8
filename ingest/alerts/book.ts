import type { Alert, Condition } from './types.ts'

// Which alerts are raised. One is raised once, when its condition is bad, and cleared when that has been good for a while.

/** Alerts raised at a time; of more, none is raised until others are cleared. */
export const raisedMax = 2000
/** Of raised and cleared ones, so many are remembered. */
export const recentMax = 200

export interface Book {
  /** Takes how everything stands now and returns what has been raised and cleared by it. */
  update(conditions: Condition[], nowMs: number): Alert[]
  /** Oldest first, with how they stand now in their text. */
  raised(): Alert[]
  /** Newest first. */
  recent(): Alert[]
}

/** `raised`, `recent`: as they were before a restart. */
export function createBook(clearAfterMs: number, raised: Alert[] = [], recent: Alert[] = []): Book {
  const open = new Map(raised.slice(0, raisedMax).map((alert) => [alert.key, alert]))
  const last = recent.slice(0, recentMax)
  const goodSinceMs = new Map<string, number>()
  const tell = (alert: Alert): Alert => {
    last.unshift({ ...alert })
    if (last.length > recentMax) last.pop()
    return { ...alert }
  }

  const clear = (alert: Alert, condition: Condition | undefined, nowMs: number): Alert | undefined => {
    const { key, rule, rig, sinceMs } = alert
    // The clock may have been set back.
    const sinceGoodMs = Math.min(goodSinceMs.get(key) ?? nowMs, nowMs)
    goodSinceMs.set(key, sinceGoodMs)
    if (nowMs - sinceGoodMs < clearAfterMs) return undefined
    open.delete(key)
    goodSinceMs.delete(key)
    const text = condition?.text ?? 'well again'
    return tell({ rule, key, ...(rig === undefined ? {} : { rig }), state: 'cleared', sinceMs, atMs: nowMs, text })
  }

  return {
    update(conditions, nowMs) {
      const changes: Alert[] = []
      const byKey = new Map(conditions.map((condition) => [condition.key, condition]))
      for (const alert of [...open.values()]) {
        const condition = byKey.get(alert.key)
        if (condition === undefined || condition.standing === 'good') {
          const cleared = clear(alert, condition, nowMs)
          if (cleared) changes.push(cleared)
          continue
        }
        goodSinceMs.delete(alert.key)
        if (condition.standing === 'bad') alert.text = condition.text
      }
      for (const { rule, key, rig, standing, sinceMs = nowMs, text } of byKey.values()) {
        if (standing !== 'bad' || open.has(key) || open.size >= raisedMax) continue
        const whose = rig === undefined ? {} : { rig }
        const alert: Alert = { rule, key, ...whose, state: 'raised', sinceMs: Math.round(sinceMs), atMs: nowMs, text }
        open.set(key, alert)
        changes.push(tell(alert))
      }
      return changes
    },
    raised: () => [...open.values()].map((alert) => ({ ...alert })),
    recent: () => [...last],
  }
}
