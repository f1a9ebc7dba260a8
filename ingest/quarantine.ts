import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createThrottle, type Logger } from '../common/log.ts'
import type { Position } from '../common/segment-log-types.ts'
import { ulid } from '../common/ulid.ts'
import {
  describePushed,
  notePushed,
  type PushedNote,
  type PushedOut,
  readNotes,
  removeNote,
} from './quarantine/pushed-out.ts'
import { readFacts } from './quarantine/read-facts.ts'

// What could not be read or stored, with the reason and the bytes: one file an entry, so that ingest and its sinks can
// write side by side. Bounded in bytes and files: the oldest go first, and that is counted. What came off the wire unreadable
// has one half of the room, what was receipted and a sink could not store the other: no sender can push out the latter.

export const quarantineFolder = (dataFolder: string): string => join(dataFolder, 'quarantine')

export interface QuarantineEntry {
  id: string
  time: string
  /** Who put it here: receive, influx, lake. */
  by: string
  /** A short word for counting: too_large, unreadable, wrong_rig, refused_by_influx ... */
  reason: string
  /** What exactly was wrong, in words. */
  detail: string
  rig?: string
  topic?: string
  spool?: string
  seq?: number
  /** Whose bytes these are: an MQTT payload, an envelope, lines of line protocol. */
  content: 'payload' | 'envelope' | 'lines'
  /**
   * Of an envelope that a sink put here: where in the journal it stood, and when it came (ns, decimal text). Without these it
   * cannot be replayed; earlier releases did not note them.
   */
  position?: Position
  receivedNs?: string
  bytes: Uint8Array
}

/** What an entry is, without its bytes; `size` says how many these are. */
export type QuarantineFacts = Omit<QuarantineEntry, 'bytes'> & { size: number }

export interface Quarantine {
  put(entry: Omit<QuarantineEntry, 'id' | 'time'>): string
  /** Oldest first. */
  ids(): string[]
  list(): QuarantineFacts[]
  /** Throws if there is none. */
  read(id: string): QuarantineEntry
  /** The file of an entry. */
  fileOf(id: string): string
  remove(id: string): void
  /** What the lake could not store and had to make room, until it is declared; as it was noted, and all of it. */
  pushedNotes(): PushedNote[]
  pushedOut(): PushedOut[]
  removePushedNote(file: string): void
  /** Entries that had to make room for newer ones since the start. */
  readonly dropped: number
}

const filesMax = 10_000
/** Reasons quote what came. */
const detailLettersMax = 2000

/** `receive` marks the names of its files; of the others, the name is the id alone. */
const rings = { receive: '.receive.json', sinks: '.json' } as const
type Ring = keyof typeof rings

const ringOf = (name: string): Ring => (name.endsWith(rings.receive) ? 'receive' : 'sinks')
/** The id in the name of an entry's file. */
export const entryIdOf = (name: string): string => name.slice(0, -rings[ringOf(name)].length)

/** `log`: of who puts something there. */
export function openQuarantine(folder: string, bytesMax = 256 * 1024 * 1024, log?: Logger): Quarantine {
  mkdirSync(folder, { recursive: true })
  const names = () =>
    readdirSync(folder)
      .filter((name) => name.endsWith('.json'))
      .sort()
  const size = (name: string) => statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0
  const sayDropped = createSayDropped(folder, log)
  /** What no store has is noted before it goes. */
  const onDropped = (names: readonly string[]) => {
    const pushed = names.flatMap((name) => (ringOf(name) === 'sinks' ? (readPushed(name) ?? []) : []))
    notePushed(folder, pushed)
    for (const name of names) sayDropped(name)
  }
  const readPushed = (name: string): PushedOut | undefined => {
    try {
      return describePushed(parse(name))
    } catch {
      // Gone, or no entry.
      return undefined
    }
  }
  const bounds = {
    receive: createBound('receive', folder, names, size, bytesMax / 2, onDropped),
    sinks: createBound('sinks', folder, names, size, bytesMax / 2, onDropped),
  }
  let last = names().at(-1)?.slice(0, 26)

  const nameOf = (id: string): string => {
    const marked = `${id}${rings.receive}`
    return size(marked) > 0 ? marked : `${id}${rings.sinks}`
  }
  const parse = (name: string): QuarantineEntry => {
    const { bytes: encoded, size: _, ...entry } = JSON.parse(readFileSync(join(folder, name), 'utf8'))
    return { ...entry, bytes: Buffer.from(encoded, 'base64') }
  }

  return {
    put(entry) {
      const id = ulid(last)
      last = id
      const { bytes, ...facts } = entry
      // The bytes come last: a list reads no more than what is before them.
      const text = JSON.stringify({
        id,
        time: new Date().toISOString(),
        ...facts,
        detail: facts.detail.slice(0, detailLettersMax),
        size: bytes.length,
        bytes: Buffer.from(bytes).toString('base64'),
      })
      const ring: Ring = entry.by === 'receive' ? 'receive' : 'sinks'
      const length = Buffer.byteLength(text)
      bounds[ring].makeRoom(length)
      writeFileSync(join(folder, `${id}.part`), text)
      renameSync(join(folder, `${id}.part`), join(folder, `${id}${rings[ring]}`))
      bounds[ring].added(length)
      return id
    },
    ids: () => names().map(entryIdOf),
    list: () => names().flatMap((name) => readFacts(join(folder, name)) ?? []),
    read: (id) => parse(nameOf(id)),
    fileOf: (id) => join(folder, nameOf(id)),
    remove(id) {
      const name = nameOf(id)
      bounds[ringOf(name)].removed(size(name))
      rmSync(join(folder, name), { force: true })
    },
    pushedNotes: () => readNotes(folder),
    pushedOut: () => readNotes(folder).flatMap(({ entries }) => entries),
    removePushedNote: (file) => removeNote(folder, file),
    get dropped() {
      return bounds.receive.dropped + bounds.sinks.dropped
    },
  }
}

/** Keeps one half of the quarantine within its bytes and files. */
function createBound(
  ring: Ring,
  folder: string,
  allNames: () => string[],
  size: (name: string) => number,
  bytesMax: number,
  onDropped: (names: readonly string[]) => void,
) {
  const ringFilesMax = filesMax / 2
  const names = () => allNames().filter((name) => ringOf(name) === ring)
  let dropped = 0
  let bytes = 0
  let files = 0
  const count = () => {
    const present = names()
    bytes = present.reduce((sum, name) => sum + size(name), 0)
    files = present.length
    return present
  }
  count()
  return {
    /** Makes room for a tenth more than is needed, so that a flood does not list the folder for each entry. */
    makeRoom(needed: number) {
      if (bytes + needed <= bytesMax && files < ringFilesMax) return
      // Another process may have added or removed entries: count anew before giving anything up.
      const going: string[] = []
      for (const name of count()) {
        if (bytes + needed <= bytesMax * 0.9 && files < ringFilesMax * 0.9) break
        bytes -= size(name)
        files--
        going.push(name)
      }
      onDropped(going)
      for (const name of going) rmSync(join(folder, name), { force: true })
      dropped += going.length
    },
    added(length: number) {
      bytes += length
      files++
    },
    removed(length: number) {
      bytes -= length
      files--
    },
    get dropped() {
      return dropped
    },
  }
}

/** Said before the file goes; of a flood one a minute. */
function createSayDropped(folder: string, log: Logger | undefined): (name: string) => void {
  const throttle = createThrottle()
  return (name) => {
    const ring = ringOf(name)
    throttle(ring, (heldBack) => {
      const { id, by, reason, rig, spool, seq } = readFacts(join(folder, name)) ?? { id: entryIdOf(name) }
      const entry = { entry: id, by, reason, rig, spool, seq, heldBack }
      if (ring === 'receive') return log?.warn(entry, 'the quarantine is full: its oldest entry was removed')
      log?.error(
        entry,
        'the quarantine is full: its oldest entry was removed, and the store that could not take it will never have it; replay what is there, or raise quarantineBytesMax',
      )
    })
  }
}
