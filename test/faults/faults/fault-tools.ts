import { closeSync, fsyncSync, openSync, readdirSync, readSync, statSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { SinksAnswer } from '../../../ingest/http/answers.ts'
import type { Excuse, Random, Rig, World } from '../types.ts'
import { eventually } from '../world.ts'

// What many faults need.

export const rest = (random: Random, fromMs: number, toMs: number): Promise<void> => sleep(random.int(fromMs, toMs))

/** The rig among what a fault has drawn. */
export function rigOf(world: Pick<World, 'rigs'>, touched: readonly string[]): Rig {
  const rig = world.rigs.find((each) => touched.includes(each.rig))
  if (!rig) throw new Error(`none of ${touched.join(', ')} is a rig`)
  return rig
}

export const pickRig = (
  { rigs }: Pick<World, 'rigs'>,
  random: Random,
  fits: (rig: Rig) => boolean = () => true,
): string => {
  const fitting = rigs.filter(fits)
  return random.pick(fitting.length > 0 ? fitting : rigs).rig
}

/** A source that resumes misses nothing while its agent is down; the others say so by a Gap. */
export const agentDown = ({ rig, source }: Rig, fromMs: number, toMs = Date.now()): Excuse[] =>
  source === 'file' ? [] : [{ rig, causes: ['agent_down'], fromMs, toMs }]

/** A row an envelope, of about 200 bytes: what has a bound in bytes reaches it with few rows. */
export const smallBatch = { rowsMax: 1 }
/** Of such rows, thousands a second. */
export const burstBytesPerS = 150_000

export async function sinksOf(world: World): Promise<SinksAnswer['sinks']> {
  const answer = await fetch(`${world.httpUrl}/v1/sinks`, { signal: AbortSignal.timeout(5_000) })
  return ((await answer.json()) as SinksAnswer).sinks
}

/** Every sink runs and waits for nothing. */
export const sinksRun = (world: World, timeoutMs = 60_000): Promise<void> =>
  eventually('the sinks to run', timeoutMs, async () =>
    (await sinksOf(world)).every(({ state }) => state === 'running'),
  )

/** The segments of a log's folder, oldest first. */
export const segmentsIn = (folder: string): string[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.segment'))
    .sort()
    .map((name) => join(folder, name))

export function newestSegment(folder: string): string {
  const newest = segmentsIn(folder).at(-1)
  if (newest === undefined) throw new Error(`${folder} has no segment`)
  return newest
}

/** Where the header of a segment ends. */
export const headerBytes = 80

/** Flips a bit in each of so many bytes behind the header, or anywhere; returns where. */
export function flipBytes(file: string, random: Random, count: number, from = headerBytes): number[] {
  const { size } = statSync(file)
  if (size <= from) return []
  const fd = openSync(file, 'r+')
  try {
    const places = Array.from({ length: count }, () => random.int(from, size - 1))
    const byte = Buffer.alloc(1)
    for (const at of places) {
      readSync(fd, byte, 0, 1, at)
      byte[0] = byte[0]! ^ (1 << random.int(0, 7))
      writeSync(fd, byte, 0, 1, at)
    }
    fsyncSync(fd)
    return places
  } finally {
    closeSync(fd)
  }
}
