import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { entryIdOf, type QuarantineFacts } from '../quarantine.ts'
import { readFacts } from './read-facts.ts'

// The entries of the quarantine without their bytes, kept: each file is read once, because there may be ten thousand and its
// sinks put more there.

/** Entries read before others get their turn. */
const readAtOnce = 50

export interface EntryIndex {
  /** All that is there now, oldest first. */
  entries(): Promise<readonly QuarantineFacts[]>
}

export function createEntryIndex(folder: string): EntryIndex {
  let known = new Map<string, QuarantineFacts>()
  let refreshing: Promise<readonly QuarantineFacts[]> | undefined

  const refresh = async () => {
    const found = new Map<string, QuarantineFacts>()
    let read = 0
    for (const name of (await readdir(folder)).filter((each) => each.endsWith('.json')).sort()) {
      let facts = known.get(name)
      if (!facts) {
        if (++read % readAtOnce === 0) await turn()
        facts = readFacts(join(folder, name))
      }
      // The name says which entry it is, whatever is written inside.
      if (facts) found.set(name, { ...facts, id: entryIdOf(name) })
    }
    known = found
    return [...found.values()]
  }

  return {
    entries() {
      refreshing ??= refresh().finally(() => {
        refreshing = undefined
      })
      return refreshing
    },
  }
}
