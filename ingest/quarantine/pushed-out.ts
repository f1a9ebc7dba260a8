import { closeSync, fsyncSync, openSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ulid } from '../../common/ulid.ts'
import type { QuarantineEntry } from '../quarantine.ts'
import { describeEnvelope } from './describe-entry.ts'

// What a full quarantine gives up of the lake's entries is noted before it goes: receipted data that no store has. Ingest makes Gaps of
// the notes, and deletes them then. Several processes write notes, each into files of its own.

/** An envelope that the lake could not store and that quarantine keeps no more. Times are ns as decimal text. */
export interface PushedOut {
  by: string
  reason: string
  rig: string
  spool: string
  seq: number
  /** Of the journal, if the entry said so. */
  segment?: string
  fromNs: string
  toNs: string
  rows: number
  /** Of a batch. */
  schemaHash?: string
}

export interface PushedNote {
  file: string
  entries: PushedOut[]
}

const extension = '.pushed'

/** Undefined for what is in a store, or may come again. */
export function describePushed(entry: QuarantineEntry): PushedOut | undefined {
  const { by, reason, rig, spool, seq, position, receivedNs, time, bytes } = entry
  if (by !== 'lake' || rig === undefined || spool === undefined || seq === undefined) return undefined
  const { batch } = describeEnvelope(bytes, () => undefined)
  // Where it says no times: when it came.
  const cameNs = receivedNs ?? `${Date.parse(time)}000000`
  return {
    by,
    reason,
    rig,
    spool,
    seq,
    ...(position ? { segment: position.segment } : {}),
    fromNs: String(batch?.fromNs ?? cameNs),
    toNs: String(batch?.toNs ?? cameNs),
    rows: batch?.rows ?? 0,
    ...(batch ? { schemaHash: batch.schemaHash } : {}),
  }
}

/** Durable when it returns. Throws if it can't be written. */
export function notePushed(folder: string, entries: readonly PushedOut[]): void {
  if (entries.length === 0) return
  const name = ulid()
  const aside = join(folder, `${name}.part`)
  writeFileSync(aside, JSON.stringify(entries))
  syncPath(aside)
  renameSync(aside, join(folder, `${name}${extension}`))
  if (process.platform !== 'win32') syncPath(folder)
}

function syncPath(path: string): void {
  const descriptor = openSync(path, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

export const readNotes = (folder: string): PushedNote[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith(extension))
    .sort()
    .map((file) => ({ file, entries: readNote(join(folder, file)) }))

/** One that cannot be read says nothing. */
function readNote(file: string): PushedOut[] {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as PushedOut[]
  } catch {
    return []
  }
}

export const removeNote = (folder: string, file: string): void => rmSync(join(folder, file), { force: true })
