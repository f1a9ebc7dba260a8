import { lstat, rename, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { createThrottle, type Logger } from '../../common/log.ts'
import { errorCode, realFiles } from '../../common/segment-log-files.ts'
import { isUlid, ulid } from '../../common/ulid.ts'
import { putAside } from './bad-folder.ts'
import { type Listing, listFolder } from './list-folder.ts'
import { decodeMarks, fileBytesMax, type Mark } from './mark-file.ts'
import { readBounded } from './read-file.ts'

// A folder into which others drop files of marks. A whole file is renamed to `<ulid>.taken` first, the name being where its event
// ids come from, and deleted when its events are on disk: after a crash in between they are entered again under the same ids.

/** Files whose events are under way together: one fsync serves them. */
const filesAtOnce = 32
/** What cannot be read as JSON is looked at until it has not changed for so long. */
const settleMs = 2000
const undeletedMax = 1000

export interface TakenFile {
  /** ULID. */
  id: string
  marks: Mark[]
  mtimeNs: bigint
}

/** `held`: it must be entered again later. `bad`: why it can't be. */
export type EnterOutcome = 'durable' | 'held' | { bad: string }

export interface DropFolderOptions {
  folder: string
  /** The files' names are ULIDs that whoever wrote them drew as event ids. */
  namesAreIds: boolean
  /** Of what was taken, see list-folder.ts. */
  takenSuffix: string
  log: Logger
  /** False: the disk takes nothing now; files stay as they are. */
  isOpen(): boolean
  /** Enters what these files hold, in their order. */
  enter(files: TakenFile[]): Promise<EnterOutcome[]>
}

export interface DropFolder {
  /** Takes what is there. True: there is more. Rejects if the folder can't be read. */
  look(stopped: () => boolean): Promise<boolean>
}

export function createDropFolder(options: DropFolderOptions): DropFolder {
  const { folder, log, takenSuffix } = options
  const throttled = createThrottle()
  const unsettled = new Map<string, { size: bigint; mtimeNs: bigint; sinceMs: number }>()
  /** On disk, but their files could not be deleted: not to be entered again by this process. */
  const undeleted = new Set<string>()
  /** What the files were called that are being taken. */
  const cameAs = new Map<string, string>()
  let bad = 0
  let last: string | undefined

  const complain = (error: unknown, file: string, what: string) => {
    // It has gone: whoever wrote it took it back.
    if (errorCode(error) === 'ENOENT') return
    throttled(`${what} ${file}`, () => log.warn({ err: error, folder, file }, what))
  }

  const putBad = async (file: string, why: string) => {
    try {
      const kept = await putAside(folder, file, why, cameAs.get(file))
      unsettled.delete(file)
      cameAs.delete(file)
      log.warn({ file, kept: join(folder, 'bad', kept), why, bad: ++bad }, 'a file of marks cannot be taken')
    } catch (error) {
      complain(error, file, 'a bad file of marks cannot be moved aside')
    }
  }

  const hasSettled = ({ name, stats: { size, mtimeNs } }: Listing['dropped'][number]): boolean => {
    const before = unsettled.get(name)
    const nowMs = performance.now()
    if (before && before.size === size && before.mtimeNs === mtimeNs) return nowMs - before.sinceMs >= settleMs
    unsettled.set(name, { size, mtimeNs, sinceMs: nowMs })
    return false
  }

  /** Why a file can't be taken; undefined if it can. `wait`: it may still be being written. */
  const judge = async ({
    name,
    stats,
  }: Listing['dropped'][number]): Promise<{ why: string; wait: boolean } | undefined> => {
    if (!stats.isFile()) return { why: 'a link or a device: only plain files are read', wait: false }
    if (stats.size > fileBytesMax) {
      return { why: `${stats.size} bytes; a file of marks has ${fileBytesMax} at most`, wait: true }
    }
    const decoded = decodeMarks(await readBounded(join(folder, name), fileBytesMax))
    return 'problem' in decoded ? { why: decoded.problem, wait: !decoded.whole } : undefined
  }

  /** Gives a whole file its id, once and for all; undefined if it can't be taken, or not yet. */
  const claim = async (file: Listing['dropped'][number]): Promise<string | undefined> => {
    const { name } = file
    try {
      const problem = await judge(file)
      if (problem) {
        if (!problem.wait || hasSettled(file)) await putBad(name, problem.why)
        return undefined
      }
      unsettled.delete(name)
      const own = name.replace(/\.json$/i, '')
      const id = options.namesAreIds && isUlid(own) ? own : ulid(last)
      await rename(join(folder, name), join(folder, id + takenSuffix))
      cameAs.set(id + takenSuffix, name)
      last = id
      return id
    } catch (error) {
      complain(error, name, 'a file of marks cannot be taken yet')
      return undefined
    }
  }

  const read = async (id: string): Promise<TakenFile | undefined> => {
    const file = id + takenSuffix
    try {
      const { mtimeNs } = await lstat(join(folder, file), { bigint: true })
      const decoded = decodeMarks(await readBounded(join(folder, file), fileBytesMax))
      if ('marks' in decoded) return { id, mtimeNs, marks: decoded.marks }
      await putBad(file, decoded.problem)
    } catch (error) {
      complain(error, file, 'a file of marks cannot be read')
    }
    return undefined
  }

  const remove = async (id: string) => {
    undeleted.add(id)
    try {
      cameAs.delete(id + takenSuffix)
      await unlink(join(folder, id + takenSuffix))
      undeleted.delete(id)
    } catch (error) {
      if (errorCode(error) === 'ENOENT') undeleted.delete(id)
      else complain(error, id + takenSuffix, 'a file of marks is entered, but cannot be deleted')
    }
  }

  /** False: the disk takes nothing more. */
  const take = async (ids: string[]): Promise<boolean> => {
    const again = ids.filter((id) => undeleted.has(id))
    const files = await Promise.all(ids.filter((id) => !undeleted.has(id)).map(read))
    const readable = files.filter((file) => file !== undefined)
    const outcomes = await options.enter(readable)
    for (const id of again) await remove(id)
    for (const [i, { id }] of readable.entries()) {
      const outcome = outcomes[i]!
      if (outcome === 'durable') await remove(id)
      else if (outcome !== 'held') await putBad(id + takenSuffix, outcome.bad)
    }
    return !outcomes.includes('held')
  }

  return {
    async look(stopped) {
      if (!options.isOpen()) return false
      const { taken, dropped, more, crowded } = await listFolder(folder, takenSuffix)
      if (crowded) {
        throttled('crowded', () => log.warn({ folder }, 'the folder of marks is full of other files: give it its own'))
      }
      const present = new Set(dropped.map(({ name }) => name))
      for (const name of unsettled.keys()) if (!present.has(name)) unsettled.delete(name)
      const claimed: string[] = []
      for (const file of dropped) {
        if (stopped()) return false
        // What cannot be deleted is remembered; no more is taken than that.
        const id = undeleted.size < undeletedMax ? await claim(file) : undefined
        if (id !== undefined) claimed.push(id)
      }
      // A rename that a power cut undoes would give the file another id. Where a share has no such call, the rename must do.
      if (claimed.length > 0) await realFiles.syncDirectory(folder).catch(() => {})
      const waiting = [...taken, ...claimed]
      for (let i = 0; i < waiting.length; i += filesAtOnce) {
        if (stopped() || !options.isOpen()) return false
        if (!(await take(waiting.slice(i, i + filesAtOnce)))) return false
      }
      return more && claimed.length > 0
    },
  }
}
