import { createHash } from 'node:crypto'
import type { Logger } from '../../common/log.ts'
import { encodeRunEvent, type RigFacts } from '../../protos/run-events.ts'
import type { RunsTables } from '../catalog/runs-tables.ts'
import type { Own } from '../own.ts'
import { readRun } from './save-events.ts'
import type { Run } from './types.ts'

// A run keeps what was true of its rigs when it learned that they take part: later corrections of their history don't reach it.

const runsAtOnce = 100
const retryAfterMs = 5_000

export interface Freezer {
  /** There may be a rig whose facts are not frozen. */
  wake(): void
  close(): void
}

export interface FreezerOptions {
  tables: RunsTables
  own: Own
  nowNs(): bigint
  /** What the rig's history says of that time, and its agent's version. */
  factsOf(rig: string, tNs: bigint): RigFacts & { agentVersion?: string }
  /** Everything that was added is in the catalog. */
  save(): void
  log: Logger
}

export function createFreezer({ tables, own, nowNs, factsOf, save, log }: FreezerOptions): Freezer {
  let working = false
  let again = false
  let closed = false
  let timer: NodeJS.Timeout | undefined

  const freeze = async ({ run, joined, frozen }: Run) => {
    for (const { rig, fromNs } of joined) {
      if (closed || frozen.some((one) => one.rig === rig)) continue
      const event = { type: 'run.froze' as const, run, rig, facts: factsOf(rig, fromNs) }
      const entered = { tNs: nowNs(), author: 'ingest', text: '', id: frozenId(run, rig) }
      await own.add({ type: 'event', event: encodeRunEvent(event, entered) })
    }
    save()
  }

  const work = async () => {
    while (again && !closed) {
      again = false
      const runs = tables.unfrozen(runsAtOnce)
      for (const name of runs) {
        const run = readRun(tables, name)
        if (run && !closed) await freeze(run)
      }
      if (runs.length === runsAtOnce) again = true
    }
    working = false
  }

  const wake = () => {
    again = true
    if (closed || timer || working) return
    working = true
    work().catch((error) => {
      working = false
      log.warn({ err: error }, "a run's facts cannot be frozen yet; trying again")
      timer = setTimeout(() => {
        timer = undefined
        wake()
      }, retryAfterMs)
      timer.unref()
    })
  }
  return {
    wake,
    close() {
      closed = true
      clearTimeout(timer)
    },
  }
}

const digits = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/** The same at each try, in the form of a ULID: the catalog takes the event once. */
function frozenId(run: string, rig: string): string {
  const [first = 0, ...rest] = createHash('sha256').update(`run.froze\n${run}\n${rig}`).digest().subarray(0, 26)
  return [digits[first & 7], ...rest.map((byte) => digits[byte & 31])].join('')
}
