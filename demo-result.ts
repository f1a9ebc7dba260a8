import type { AgentCounters } from './agent/agent.ts'
import type { VerifyReport } from './ingest/verify/report.ts'
import { summarize } from './ingest/verify/verify.ts'

// What the demo's rigs measured beside what the stores have, rig by rig: sums over rigs would let one rig's surplus hide
// another one's loss.

/** How an agent's process ended. */
export interface AgentEnd {
  rig: string
  /** The last it said; from its orderly end if `final`. */
  counters: AgentCounters | undefined
  final: boolean
  /** Exit code or signal; undefined: it could not be started. */
  ended: number | NodeJS.Signals | undefined
  /** Before it was told to. */
  early: boolean
  /** Times it died and was started again. */
  restarts: number
}

export interface Comparison {
  /** Readings. For an agent that died, those it last told of: at least so many; if it was started again, those that are stored. */
  produced: number
  stored: { lake: number; influx: number | null }
  lost: number
  duplicates: number
  /** What keeps the demo from being good, in words; none: all is well. */
  problems: string[]
}

/** How many Gaps the rigs declared, by cause. */
export function countGaps({ rigs }: VerifyReport): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { cause } of rigs.flatMap(({ gaps }) => gaps)) counts[cause] = (counts[cause] ?? 0) + 1
  return counts
}

export function compareDemo(agents: AgentEnd[], report: VerifyReport, withInflux: boolean): Comparison {
  const all = summarize(report)
  const result: Comparison = {
    produced: 0,
    stored: { lake: all.lake, influx: withInflux ? all.influx : null },
    lost: 0,
    duplicates: all.duplicates,
    problems: report.agree ? [] : disagreements(report),
  }
  for (const agent of agents) {
    const { rig, counters, final, restarts } = agent
    const problem = howItEnded(agent)
    if (problem) result.problems.push(`${rig}: ${problem}`)
    const { lake, influx, notRepresentable } = summarize({
      ...report,
      rigs: report.rigs.filter((it) => it.rig === rig),
    })
    const stores: [string, number][] = [['the lake', lake]]
    if (withInflux) stores.push(['InfluxDB', influx + notRepresentable])
    // What one measured that died is not known: its numbers and its Gap are the proof then, which the report has looked at.
    const produced = restarts > 0 ? Math.min(...stores.map(([, stored]) => stored)) : (counters?.readings ?? 0)
    result.produced += produced
    if (final && produced === 0) result.problems.push(`${rig}: it measured nothing`)
    result.lost += Math.max(0, ...stores.map(([, stored]) => produced - stored))
    for (const [store, stored] of stores) {
      if (stored < produced)
        result.problems.push(`${rig}: ${produced - stored} of ${produced} readings are not in ${store}`)
      // Of an agent that died, what it measured after it last told is in the stores, and rightly.
      else if (final && restarts === 0 && stored > produced) {
        result.problems.push(`${rig}: ${store} has ${stored} readings, ${stored - produced} more than were measured`)
      }
    }
  }
  return result
}

function howItEnded({ ended, early, final }: AgentEnd): string | undefined {
  const how =
    ended === undefined ? 'could not be started' : `ended with ${Number.isInteger(ended) ? 'code ' : ''}${ended}`
  if (early) return `its agent ${how} before the time was over; what it measured last is unknown`
  if (ended !== 0) return `its agent ${how}`
  return final ? undefined : 'its agent ended without telling what it had measured'
}

function disagreements({ rigs, problems, influx }: VerifyReport): string[] {
  const found = [
    ...problems,
    ...(influx && !influx.compared
      ? [`InfluxDB could not be compared: ${influx.reason ?? 'for no known reason'}`]
      : []),
    ...rigs.flatMap(({ rig, streams }) =>
      streams.flatMap((it) => it.problems.map((text) => `${rig}, ${it.stream}: ${text}`)),
    ),
  ]
  return found.length > 0 ? found : ['numbers of spools are missing or there twice: see verify']
}
