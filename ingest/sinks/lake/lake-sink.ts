import { mkdirSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { DuckDBInstance } from '@duckdb/node-api'
import type { Logger } from '../../../common/log.ts'
import type { Position } from '../../../common/segment-log-types.ts'
import { reasonOf } from '../../../protos/errors.ts'
import type { Catalog } from '../../catalog/types.ts'
import type { Quarantine } from '../../quarantine.ts'
import type { Sink } from '../sink.ts'
import { openCrashGuard } from './crash-guard.ts'
import { findRepeats } from './find-repeats.ts'
import type { LakeConfig } from './lake-config.ts'
import { asideFolder, publishFiles, recoverFiles } from './lake-files.ts'
import { findStored, sharesOf } from './look-up.ts'
import { numbersOfFiles, numbersOfSegment, timesAround } from './look-up-numbers.ts'
import { createPart, type Group } from './part.ts'
import { settleGroups } from './settle-repeats.ts'
import { openStoredFiles } from './stored-files.ts'
import { findUnwritable, judgeFailure } from './unwritable.ts'
import { writeGroup } from './write-part.ts'

// The lake: envelopes of the journal -> Parquet files, the home of everything at full rate.

export interface LakeParts {
  catalog: Catalog
  quarantine: Pick<Quarantine, 'put'>
  log: Logger
}

/** Opens DuckDB in memory and looks after the files of an interrupted write. Throws if the folder cannot be used. */
export async function openLakeSink(config: LakeConfig, { catalog, quarantine, log }: LakeParts): Promise<Sink> {
  const { lakeFolder } = config
  mkdirSync(lakeFolder, { recursive: true })
  const { instance, connection } = await openDuckDb(config)
  const recovered = await recoverFiles(connection, lakeFolder, config.journalFolder, catalog)
  if (recovered.adopted + recovered.removed + recovered.unreadable > 0) {
    log.warn(recovered, 'files of the lake that the catalog did not know')
  }
  if (recovered.missing > 0) {
    log.error(
      { files: recovered.missing },
      'files of the lake are gone that the catalog lists: put them back; or, if the lake was put back from an older copy, stop ingest and run "rigline catalog rebuild", so that agents send again or declare what is missing',
    )
  }
  if (recovered.adoptedEvents > 0) {
    log.error(
      { files: recovered.adoptedEvents },
      'runs, markers and rig history from before the journal begins are in the lake (_events) and no longer in the catalog: stop ingest and run "rigline catalog rebuild"',
    )
  }
  const storedFiles = openStoredFiles(connection, lakeFolder, catalog, log)
  const guard = openCrashGuard(lakeFolder)
  const counters = {
    parts: 0,
    files: 0,
    rows: 0,
    readings: 0,
    bytes: 0,
    unwritable: 0,
    nan: 0,
    infinite: 0,
    out_of_range: 0,
    repeated_rows: 0,
    differing_rows: 0,
  }
  let part = createPart(catalog.cursor('lake'))
  let waitingFor: string | undefined
  let closed = false

  const write = async (signal: AbortSignal, cursor: Position | undefined) => {
    const files = []
    // What is in the lake changes with the catalog alone, so a write that is tried again looks again.
    const settled = settleGroups(part.groups, await findRepeats(connection, storedFiles, batchesOf(part.groups)))
    for (const group of settled.groups) files.push(...(await writeGroup(connection, lakeFolder, catalog, group)))
    // Whoever was told to stop may have a successor already.
    signal.throwIfAborted()
    await publishFiles(lakeFolder, files)
    catalog.addLakeFiles(
      files.map(({ file }) => file),
      cursor,
      [...part.late],
    )
    count(settled, files)
  }

  const count = (settled: ReturnType<typeof settleGroups>, files: { file: { rows: number; bytes: number } }[]) => {
    const batches = batchesOf(settled.groups)
    storedFiles.stored(batches)
    counters.repeated_rows += settled.repeatedRows
    counters.differing_rows += settled.differingRows
    counters.parts++
    counters.files += files.length
    counters.bytes += files.reduce((sum, { file }) => sum + file.bytes, 0)
    for (const { facts, envelope } of batches) {
      counters.rows += envelope.body.batch.rows
      counters.readings += facts.sum.count
      counters.nan += facts.nan
      counters.infinite += facts.infinite
      counters.out_of_range += facts.outOfRange
    }
  }

  /** What DuckDB will not write for the data's sake is found and put aside; the rest of the part is kept. */
  const dropUnwritable = async (error: unknown) => {
    const { kept, refused } = await findUnwritable(connection, lakeFolder, catalog, part)
    if (refused.length === 0) throw error
    for (const { envelope, reason } of refused) {
      const { rig, spool, seq } = envelope.header
      quarantine.put({
        by: 'lake',
        reason: 'not_storable_in_lake',
        detail: reason,
        rig,
        spool,
        seq,
        content: 'envelope',
        position: envelope.position,
        receivedNs: String(envelope.receivedNs),
        bytes: envelope.bytes,
      })
      counters.unwritable++
      log.error({ rig, spool, seq, reason }, 'an envelope cannot be written to the lake: now in quarantine')
    }
    part = kept
  }

  return {
    name: 'lake',
    flushWhenIdle: false,
    flushAtSegmentEnd: true,
    add(envelope) {
      guard.check(envelope.position)
      part.add(envelope)
    },
    full: () => part.bytes >= config.partBytesMax || part.envelopes.length >= guard.envelopesMax,
    async flush(signal, upTo) {
      for (let pauseMs = 500; part.envelopes.length > 0; pauseMs = Math.min(pauseMs * 2, 30_000)) {
        signal.throwIfAborted()
        const from = part.groups[0]!.from
        guard.begin(from, part.next ?? from, part.envelopes.length)
        try {
          const cursor = upTo ?? part.next
          await write(signal, cursor)
          guard.end()
          part = createPart(cursor)
          waitingFor = undefined
        } catch (error) {
          if (signal.aborted) {
            guard.end()
            throw error
          }
          const judged = judgeFailure(error)
          // The note of the guard stays: the next process goes on in halves.
          if (judged === 'restart') throw error
          guard.end()
          if (judged === 'data') await dropUnwritable(error)
          else {
            if (waitingFor === undefined) log.error({ err: error }, 'the lake cannot be written: waiting')
            waitingFor = `the lake, which cannot be written: ${reasonOf(error)}`
            await sleep(pauseMs, undefined, { signal })
          }
        }
      }
    },
    hasStored: (positions) => findStored(connection, lakeFolder, catalog, positions),
    describeFiles: (paths) => sharesOf(connection, lakeFolder, paths),
    numbersOf: (asked) =>
      'segment' in asked
        ? numbersOfSegment(connection, lakeFolder, catalog, asked.segment)
        : numbersOfFiles(connection, lakeFolder, asked.paths),
    timesAround: (asked) => timesAround(connection, lakeFolder, catalog, asked),
    status: () => ({
      state: waitingFor === undefined ? 'running' : 'waiting',
      ...(waitingFor === undefined ? {} : { waitingFor }),
      counters: { ...counters, ...storedFiles.counters },
    }),
    async close() {
      if (closed) return
      closed = true
      connection.closeSync()
      instance.closeSync()
      await rm(asideFolder(lakeFolder), { recursive: true, force: true })
    },
  }
}

const batchesOf = (groups: readonly Group[]) => groups.flatMap(({ batches }) => [...batches.values()].flat())

async function openDuckDb(config: LakeConfig) {
  const instance = await DuckDBInstance.create(':memory:', {
    threads: String(config.threads),
    memory_limit: `${Math.floor(config.memoryBytesMax / 1e6)}MB`,
    temp_directory: join(asideFolder(config.lakeFolder), 'spill'),
    // Nothing is to be fetched from anywhere.
    autoinstall_known_extensions: 'false',
  })
  return { instance, connection: await instance.connect() }
}
