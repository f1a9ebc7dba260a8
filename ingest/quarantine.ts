import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ulid } from '../common/ulid.ts'

// What could not be read or stored, with the reason and the bytes: one file an entry, so that ingest and its sinks can
// write side by side. Bounded in bytes: the oldest go first, and that is counted.

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
  bytes: Uint8Array
}

export interface Quarantine {
  put(entry: Omit<QuarantineEntry, 'id' | 'time'>): string
  list(): Omit<QuarantineEntry, 'bytes'>[]
  read(id: string): QuarantineEntry
  remove(id: string): void
  /** Entries that had to make room for newer ones since the start. */
  readonly dropped: number
}

const filesMax = 10_000

export function openQuarantine(folder: string, bytesMax = 256 * 1024 * 1024): Quarantine {
  mkdirSync(folder, { recursive: true })
  let dropped = 0
  const names = () =>
    readdirSync(folder)
      .filter((name) => name.endsWith('.json'))
      .sort()
  const size = (name: string) => statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0
  let bytes = names().reduce((sum, name) => sum + size(name), 0)
  let files = names().length
  let last = names().at(-1)?.slice(0, 26)

  /** Makes room for a tenth more than is needed, so that a flood does not list the folder for each entry. */
  const makeRoom = (needed: number) => {
    if (bytes + needed <= bytesMax && files < filesMax) return
    const present = names()
    // Another process may have added or removed entries: count anew before giving anything up.
    bytes = present.reduce((sum, name) => sum + size(name), 0)
    files = present.length
    for (const name of present) {
      if (bytes + needed <= bytesMax * 0.9 && files < filesMax * 0.9) return
      bytes -= size(name)
      files--
      rmSync(join(folder, name), { force: true })
      dropped++
    }
  }

  const parse = (name: string): QuarantineEntry => {
    const { bytes: encoded, ...entry } = JSON.parse(readFileSync(join(folder, name), 'utf8'))
    return { ...entry, bytes: Buffer.from(encoded, 'base64') }
  }

  return {
    put(entry) {
      const id = ulid(last)
      last = id
      const text = JSON.stringify({
        id,
        time: new Date().toISOString(),
        ...entry,
        bytes: Buffer.from(entry.bytes).toString('base64'),
      })
      makeRoom(text.length)
      writeFileSync(join(folder, `${id}.part`), text)
      renameSync(join(folder, `${id}.part`), join(folder, `${id}.json`))
      bytes += text.length
      files++
      return id
    },
    list: () =>
      names()
        .map(parse)
        .map(({ bytes: _, ...entry }) => entry),
    read: (id) => parse(`${id}.json`),
    remove(id) {
      bytes -= size(`${id}.json`)
      rmSync(join(folder, `${id}.json`), { force: true })
    },
    get dropped() {
      return dropped
    },
  }
}
