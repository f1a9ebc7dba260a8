import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from '../../common/log.ts'
import { reasonOf } from '../../protos/errors.ts'
import type { Catalog } from '../catalog/types.ts'
import type { Sequence } from '../sequence.ts'
import type { SinkHandle } from '../sinks/start-sink.ts'

// A lake that is newer than the catalog (which was restored from a copy, or lost) holds envelopes that the numbers do not know.
// Before ingest tells any agent what it has, these count too: else the agents would bring them again.

const ledger = 'v1/_envelopes'
const filesAtOnce = 200
/** Longer no agent waits: what is not looked at by then comes again, and the lake finds its rows repeated. */
const waitMs = 60_000

/** Files of the ledger that the catalog does not know, as paths relative to the lake's folder. */
export function unknownLedger(catalog: Pick<Catalog, 'lakeFiles'>, lakeFolder: string): string[] {
  const folder = join(lakeFolder, ledger)
  if (!existsSync(folder)) return []
  const known = new Set(catalog.lakeFiles('_envelopes').map(({ path }) => path))
  return readdirSync(folder)
    .filter((name) => name.endsWith('.parquet'))
    .map((name) => `${ledger}/${name}`)
    .filter((path) => !known.has(path))
    .sort()
}

/** The newest segment of the journal that one of these files came from. */
export const newestSegmentOf = (paths: readonly string[]): string | undefined =>
  paths
    .map((path) => path.slice(ledger.length + 1).slice(0, 26))
    .sort()
    .at(-1)

export interface LakeAheadParts {
  catalog: Pick<Catalog, 'lakeFiles'>
  sequence: Pick<Sequence, 'came'>
  lake: Pick<SinkHandle, 'ask' | 'status'>
  log: Logger
}

/** Takes the numbers of those of these files that the lake has adopted. Does not reject. */
export async function takeFromLake({ catalog, sequence, lake, log }: LakeAheadParts, unknown: readonly string[]) {
  if (unknown.length === 0) return
  const until = performance.now() + waitMs
  log.warn({ files: unknown.length }, 'the lake is newer than the catalog: looking which numbers it has')
  try {
    // Its first word comes when it has looked after its files.
    while (lake.status().cursor === undefined) {
      if (performance.now() > until) throw new Error(`the lake did not start within ${waitMs} ms`)
      await sleep(50)
    }
    const known = new Set(catalog.lakeFiles('_envelopes').map(({ path }) => path))
    const adopted = unknown.filter((path) => known.has(path))
    for (let at = 0; at < adopted.length; at += filesAtOnce) {
      if (performance.now() > until) throw new Error(`not all ${adopted.length} files were read within ${waitMs} ms`)
      const numbers = await lake.ask('numbers', { paths: adopted.slice(at, at + filesAtOnce) })
      for (const { rig, spool, ranges } of numbers) sequence.came(rig, spool, ranges)
    }
  } catch (error) {
    log.error(
      { err: error },
      `what the lake has and the catalog does not know cannot be read in full (${reasonOf(error)}): agents may send it again`,
    )
  }
}
