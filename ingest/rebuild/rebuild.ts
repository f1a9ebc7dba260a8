import { existsSync } from 'node:fs'
import { rename } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { lockFolder } from '../../common/data-lock.ts'
import { type Logger, silentLog } from '../../common/log.ts'
import { comparePositions, type Position } from '../../common/segment-log-types.ts'
import { listSegments } from '../../common/segment-reader.ts'
import { decodeBody } from '../../protos/envelope.ts'
import { openCatalog } from '../catalog/catalog.ts'
import type { Catalog, LakeFile } from '../catalog/types.ts'
import { journalFolder } from '../journal.ts'
import { openQuarantine, quarantineFolder } from '../quarantine.ts'
import { createFollow } from '../runs/follow.ts'
import { saveEvents } from '../runs/save-events.ts'
import { createSequence } from '../sequence.ts'
import { lakeFolder } from '../sinks/lake/lake-config.ts'
import { addDeclared, noteBegunAgain } from './begun-again.ts'
import { type Duck, openDuck } from './duck.ts'
import { exchange, removeCatalog } from './exchange.ts'
import { divideWrites } from './half-written.ts'
import { listWrites } from './list-writes.ts'
import { createNumbers, type Numbers } from './numbers.ts'
import { readGaps } from './read-gaps.ts'
import { readWholeJournal } from './read-journal.ts'
import { readLake } from './read-lake.ts'
import { createRebuiltRigs } from './rebuilt-rigs.ts'
import { addRemoval, covered, type Removals } from './removals.ts'
import { salvage } from './salvage.ts'

// catalog.sqlite anew, from the journal and the lake: the lake's books say which numbers it has, the journal has the rest. Made aside
// and renamed at the end, so that a break-off leaves the old one; made by the code that follows the journal at any other time.

export interface Rebuilt {
  files: number
  /** Files of the lake that cannot be read: what is in them is not there for anybody. */
  unreadable: string[]
  /** Files that are not there, though the ledger has their rows and no Gap says that they were removed. */
  missing: string[]
  /** Files that retention has removed. */
  removed: number
  /** Half-written ones, which the lake writes again from the journal. */
  again: number
  /** Half-written ones of what had been parked: renamed. */
  aside: number
  records: number
  damagedBytes: number
  unaccounted: number
  parked: number
  owed: number
  /** Numbers that the old catalog knew as receipted and that are nowhere: asked for again, or declared. */
  lost: number
  spools: number
  runs: number
  schemas: number
  keptAs: string | undefined
  seconds: number
}

export interface RebuildOptions {
  dataFolder: string
  log?: Logger
  onProgress?: (done: string) => void
  parkBytesMax?: number | undefined
}

export const catalogFileOf = (dataFolder: string): string => join(dataFolder, 'catalog.sqlite')

/** Rejects if ingest runs on the folder, or if it has neither journal nor lake; then all is as it was. */
export async function rebuildCatalog(asked: RebuildOptions): Promise<Rebuilt> {
  const options = { ...asked, dataFolder: resolve(asked.dataFolder) }
  const { dataFolder } = options
  if (!existsSync(journalFolder(dataFolder)) && !existsSync(lakeFolder(dataFolder))) {
    throw new Error(`${dataFolder} has neither journal nor lake: name the data folder of an ingest with --data`)
  }
  const unlock = [await lockFolder(dataFolder)]
  const file = catalogFileOf(dataFolder)
  const made = `${file}.rebuilding`
  try {
    unlock.push(await lockLake(lakeFolder(dataFolder)))
    await removeCatalog(made)
    return await makeCatalog(options, file, made)
  } catch (error) {
    await removeCatalog(made).catch(() => {})
    throw error
  } finally {
    for (const one of unlock.reverse()) one()
  }
}

/** The lake's process of an ingest that was killed may be in the middle of its last write. */
async function lockLake(folder: string): Promise<() => void> {
  for (let tries = 0; ; tries++) {
    try {
      return await lockFolder(folder)
    } catch (error) {
      if (tries > 100) throw error
      await sleep(200)
    }
  }
}

async function makeCatalog(options: RebuildOptions, file: string, made: string): Promise<Rebuilt> {
  const startedMs = performance.now()
  const lake = lakeFolder(options.dataFolder)
  const duck = await openDuck(lake)
  const catalog = openCatalog(made, { aside: true })
  try {
    const rebuilt = await fill(options, duck, catalog, file)
    catalog.close()
    const keptAs = await exchange(file, made, new Date())
    return { ...rebuilt, keptAs, seconds: (performance.now() - startedMs) / 1000 }
  } finally {
    catalog.close()
    duck.close()
  }
}

async function fill(
  { dataFolder, log = silentLog, onProgress = () => {}, parkBytesMax = 64 * 1024 * 1024 }: RebuildOptions,
  duck: Duck,
  catalog: Catalog,
  oldFile: string,
): Promise<Omit<Rebuilt, 'keptAs' | 'seconds'>> {
  const lake = lakeFolder(dataFolder)
  const journal = journalFolder(dataFolder)
  const unreadable = new Map<string, string>()
  const onUnreadable = (path: string, why: string) => {
    if (!unreadable.has(path)) log.error({ path, why }, 'cannot be read')
    unreadable.set(path, why)
  }

  onProgress('listing the lake')
  const all = await listWrites(lake)
  const removals: Removals = new Map()
  const declared = createSequence([])
  const replaced = new Set<string>()
  await readGaps(duck, all, declared, removals, replaced)
  const segmentNames = (await listSegments(journal)).map(({ name }) => name)
  const segments = new Set(segmentNames)
  const { writes, cursor, again, aside } = await divideWrites(duck.connection, lake, all, segments, removals)
  for (const path of aside) await rename(join(lake, path), join(lake, `${path}.incomplete`))

  const numbers = createNumbers(declared.spools())
  const rigs = createRebuiltRigs()
  const follow = createFollow({ log, held: new Map(), save: (records) => void saveEvents(catalog.runs, records) })
  const total = writes.reduce((sum, { paths }) => sum + paths.length, 0)
  const missing = await readLake(
    {
      duck,
      lakeFolder: lake,
      catalog,
      numbers,
      rigs,
      newest: new Map(),
      follow,
      onUnreadable,
      onProgress: (done) => onProgress(`${done} of ${total} files of the lake`),
    },
    writes,
  )
  follow.save()
  rigs.save(catalog)
  addQuarantined(numbers, quarantineFolder(dataFolder))

  const sequence = createSequence(numbers.spools())
  if (cursor) catalog.saveCursor('lake', cursor)
  const read = await readWholeJournal({
    journalFolder: journal,
    catalog,
    sequence,
    follow,
    lakeCursor: cursor,
    parkBytesMax,
    log,
    onProgress: (records) => onProgress(`${records} records of the journal`),
    onGap(header, envelope, receivedNs) {
      const { body } = decodeBody(envelope, header)
      if (body.type !== 'gap') return
      addRemoval(removals, body.gap, header.rig, receivedNs)
      addDeclared(replaced, body.gap)
    },
  })
  follow.save()
  const salvaged = await salvage(oldFile, catalog, {
    connection: duck.connection,
    lakeFolder: lake,
    sequence,
    parkBytesMax,
  })
  const lost = saveRemoved(catalog, missing, removals)
  const spools = [...sequence.spools()]
  // No older than the journal, or it would pass for a copy: an empty journal has no record to say so.
  const upTo = later(
    later(cursor, read.end),
    segmentNames[0] === undefined ? undefined : { segment: segmentNames[0], offset: 0 },
  )
  if (upTo) catalog.saveRanges(spools, upTo)
  await noteBegunAgain({
    duck,
    ledger: writes.flatMap(({ paths }) =>
      paths.filter((path) => path.includes('/_envelopes/') && !unreadable.has(path)),
    ),
    journalFolder: journal,
    lakeCursor: cursor,
    catalog,
    spools,
    declared: replaced,
  })
  return {
    files: total,
    unreadable: [...unreadable.keys()],
    missing: lost.map(({ path }) => path),
    removed: missing.length - lost.length,
    again,
    aside: aside.length,
    records: read.records,
    damagedBytes: read.damagedBytes,
    unaccounted: read.unaccounted,
    parked: read.parked + salvaged.parked,
    owed: salvaged.owed,
    lost: salvaged.lost,
    spools: spools.length,
    runs: catalog.runs.runNames(1_000_000).length,
    schemas: catalog.schemas().length,
  }
}

const later = (a: Position | undefined, b: Position | undefined): Position | undefined =>
  a && b ? (comparePositions(a, b) > 0 ? a : b) : (a ?? b)

/** What the lake has put aside was receipted and is kept: it need not come again. */
function addQuarantined(numbers: Numbers, folder: string): void {
  if (!existsSync(folder)) return
  const quarantine = openQuarantine(folder)
  // What it had to give up waits for its Gap.
  for (const { rig, spool, seq } of quarantine.pushedOut()) numbers.add(rig, spool, seq, seq)
  for (const { by, rig, spool, seq } of quarantine.list()) {
    if (by === 'lake' && rig !== undefined && spool !== undefined && seq !== undefined)
      numbers.add(rig, spool, seq, seq)
  }
}

/** Returns those that no Gap speaks of. */
function saveRemoved(catalog: Catalog, missing: readonly LakeFile[], removals: Removals): LakeFile[] {
  return missing.filter((file) => {
    const span = { minNs: BigInt(file.minTimeNs), maxNs: BigInt(file.maxTimeNs) }
    const removal = covered(removals, file.table, file.rigs, span)
    if (removal) catalog.addLakeRemoved(file, removal.reason, Number(removal.receivedNs / 1_000_000n))
    return removal === undefined
  })
}
