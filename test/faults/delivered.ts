import type { Cause } from '../../protos/types.ts'
import type { Excuse, Rig } from './types.ts'

// When each rig was last seen with nothing but the newest under way. A fault may cost what was on its way then, and after an outage
// those rows are older than the fault.

/** Envelopes that are under way when nothing is late. */
const liveMost = 20

/** Of Gaps that speak of what was under way. */
const causes: ReadonlySet<Cause> = new Set(['ingest_restored', 'journal_damaged', 'spool_damaged', 'spool_full'])

export interface Delivered {
  /** Asks all that run. */
  look(): Promise<void>
  /** As old as the rows may be that were under way at its beginning. */
  reachBack(excuse: Excuse): Excuse
}

export function createDelivered(rigs: readonly Pick<Rig, 'rig' | 'counters'>[], beganMs: number): Delivered {
  const seenMs = new Map(rigs.map(({ rig }) => [rig, [beganMs]]))
  return {
    async look() {
      const nowMs = Date.now()
      await Promise.all(
        rigs.map(async ({ rig, counters }) => {
          const said = await counters().catch(() => undefined)
          if (said && said.unconfirmed <= liveMost) seenMs.get(rig)!.push(nowMs)
        }),
      )
    },
    reachBack(excuse) {
      // With an empty disk, or an older one, it reads its file again: rows of any age are under way.
      if (excuse.rig !== undefined && excuse.causes.includes('agent_replaced')) seenMs.set(excuse.rig, [])
      if (excuse.rig === undefined || !excuse.causes.some((cause) => causes.has(cause))) return excuse
      const before = seenMs.get(excuse.rig)!.findLast((ms) => ms <= excuse.fromMs)
      return { ...excuse, fromMs: Math.min(excuse.fromMs, before ?? beganMs) }
    },
  }
}
