import { type ChildProcess, fork } from 'node:child_process'
import { setPriority } from 'node:os'
import type { Logger } from '../common/log.ts'

// Programs of ours that ingest runs beside itself: how they are started, what is known of their end, and when one that died begins anew.

/** `data`: what it is started with, as JSON. It speaks by messages; its log goes to ingest's. `hasDuckDb`: it holds tables of DuckDB. */
export const forkProgram = (program: string, data: unknown, { hasDuckDb = false } = {}): ChildProcess =>
  fork(program, [JSON.stringify(data)], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    // Chunks of DuckDB's memory are let go when their small handles are collected: often.
    execArgv: hasDuckDb ? ['--max-semi-space-size=1'] : [],
  })

/** Calls back once, with the reason in words. */
export function onceEnded(child: ChildProcess, ended: (reason: string, code: number | null) => void): void {
  let told = false
  const once = (reason: string, code: number | null) => {
    if (!told) ended(reason, code)
    told = true
  }
  child.once('exit', (code, signal) => once(signal ? `killed by ${signal}` : `exit code ${code}`, code))
  child.once('error', (error) => once(String(error), null))
}

/** Lets its channel go, by which it ends; kills it if it has not within the time. */
export async function endProgram(child: ChildProcess, deadlineMs = 3000): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise<void>((resolve) => onceEnded(child, () => resolve()))
  if (child.connected) child.disconnect()
  const deadline = setTimeout(() => child.kill('SIGKILL'), deadlineMs)
  await gone
  clearTimeout(deadline)
}

/** One that ran this long had started well. */
const soundAfterMs = 60_000

/** Pauses before one that ended is started again: twice as long each time, until one has run for a minute. */
export function createRestartPause(firstMs = 200, mostMs = 30_000) {
  let pauseMs = firstMs
  let startedAtMs = 0
  return {
    started() {
      startedAtMs = performance.now()
    },
    /** ms */
    next(): number {
      if (performance.now() - startedAtMs > soundAfterMs) pauseMs = firstMs
      const pause = pauseMs
      pauseMs = Math.min(pauseMs * 2, mostMs)
      return pause
    },
  }
}

/** In such a program: what else ingest does goes first. `by`: as for `nice`. */
export function lowerPriority(by: number, log: Logger): void {
  try {
    setPriority(by)
  } catch (error) {
    log.debug({ err: error }, 'the priority cannot be lowered')
  }
}
