import fs from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { basename } from 'node:path'
import type { Position } from '../../common/segment-log-types.ts'
import { type Control, killedFile, poisonedFile } from './control-file.ts'
import { limitWrites } from './preload-quota.ts'
import type { NamedPoint } from './types.ts'

// Loaded with --import (NODE_OPTIONS) into Rigline's programs and all that they start: does what the control file says, behind the
// names of node:fs and of Date that they use. Without FAULTS_CONTROL it does nothing. It needs Node's own modules alone.

const controlFile = process.env.FAULTS_CONTROL
if (controlFile !== undefined && controlFile !== '') await install(controlFile)

async function install(file: string): Promise<void> {
  const control = followControl(file)
  shiftClock(control)
  const handle = await fs.promises.open(process.execPath, 'r')
  const prototype = Object.getPrototypeOf(handle) as FileHandle
  await handle.close()
  const reached = createPoints(file, control)
  const paths = watchFiles(prototype, reached)
  limitWrites(prototype, paths, control)
  crashWhenPoisoned(file, control)
  syncBuiltinESMExports()
}

/** The control file as it is now, give or take 5 ms. */
function followControl(file: string): () => Control {
  const { readFileSync } = fs
  let control: Control = {}
  let readAtMs = Number.NEGATIVE_INFINITY
  return () => {
    const nowMs = performance.now()
    if (nowMs - readAtMs < 5) return control
    readAtMs = nowMs
    try {
      control = JSON.parse(readFileSync(file, 'utf8')) as Control
    } catch {
      // If it has gone, the harness has ended.
    }
    return control
  }
}

/** Date.now() and new Date() by a clock of their own; the monotonic clock, timers and the files' times go on as they are. */
function shiftClock(control: () => Control): void {
  const realNow = Date.now
  const now = () => realNow() + (control().clockMs ?? 0)
  Date.now = now
  globalThis.Date = new Proxy(Date, {
    construct: (target, args) => Reflect.construct(target, args.length === 0 ? [now()] : args),
    apply: () => new Date(now()).toString(),
  })
}

type Reached = (point: NamedPoint) => void

function createPoints(file: string, control: () => Control): Reached {
  const { existsSync, writeFileSync } = fs
  let id = ''
  let times = 0
  return (point) => {
    const { kill } = control()
    if (kill?.point !== point) return
    if (kill.id !== id) times = 0
    id = kill.id
    times++
    // Once only: what is started next reads the same file.
    if (times < kill.times || existsSync(killedFile(file, id))) return
    writeFileSync(killedFile(file, id), '')
    if (point === 'lake.renamed_ingest') process.kill(process.ppid, 'SIGKILL')
    die('SIGKILL')
  }
}

/** Nothing more happens in this process. */
function die(signal: NodeJS.Signals): never {
  process.kill(process.pid, signal)
  for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
}

/** What an open file's path is, and whether it was created by this opening. */
export type OpenFiles = WeakMap<object, { path: string; created: boolean }>

const segmentOf = /[/\\](journal|spool)[/\\][^/\\]+\.segment$/
const lakeFile = /[/\\]lake[/\\]v1[/\\]/

function watchFiles(prototype: FileHandle, reached: Reached): OpenFiles {
  const files: OpenFiles = new WeakMap()
  const { open, rename } = fs.promises
  fs.promises.open = async (path, flags, mode) => {
    const handle = await open(path, flags, mode)
    files.set(handle, { path: String(path), created: flags === 'wx' })
    return handle
  }
  const { datasync } = prototype
  prototype.datasync = async function (this: FileHandle) {
    const { path = '', created = false } = files.get(this) ?? {}
    // Recovery cuts and syncs what an earlier start has written: that is no append.
    const log = created ? (segmentOf.exec(path)?.[1] as 'journal' | 'spool' | undefined) : undefined
    if (log) reached(`${log}.appended`)
    await datasync.call(this)
    if (log) reached(`${log}.synced`)
  }
  fs.promises.rename = async (from, to) => {
    await rename(from, to)
    if (!lakeFile.test(String(to))) return
    reached('lake.renamed')
    reached('lake.renamed_ingest')
  }
  return files
}

const isBefore = (a: Position, b: Position): boolean =>
  a.segment === b.segment ? a.offset < b.offset : a.segment < b.segment

/** The lake's process notes what it is about to write (crash-guard.ts): if the poisoned envelope is in there, it dies of it. */
function crashWhenPoisoned(file: string, control: () => Control): void {
  const { existsSync, readFileSync, writeFileSync } = fs
  const poisoned = (id: string, share: number, from: Position, to: Position): Position => {
    const note = poisonedFile(file, id)
    if (existsSync(note)) return JSON.parse(readFileSync(note, 'utf8')) as Position
    const span = from.segment === to.segment ? to.offset - from.offset : 0
    const position = { segment: from.segment, offset: from.offset + Math.floor(Math.min(share, 0.999) * span) }
    writeFileSync(note, JSON.stringify(position))
    return position
  }
  fs.writeFileSync = (path, data, options) => {
    writeFileSync(path, data, options)
    const { poison } = control()
    if (!poison || basename(String(path)) !== 'writing.json') return
    const { from, to } = JSON.parse(String(data)) as { from: Position; to: Position }
    const position = poisoned(poison.id, poison.share, from, to)
    if (!isBefore(position, from) && isBefore(position, to)) die('SIGSEGV')
  }
}
