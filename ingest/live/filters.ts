import type { LiveFilter } from '../live.ts'

// Several filters as one question: asked for each batch and each watcher, so it costs the same however many filters there are.

export interface Filters {
  add(filter: LiveFilter): void
  /** One that was added. */
  remove(filter: LiveFilter): void
  /** Whether any of them takes it. */
  match(rig: string, stream: string): boolean
}

/** Stands for any name: no name is empty. */
const any = ''

export function createFilters(): Filters {
  /** How many filters there are, by rig and stream. */
  const counts = new Map<string, Map<string, number>>()
  const has = (rig: string, stream: string): boolean => {
    const streams = counts.get(rig)
    return streams !== undefined && (streams.has(stream) || streams.has(any))
  }
  return {
    add({ rig = any, stream = any }) {
      let streams = counts.get(rig)
      if (!streams) {
        streams = new Map()
        counts.set(rig, streams)
      }
      streams.set(stream, (streams.get(stream) ?? 0) + 1)
    },
    remove({ rig = any, stream = any }) {
      const streams = counts.get(rig)
      const count = streams?.get(stream)
      if (!streams || count === undefined) return
      if (count > 1) streams.set(stream, count - 1)
      else streams.delete(stream)
      if (streams.size === 0) counts.delete(rig)
    },
    match: (rig, stream) => has(rig, stream) || has(any, stream),
  }
}
