import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { builtProgram } from '../common/program.ts'

// Many agents against real servers: started, watched, and what their backlog and their live data met on the way.

export interface FleetOptions {
  agents: number
  folder: string
  url: string
  /** Of each agent, with 8 channels. */
  rowsPerS: number
  ageMaxMs: number
  /** So many seconds of data are there at the start, as after an outage. */
  pastS: number
}

export interface FleetAgent {
  rig: string
  /** Wall clock, ms, as all times here. */
  connectedAtMs: number[]
  /** Of live batches: from the first row to the receipt; seen within 100 ms. */
  samples: { atMs: number; ms: number }[]
  /** After the last connect; 0: not yet. */
  caughtUpAtMs: number
  unconfirmed: number
  resent: number
  refused: number
}

export interface Fleet {
  pid: number
  look(): Promise<{ agents: FleetAgent[]; memoryBytes: number }>
  /** Resolves when every agent has connected since and has no more than live data to send. */
  caughtUp(sinceMs: number, timeoutMs: number): Promise<FleetAgent[]>
  /** Stops the agents, which wait for their receipts. */
  end(): Promise<FleetAgent[]>
  kill(): void
}

export async function startFleet(options: FleetOptions): Promise<Fleet> {
  const child = fork(builtProgram('fleet-program'), [JSON.stringify(options)], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    // 200 spools share them for their fsyncs.
    env: { ...process.env, UV_THREADPOOL_SIZE: '16' },
  })
  // Behind its last message, which an exit may overtake.
  const gone = once(child, 'close').then(([code]) => {
    throw new Error(`the fleet ended with code ${code}`)
  })
  gone.catch(() => {})
  const answer = async () => (await Promise.race([once(child, 'message'), gone]))[0]
  const ask = (what: 'look' | 'end'): Promise<{ agents: FleetAgent[]; memoryBytes: number }> => {
    const answered = answer()
    child.send(what)
    return answered
  }
  await answer()
  return {
    pid: child.pid!,
    look: () => ask('look'),
    async caughtUp(sinceMs, timeoutMs) {
      const untilMs = Date.now() + timeoutMs
      for (;;) {
        const { agents } = await ask('look')
        const late = agents.filter(
          ({ connectedAtMs, caughtUpAtMs }) => !(connectedAtMs.at(-1)! >= sinceMs && caughtUpAtMs),
        )
        if (late.length === 0) return agents
        if (Date.now() > untilMs) {
          const each = late.slice(0, 5).map(({ rig, unconfirmed }) => `${rig} with ${unconfirmed} envelopes`)
          throw new Error(
            `after ${timeoutMs} ms ${late.length} of ${agents.length} have not caught up: ${each.join(', ')}`,
          )
        }
        await new Promise((resolve) => setTimeout(resolve, 200))
      }
    },
    end: async () => (await ask('end')).agents,
    kill: () => void child.kill('SIGKILL'),
  }
}

const sorted = (values: number[]) => values.toSorted((a, b) => a - b)
export const quantile = (values: number[], q: number): number =>
  sorted(values)[Math.min(values.length - 1, Math.floor(values.length * q))] ?? Number.NaN

/** How it was for one agent from its last connect to when it had caught up, and a few seconds on. */
export function describeCatchUp({ connectedAtMs, caughtUpAtMs, samples }: FleetAgent) {
  const connected = connectedAtMs.at(-1)!
  const live = samples.filter(({ atMs }) => atMs > connected)
  const lastSlow = live.findLast(({ ms }) => ms >= 1000)
  return {
    /** From the connect until its backlog was in ingest's journal. */
    catchUpMs: caughtUpAtMs - connected,
    /** From the connect until live data were never again a second late. */
    underASecondMs: Math.max(0, (lastSlow?.atMs ?? live[0]?.atMs ?? Number.POSITIVE_INFINITY) - connected),
    /** Live data of the time beside the backlog. */
    besideMs: live.filter(({ atMs }) => atMs <= caughtUpAtMs).map(({ ms }) => ms),
  }
}

/** Resident bytes of a process now, and the most it ever had; from /proc (Linux). */
export function residentBytes(pid: number): { now: number; most: number } {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8')
  const of = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(text)?.[1]) * 1024
  return { now: of('VmRSS'), most: of('VmHWM') }
}
