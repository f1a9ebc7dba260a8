import { setTimeout as sleep } from 'node:timers/promises'
import type { FaultNote } from '../faults/account.ts'
import { createRandom, shuffled } from '../faults/random.ts'
import type { Excuse, Random } from '../faults/types.ts'
import { begin, createRig, type SoakRig } from './rigs.ts'
import type { Station } from './station.ts'

// A soak that runs: its station, its rigs, and what was done to them.

const tickMs = 40

export interface Soak {
  readonly station: Station
  readonly seed: string
  readonly rigs: SoakRig[]
  readonly excuses: Excuse[]
  readonly notes: FaultNote[]
  readonly problems: string[]
  /** What was done, by its kind. */
  readonly done: Record<string, number>
  /** Starts of agents: as many spools. */
  starts: number
  /** Until when a sink may be behind for a reason. */
  troubleUntilMs: number
  log(text: string): void
  close(): Promise<void>
}

/** One thing that happens. Returns what it touched; undefined: there was nothing to do. Bounded in time. */
export interface Action {
  kind: string
  run(soak: Soak, random: Random): Promise<string[] | undefined>
}

const firstRigs: Pick<SoakRig, 'rig' | 'source' | 'isSteady'>[] = [
  { rig: 'steady-1', source: 'file', isSteady: true },
  { rig: 'steady-2', source: 'tcp', isSteady: true },
  { rig: '주행-3', source: 'file', isSteady: false },
  { rig: 'bench-4', source: 'tcp', isSteady: false },
  { rig: 'bench-5', source: 'file', isSteady: false },
]

export async function startSoak(station: Station, seed: string, log: (text: string) => void): Promise<Soak> {
  const rigs: SoakRig[] = []
  const timer = setInterval(() => {
    for (const { feeds } of rigs) for (const feed of feeds) feed.tick()
  }, tickMs)
  const soak: Soak = {
    station,
    seed,
    rigs,
    excuses: [],
    notes: [],
    problems: [],
    done: {},
    starts: 0,
    troubleUntilMs: 0,
    log,
    async close() {
      clearInterval(timer)
      await station.close()
      await Promise.all(rigs.flatMap(({ feeds, link }) => [link.close(), ...feeds.map((feed) => feed.close())]))
    },
  }
  for (const what of firstRigs) rigs.push(await createRig(soak, what))
  try {
    await Promise.all(
      rigs.map(async (rig) => {
        await begin(rig)
        soak.starts++
      }),
    )
  } catch (error) {
    await soak.close()
    throw error
  }
  return soak
}

/** One action after the other, all kinds before any repeats, until it is told to stop or one fails. */
export async function runLane(
  soak: Soak,
  name: string,
  actions: readonly Action[],
  pauseMs: [number, number],
  signal: AbortSignal,
): Promise<void> {
  const random = createRandom(`${soak.seed}/${name}`)
  let bag: Action[] = []
  for (let count = 1; !signal.aborted; count++) {
    if (bag.length === 0) bag = shuffled(actions, random)
    const action = bag.pop() as Action
    const note: FaultNote = {
      round: count,
      kind: action.kind,
      touched: [],
      fromMs: Date.now(),
      toMs: Number.POSITIVE_INFINITY,
    }
    soak.notes.push(note)
    try {
      const touched = await action.run(soak, createRandom(`${soak.seed}/${name} ${count}`))
      if (touched) soak.done[action.kind] = (soak.done[action.kind] ?? 0) + 1
      note.touched = touched ?? []
    } catch (error) {
      soak.problems.push(`${action.kind} (the ${count}. of ${name}): ${(error as Error).message}`)
      return
    } finally {
      note.toMs = Date.now()
      if (soak.notes.length > notesMax) soak.notes.shift()
    }
    await sleep(random.int(...pauseMs), undefined, { signal }).catch(() => {})
  }
}

/** For saying what went on when something was lost: of a long soak the last ones. */
const notesMax = 20_000

/** Takes a rig that fits in hand for as long as the work lasts. */
export async function withRig(
  { rigs }: Soak,
  random: Random,
  fits: (rig: SoakRig) => boolean,
  work: (rig: SoakRig) => Promise<void>,
): Promise<string[] | undefined> {
  const fitting = rigs.filter((rig) => !rig.taken && fits(rig))
  if (fitting.length === 0) return undefined
  const rig = random.pick(fitting)
  rig.taken = true
  try {
    await work(rig)
    return [rig.rig]
  } finally {
    rig.taken = false
  }
}

export const isLive = ({ state }: SoakRig): boolean => state === 'live'
export const mayRestart = (rig: SoakRig): boolean => isLive(rig) && !rig.isSteady
