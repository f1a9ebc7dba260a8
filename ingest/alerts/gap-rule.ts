import type { Cause, Gap } from '../../protos/types.ts'
import type { AlertsConfig } from './config.ts'
import { sayDuration, sayTime } from './say.ts'
import type { Alert, Condition } from './types.ts'

/** Rigs and causes that are remembered at a time. */
const troublesMax = 1000
const streamsMax = 5

/** What whoever reads it can do, by cause. */
const toDo: Record<Cause, string> = {
  unspecified: 'look at the log of its agent',
  agent_down: 'its agent was not running; look why it stopped',
  spool_full:
    "ingest was out of reach for longer than the rig's spool holds; raise spool.bytesMax or find what was down",
  spool_unwritable: "the rig's disk could not be written; look at its disk",
  spool_damaged: "the rig's disk gave back other bytes than were written; look at its disk",
  source_down: 'the source yielded no rows; look at the sensor and its connection',
  refused: 'ingest did not take it; look at the quarantine of the rig and of ingest',
  ingest_restored: 'ingest was restored from an older copy or lost its disk, and the rig has it no more',
  retention: 'it was removed because it was old',
  agent_overloaded: 'its agent could not keep up; give it fewer channels or a faster machine',
  journal_damaged: "ingest's disk gave back other bytes than were written; look at its disk",
  quarantine_full: 'what could not be stored had no room in quarantine; look at it, and raise quarantineBytesMax',
  agent_replaced:
    'it lay on a disk of the rig that was replaced or put back from an older copy; if the old disk is there, start its agent: what it has is taken',
}

export interface GapRule {
  add(rig: string, gap: Gap, nowMs: number): void
  look(nowMs: number): Condition[]
}

/** A rig's Gaps of one cause are one alert, until no further one comes for a while. */
export function createGapRule({ longerThanS, clearAfterS }: AlertsConfig['gaps'], raised: Alert[]): GapRule {
  const troubles = new Map<string, { condition: Condition; count: number; lastMs: number }>()
  for (const { rule, key, rig, sinceMs, atMs, text } of raised) {
    if (rule !== 'gap' || rig === undefined) continue
    troubles.set(key, { condition: { rule, key, rig, standing: 'bad', sinceMs, text }, count: 0, lastMs: atMs })
  }
  return {
    add(sender, gap, nowMs) {
      const { cause, fromNs, toNs, streams, rows } = gap
      const lastsMs = Number(toNs - fromNs) / 1e6
      if (cause === 'retention' || lastsMs < longerThanS * 1000) return
      const rig = gap.rig ?? sender
      const key = `gap/${rig}/${cause}`
      const before = troubles.get(key)
      const count = (before?.count ?? 0) + 1
      const names = streams.slice(0, streamsMax).join(', ')
      const more = streams.length > streamsMax ? ` and ${streams.length - streamsMax} more` : ''
      const fromMs = Number(fromNs / 1_000_000n)
      const what = streams.length === 0 ? 'all streams' : `streams ${names}${more}`
      const text = `rig ${rig} declared ${count === 1 ? 'a Gap' : `${count} Gaps, the last`} of ${sayDuration(lastsMs)} from ${sayTime(fromMs)}, ${what}${rows > 0 ? `, ${rows} rows` : ''}, cause ${cause}: ${toDo[cause]}`
      const sinceMs = before?.condition.sinceMs ?? nowMs
      troubles.delete(key)
      if (troubles.size >= troublesMax) troubles.delete(troubles.keys().next().value as string)
      troubles.set(key, { condition: { rule: 'gap', key, rig, standing: 'bad', sinceMs, text }, count, lastMs: nowMs })
    },
    look(nowMs) {
      const conditions: Condition[] = []
      for (const [key, { condition, lastMs }] of troubles) {
        if (Math.abs(nowMs - lastMs) < clearAfterS * 1000) {
          conditions.push(condition)
          continue
        }
        troubles.delete(key)
        const text = `no further Gap of rig ${condition.rig} for ${sayDuration(clearAfterS * 1000)}; what the declared ones say is still missing`
        conditions.push({ ...condition, standing: 'good', text })
      }
      return conditions
    },
  }
}
