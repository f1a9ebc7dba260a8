import type { ChildProcess } from 'node:child_process'
import { createThrottle, type Logger } from '../../common/log.ts'
import { builtProgram } from '../../common/program.ts'
import type { OwedSum } from '../catalog/owed-table.ts'
import type { Catalog } from '../catalog/types.ts'
import { createRestartPause, endProgram, forkProgram, onceEnded } from '../child-program.ts'
import type { SinkState } from '../state.ts'
import type { FromRefill, RefillProcessData, ToRefill } from './refill-process.ts'

// Ingest's side of the refill: starts the process that writes to InfluxDB what it is owed once the sink has caught up with the journal, lets it rest
// while live readings wait, and starts it again when it has died.

export interface Refill {
  /** As of a moment ago. */
  owed(): { owedBytes: number; owedRows: number }
  /** Rows read since the start, and how often the process died. */
  counters(): { refilled_rows: number; refill_restarts: number }
  close(): Promise<void>
}

export interface RefillOptions {
  data: RefillProcessData
  catalog: Pick<Catalog, 'owed'>
  /** How the sink that follows the journal stands. */
  live(): Pick<SinkState, 'state' | 'behindBytes'>
  journalBytesMax: number
  log: Logger
  /** 1 s. */
  lookEveryMs?: number
}

const mib = 1024 * 1024
const settleEveryMs = 60_000
const nothing: OwedSum = { files: 0, rows: 0, bytes: 0 }

/** `program`: what is built of refill-process.ts. */
export function startRefill(options: RefillOptions, program = builtProgram('refill-process')): Refill {
  const { data, catalog, live, journalBytesMax, log, lookEveryMs = 1000 } = options
  const goBelow = Math.min(8 * mib, journalBytesMax / 8)
  const restAbove = Math.min(32 * mib, journalBytesMax / 4)
  const throttle = createThrottle()
  let sum = nothing
  let child: ChildProcess | undefined
  let resting = false
  let rows = 0
  let restarts = 0
  const pause = createRestartPause(500, 60_000)
  let startAtMs = 0
  let settledAtMs = performance.now()
  let closed = false

  const look = () => {
    const parts = catalog.owed.owedParts('influx')
    sum = [...parts.map(catalog.owed.owedSum), catalog.owed.asideSum('influx')].reduce(
      (all, one) => ({ files: all.files + one.files, rows: all.rows + one.rows, bytes: all.bytes + one.bytes }),
      nothing,
    )
    if (parts.length === 0 || performance.now() - settledAtMs < settleEveryMs) return
    settledAtMs = performance.now()
    catalog.owed.settleOwed('influx')
  }

  const launch = () => {
    let told = 0
    pause.started()
    const current = forkProgram(program, data, { hasDuckDb: true })
    child = current
    resting = false
    current.on('message', (message: FromRefill) => {
      rows += message.rows - told
      told = message.rows
    })
    onceEnded(current, (reason, code) => {
      child = undefined
      // It ends by itself when nothing is owed.
      if (closed || code === 0) return
      const pauseMs = pause.next()
      restarts++
      startAtMs = performance.now() + pauseMs
      log.error({ reason, pauseMs }, 'the process that refills InfluxDB has ended: starting it again')
    })
  }

  const steer = () => {
    const { state, behindBytes } = live()
    const isFree = state === 'running' && behindBytes <= (child && !resting ? restAbove : goBelow)
    if (!child) {
      if (isFree && sum.files > 0 && performance.now() >= startAtMs) launch()
      return
    }
    if (isFree !== resting) return
    resting = !isFree
    const message: ToRefill = { type: isFree ? 'go' : 'rest' }
    // A channel that has just closed: the exit follows.
    if (child.connected) child.send(message, () => {})
  }

  const step = () => {
    try {
      look()
      steer()
    } catch (error) {
      throttle('owed', (heldBack) => log.error({ err: error, heldBack }, 'what InfluxDB is owed cannot be looked up'))
    }
  }
  step()
  const timer = setInterval(step, lookEveryMs)

  return {
    owed: () => ({ owedBytes: sum.bytes, owedRows: sum.rows }),
    counters: () => ({ refilled_rows: rows, refill_restarts: restarts }),
    async close() {
      closed = true
      clearInterval(timer)
      if (child) await endProgram(child)
    },
  }
}
