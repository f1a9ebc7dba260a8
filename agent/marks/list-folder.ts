import { createHash } from 'node:crypto'
import type { BigIntStats } from 'node:fs'
import { lstat, opendir } from 'node:fs/promises'
import { join } from 'node:path'
import { isUlid } from '../../common/ulid.ts'

/** Of a file that was taken, before it is deleted: `<ulid>.taken`. */
export const takenSuffix = '.taken'
/**
 * In a folder that others write to: what this rig has taken no other one enters, should two agents be given one folder. No
 * name, for shares change how Hangul is written.
 */
export const takenSuffixOf = (rig: string): string =>
  `.${createHash('sha256').update(rig).digest('hex').slice(0, 12)}${takenSuffix}`
const filesPerLook = 1000
const entriesPerLook = 20_000

export interface Listing {
  /** ULIDs of files that were taken and not finished, oldest first. */
  taken: string[]
  /** Files to be taken, oldest first. */
  dropped: { name: string; stats: BigIntStats }[]
  /** There are more files than a look takes. */
  more: boolean
  /** There are more entries than a look reads: some are never seen. */
  crowded: boolean
}

/** What lies in a folder of marks. Names that begin with a dot, and those that don't end in .json, are left alone. */
export async function listFolder(folder: string, suffix = takenSuffix): Promise<Listing> {
  const listing: Listing = { taken: [], dropped: [], more: false, crowded: false }
  let entries = 0
  for await (const { name } of await opendir(folder, { bufferSize: 256 })) {
    listing.more = listing.dropped.length + listing.taken.length >= filesPerLook
    listing.crowded = ++entries > entriesPerLook
    if (listing.more || listing.crowded) break
    if (name.endsWith(suffix) && isUlid(name.slice(0, -suffix.length))) {
      listing.taken.push(name.slice(0, -suffix.length))
      continue
    }
    if (name.startsWith('.') || !/\.json$/i.test(name)) continue
    const stats = await lstat(join(folder, name), { bigint: true }).catch(() => undefined)
    if (stats && !stats.isDirectory()) listing.dropped.push({ name, stats })
  }
  listing.taken.sort()
  if (listing.dropped.length > 1) sortByTime(listing.dropped)
  return listing
}

/** Made when first needed: a collator has megabytes, and a folder is looked at every second. */
let collator: Intl.Collator | undefined

/** File systems tell times in steps; of one step, file-9 goes before file-10. */
function sortByTime(dropped: Listing['dropped']): void {
  collator ??= new Intl.Collator('en', { numeric: true })
  const { compare } = collator
  dropped.sort((a, b) =>
    a.stats.mtimeNs === b.stats.mtimeNs ? compare(a.name, b.name) : a.stats.mtimeNs < b.stats.mtimeNs ? -1 : 1,
  )
}
