import { chownSync, existsSync, mkdirSync, readFileSync, statSync } from 'node:fs'
import { userInfo } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createClock } from '../../common/clock.ts'
import { loadConfigHere } from '../../common/config.ts'
import { UsageError } from '../../common/failure.ts'
import { isOwnMachine, isRunning, parseHolder } from '../../common/lock-holder.ts'
import { parseRelativeTime } from '../../common/relative-time.ts'
import { replaceFile } from '../../common/replace-file.ts'
import { ulid } from '../../common/ulid.ts'
import { agentConfig } from '../config.ts'
import { marksFolderOf, recentFileOf } from '../marks.ts'
import { badFolderOf } from './bad-folder.ts'
import { takenSuffix } from './list-folder.ts'
import { drawRunName, hexOf } from './mark-events.ts'
import { checkMarks, fileBytesMax, type MarkText, parseTime } from './mark-file.ts'
import { readRecent } from './recent.ts'

// The command line's side: a file in the agent's own folder of marks, whether or not an agent runs.

const waitMs = 2000
const lookEveryMs = 25

/** As a person types it: what is missing is filled in. */
type Typed = MarkText extends infer Text ? (Text extends MarkText ? Omit<Text, 'timeNs' | 'clock'> : never) : never

/** Enters a mark, prints the name of a run or marker on standard output and what became of it on standard error. */
export async function enterMark(configFile: string, asTyped: Typed): Promise<void> {
  const typed = withTimes(asTyped)
  const { rig, data } = loadConfigHere(agentConfig, configFile)
  const dataFolder = resolve(data)
  const id = ulid()
  const checked = checkMarks(typed)
  if ('problem' in checked) throw new UsageError(checked.problem)
  const mark = complete(typed, rig, id)
  const text = `${JSON.stringify(mark)}\n`
  if (Buffer.byteLength(text) > fileBytesMax) {
    throw new UsageError(`${Buffer.byteLength(text)} bytes are too much for a mark: ${fileBytesMax} at most`)
  }
  if (mark.do === 'mark' && mark.marker !== id) noteUnknown(dataFolder, mark)
  const folder = marksFolderOf(dataFolder)
  await write(folder, id, text)
  if (mark.do === 'start') process.stdout.write(`${mark.run}\n`)
  if (mark.do === 'mark') process.stdout.write(`${mark.marker}\n`)
  process.stderr.write(`${await follow(dataFolder, folder, id)}\n`)
}

/** Back from now, as a file of marks has it: a time of its own. */
function withTimes(typed: Typed): Typed {
  const nowNs = createClock().nowNs()
  const absolute = Object.entries(typed).flatMap(([key, value]) => {
    const isTime = (key === 'time' || key === 'from' || key === 'to') && typeof value === 'string'
    const ns = isTime ? parseRelativeTime(value, nowNs) : undefined
    return ns === undefined || ns < 0n ? [] : [[key, isoOf(ns)]]
  })
  return { ...typed, ...Object.fromEntries(absolute) }
}

function isoOf(ns: bigint): string {
  const second = new Date(Number(ns / 1_000_000_000n) * 1000).toISOString().slice(0, 19)
  return `${second}.${String(ns % 1_000_000_000n).padStart(9, '0')}Z`
}

function complete(typed: Typed, rig: string, id: string): MarkText {
  const clock = createClock()
  const nowNs = clock.nowNs()
  const entered = {
    author: typed.author ?? userName(),
    ...(typed.time === undefined
      ? { timeNs: String(nowNs), clock: { boot: hexOf(clock.bootId), monotonicNs: String(clock.monotonicNs()) } }
      : {}),
  }
  if (typed.do === 'start') {
    const timeNs = (typed.time === undefined ? undefined : parseTime(typed.time)) ?? nowNs
    return { ...typed, ...entered, run: typed.run ?? drawRunName(rig, timeNs, id) }
  }
  if (typed.do === 'mark') return { ...typed, ...entered, marker: typed.marker ?? id }
  return { ...typed, ...entered }
}

/** Who is at the keyboard, behind sudo too. */
function userName(): string {
  if (process.env.SUDO_USER) return process.env.SUDO_USER
  try {
    return userInfo().username
  } catch {
    // A container may run under a number that has no name.
    return `user ${process.getuid?.() ?? ''}`.trim()
  }
}

/** A marker is corrected by naming it again; one that is not known here begins anew, which may be a slip. */
function noteUnknown(dataFolder: string, mark: MarkText & { do: 'mark' }): void {
  const known = readRecent(recentFileOf(dataFolder)).some(({ marker }) => marker === mark.marker)
  if (known || mark.from !== undefined) return
  process.stderr.write(
    `"${mark.marker}" is not among the last markers of this rig: it is a new one unless it waits still\n`,
  )
}

async function write(folder: string, id: string, text: string): Promise<void> {
  try {
    makeFolder(folder)
    const { uid, gid } = statSync(folder)
    await replaceFile(join(folder, `${id}.json`), text, 0o644, { uid, gid })
  } catch (cause) {
    throw new Error(`cannot write into ${folder}: enter marks as the user whose agent it is, or as root`, { cause })
  }
}

/** What root creates belongs to the owner of what was there, for the agent must be able to use it. */
function makeFolder(folder: string): void {
  const first = mkdirSync(folder, { recursive: true })
  if (first === undefined || process.getuid?.() !== 0) return
  const { uid, gid } = statSync(dirname(first))
  for (let at = folder; ; at = dirname(at)) {
    chownSync(at, uid, gid)
    if (at === first) return
  }
}

/** Waits for the agent, if one may run. Throws if it would not take the file. */
async function follow(dataFolder: string, folder: string, id: string): Promise<string> {
  const runs = mayRun(dataFolder)
  const names = [`${id}.json`, id + takenSuffix]
  for (const untilMs = performance.now() + waitMs; runs && performance.now() < untilMs; await sleep(lookEveryMs)) {
    if (names.some((name) => existsSync(join(folder, name)))) continue
    const why = names.map((name) => join(badFolderOf(folder), `${name}.why.txt`)).find((file) => existsSync(file))
    if (why !== undefined) throw new Error(`the agent cannot take this: ${readFileSync(why, 'utf8').trim()}`)
    return 'spooled'
  }
  const where = join(folder, `${id}.json`)
  if (!runs) return `no agent runs here: it will be taken when the agent runs (${where})`
  return `the agent has not taken it within ${waitMs / 1000} s; it will when it can, see its log (${where})`
}

/** False if no agent holds the data folder; true also where that cannot be told (another container's). */
function mayRun(dataFolder: string): boolean {
  const lock = join(dataFolder, 'lock')
  if (!existsSync(lock)) return false
  const holder = parseHolder(readFileSync(lock, 'utf8'))
  return !isOwnMachine(holder) || isRunning(holder)
}
