import { rm, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { createThrottle, type Logger } from '../common/log.ts'
import { ulidTimeMs } from '../common/ulid.ts'
import type { Catalog, LakeFile } from './catalog/types.ts'
import type { Own } from './own.ts'
import { type Chosen, chooseFiles, filesMax, streamsLeast } from './retention/choose-files.ts'
import type { RetentionConfig } from './retention/config.ts'
import { type Describe, NotNowError, retentionGap, sharesOf } from './retention/declare-removal.ts'
import { behindLeastMs, createPassedTime, type PassedTime } from './retention/passed-time.ts'
import { SinkAwayError } from './sinks/start-sink.ts'

// Keeps the lake within its age and its bytes. First it is said in the data what will be missing, then no reader finds it any more, then
// it is deleted: after a crash at any point the next turn goes on, and at worst the same is said twice. The tables beside the streams
// stay: they are small, and they are what shows that nothing else is missing.

const turnEveryMs = 60_000
/** While there is more to do than one turn does. */
const nextTurnMs = 1_000
/** Queries that began before a removal may be reading. */
const deleteAfterMs = 10 * 60_000

export interface LakeStatus {
  files: number
  bytes: number
  /** When the oldest rows of streams came, ms since 1970. */
  oldestReceivedMs: number | undefined
  /** Of the disk that the lake is on; undefined if it cannot be asked. */
  freeBytes: number | undefined
  retention: RetentionConfig
  /** Since ever. */
  removed: { files: number; bytes: number; lastMs: number | undefined }
}

export interface Retention {
  /** Resolves when all that is due now, or as much as one turn does, is done. Never rejects. */
  turn(): Promise<void>
  status(): Promise<LakeStatus>
  /** Nothing is changed after it. Safe twice. */
  close(): void
}

export interface RetentionOptions {
  config: RetentionConfig | undefined
  catalog: Catalog
  own: Pick<Own, 'add'>
  lakeFolder: string
  describe: Describe
  log: Logger
  nowMs?: () => number
  /** What files grow old by. */
  passedTime?: PassedTime
  turnEveryMs?: number
  deleteAfterMs?: number
}

/** Takes its first turn soon after the start, then one a minute. */
export function startRetention(options: RetentionOptions): Retention {
  const { config = {}, catalog, lakeFolder, log, nowMs = Date.now } = options
  const throttle = createThrottle()
  const passedTime = options.passedTime ?? createPassedTime({ catalog, wallMs: nowMs })
  let closed = false
  let working: Promise<void> | undefined
  let timer: NodeJS.Timeout | undefined

  const work = async (): Promise<boolean> => {
    if (closed) return false
    const deleted = await deleteLeftovers()
    if (closed) return false
    const chosen = chooseFiles(catalog, config, config.ageMaxDays === undefined ? 0 : agedToMs())
    if (chosen) await remove(chosen)
    checkTables()
    return deleted === filesMax || chosen?.files.length === filesMax
  }

  const checkTables = () => {
    const { bytes, streamBytes } = catalog.lakeTotals()
    const tableBytes = bytes - streamBytes
    const { bytesMax = Number.POSITIVE_INFINITY } = config
    if (tableBytes <= bytesMax * (1 - streamsLeast)) return
    throttle('tables', (heldBack) =>
      log.warn(
        { bytesMax, tableBytes, heldBack },
        'the tables beside the streams take most of lake.retention.bytesMax: streams keep half of it, so the lake has more; raise it',
      ),
    )
  }

  const agedToMs = (): number => {
    const passedMs = passedTime.nowMs()
    const behindMs = nowMs() - passedMs
    if (behindMs > behindLeastMs) {
      throttle('clock', () =>
        log.warn(
          { clock: new Date(nowMs()).toISOString(), agedTo: new Date(passedMs).toISOString() },
          'the clock is days ahead of when this ingest ran last: files of the lake grow old at 24 times the usual speed until they have caught up; if the clock is wrong, set it right',
        ),
      )
    }
    return passedMs
  }

  const remove = async ({ files, reason }: Chosen) => {
    for (const [stream, some] of byStream(files)) {
      const shares = await sharesOf(some, lakeFolder, options.describe)
      for (const share of shares) {
        if (closed) return
        await options.own.add({ type: 'gap', gap: retentionGap(share, stream, some, reason) })
      }
      if (closed) return
      catalog.removeLakeFiles(some, reason, nowMs())
      const bytes = some.reduce((sum, file) => sum + file.bytes, 0)
      const rows = some.reduce((sum, file) => sum + file.rows, 0)
      log.info({ stream, files: some.length, bytes, rows, reason }, 'removed from the lake')
    }
  }

  /** Those of earlier starts too. */
  const deleteLeftovers = async (): Promise<number> => {
    const afterMs = options.deleteAfterMs ?? deleteAfterMs
    // Removed at a time that is still to come: the clock has been set back, and they must not fill the disk until then.
    const paths = catalog.lakeLeftovers(filesMax, nowMs() - afterMs, nowMs() + afterMs)
    for (const path of paths) await rm(join(lakeFolder, path), { force: true })
    if (paths.length > 0 && !closed) catalog.lakeDeleted(paths, nowMs())
    return paths.length
  }

  const turn = () => {
    working ??= work()
      .catch((error): boolean => {
        throttle('turn', (heldBack) =>
          log.warn({ err: error, heldBack }, 'what the lake keeps too long cannot be removed now; trying again'),
        )
        return false
      })
      .then((isMore) => {
        working = undefined
        plan(isMore ? nextTurnMs : (options.turnEveryMs ?? turnEveryMs))
      })
    return working
  }

  const plan = (afterMs: number) => {
    clearTimeout(timer)
    if (closed) return
    timer = setTimeout(turn, afterMs)
    timer.unref()
  }
  plan(nextTurnMs)

  return {
    turn,
    async status() {
      const [oldest] = catalog.oldestLakeFiles(1)
      const { files, bytes } = catalog.lakeTotals()
      return {
        files,
        bytes,
        oldestReceivedMs: oldest && ulidTimeMs(oldest.segment),
        freeBytes: await freeBytes(lakeFolder),
        retention: config,
        removed: catalog.lakeRemovals(),
      }
    },
    close() {
      closed = true
      clearTimeout(timer)
    },
  }
}

function byStream(files: readonly LakeFile[]): Map<string, LakeFile[]> {
  const streams = new Map<string, LakeFile[]>()
  for (const file of files) {
    const some = streams.get(file.table)
    if (some) some.push(file)
    else streams.set(file.table, [file])
  }
  return streams
}

async function freeBytes(folder: string): Promise<number | undefined> {
  try {
    const { bavail, bsize } = await statfs(folder)
    return bavail * bsize
  } catch {
    return undefined
  }
}

/** How long the lake's process may take to look into files. */
const describeMaxMs = 30_000

/** Asks the process that writes the lake: native code that crashes must not stop receipts. */
export const describeBy =
  (ask: (paths: string[]) => ReturnType<Describe>): Describe =>
  async (paths) => {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      const why = `the lake's process has not looked into ${paths.length} files within ${describeMaxMs} ms`
      timer = setTimeout(() => reject(new NotNowError(why)), describeMaxMs)
    })
    try {
      return await Promise.race([ask(paths), late])
    } catch (error) {
      throw error instanceof SinkAwayError ? new NotNowError(error.message, { cause: error }) : error
    } finally {
      clearTimeout(timer)
    }
  }
