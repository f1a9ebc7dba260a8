import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import type { MarkEvent, MarkerVersion } from './mark-events.ts'

// What was entered on this rig last, for `rigline agent run list` and for corrections that say only what changes.

const entriesMax = 200

export interface RecentEntry {
  /** Of the event. */
  id: string
  type: string
  run: string
  author: string
  timeNs: string
  takenNs: string
  marker?: string
  label?: string
  fromNs?: string
  toNs?: string
  withdrawn?: boolean
}

/** The last 200, oldest first; empty if there is no such file or a power cut left half of it. */
export function readRecent(file: string): RecentEntry[] {
  if (!existsSync(file)) return []
  try {
    const entries: unknown = JSON.parse(readFileSync(file, 'utf8'))
    return Array.isArray(entries) ? entries.filter(isEntry) : []
  } catch {
    return []
  }
}

const isNs = (text: unknown) => typeof text === 'string' && /^-?\d{1,20}$/.test(text)
const isEntry = (entry: unknown): entry is RecentEntry => {
  const { id, type, timeNs, takenNs, fromNs = '0', toNs = '0' } = (entry ?? {}) as Partial<RecentEntry>
  return typeof id === 'string' && typeof type === 'string' && [timeNs, takenNs, fromNs, toNs].every(isNs)
}

/** Adds what is on disk now. Told for people's sake alone: no fsync. */
export function addRecent(file: string, before: RecentEntry[], added: MarkEvent[], takenNs: bigint): RecentEntry[] {
  const ids = new Set(added.map(({ entered }) => entered.id))
  const entries = [...before.filter(({ id }) => !ids.has(id)), ...added.map((mark) => entryOf(mark, takenNs))]
  const kept = entries.slice(-entriesMax)
  writeFileSync(`${file}.new`, `[\n${kept.map((entry) => JSON.stringify(entry)).join(',\n')}\n]\n`)
  renameSync(`${file}.new`, file)
  return kept
}

function entryOf({ event, entered }: MarkEvent, takenNs: bigint): RecentEntry {
  const base = {
    id: entered.id,
    type: event.type,
    run: 'run' in event ? event.run : '',
    author: entered.author,
    timeNs: String(entered.tNs),
    takenNs: String(takenNs),
  }
  if (event.type !== 'marker') return base
  const { marker, label, fromNs, toNs, withdrawn } = event
  return {
    ...base,
    marker,
    label,
    fromNs: String(fromNs),
    ...(toNs === undefined ? {} : { toNs: String(toNs) }),
    ...(withdrawn ? { withdrawn } : {}),
  }
}

/** The newest version of each marker among them. */
export function markersOf(entries: RecentEntry[]): Map<string, MarkerVersion> {
  const markers = new Map<string, MarkerVersion>()
  for (const { marker, label = '', run, fromNs, toNs } of entries) {
    if (marker === undefined || fromNs === undefined) continue
    keepMarker(markers, marker, {
      label,
      run,
      fromNs: BigInt(fromNs),
      ...(toNs === undefined ? {} : { toNs: BigInt(toNs) }),
    })
  }
  return markers
}

export function keepMarker(markers: Map<string, MarkerVersion>, marker: string, version: MarkerVersion): void {
  markers.delete(marker)
  markers.set(marker, version)
  if (markers.size > entriesMax) markers.delete(markers.keys().next().value as string)
}
