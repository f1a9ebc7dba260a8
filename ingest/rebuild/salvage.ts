import { existsSync } from 'node:fs'
import type { DuckDBConnection } from '@duckdb/node-api'
import { createRangeSet } from '../../common/range-set.ts'
import { readHeader } from '../../protos/envelope.ts'
import { openCatalog } from '../catalog/catalog.ts'
import type { LostNumbers } from '../catalog/numbers-tables.ts'
import type { Catalog } from '../catalog/types.ts'
import { decodeJournalRecord } from '../journal-record.ts'
import type { Sequence } from '../sequence.ts'
import { findStored } from '../sinks/lake/look-up.ts'
import { replayMark } from '../sinks/parking.ts'
import { countRanges } from '../verify/numbers.ts'

// What the old catalog alone has, if it can still be read: it is no truth, but better than nothing. What of it cannot be read is left.

export interface Salvaged {
  parked: number
  owed: number
  /** Numbers that it knew as receipted and that are nowhere. */
  lost: number
}

export async function salvage(
  oldFile: string,
  catalog: Catalog,
  { connection, lakeFolder, sequence, parkBytesMax }: SalvageParts,
): Promise<Salvaged> {
  const salvaged: Salvaged = { parked: 0, owed: 0, lost: 0 }
  if (!existsSync(oldFile)) return salvaged
  const attempt = async (work: (old: Catalog) => Promise<void> | void) => {
    try {
      const old = openCatalog(oldFile, { readOnly: true, mayBeOlder: true })
      try {
        await work(old)
      } finally {
        old.close()
      }
    } catch {
      // Damaged there, or of another release.
    }
  }
  await attempt(async (old) => {
    for (const { position, schemaHash, record } of old.parked('lake')) {
      if (schemaHash === replayMark) continue
      const { rig, spool, seq, predecessor } = readHeader(decodeJournalRecord(record).envelope)
      if (sequence.standing(rig, spool, seq) === 'had') continue
      const [isStored] = await findStored(connection, lakeFolder, catalog, [position])
      if (isStored || !catalog.park('lake', schemaHash, position, record, parkBytesMax)) continue
      sequence.begin(rig, spool, seq, predecessor)
      sequence.had(rig, spool, seq)
      salvaged.parked++
    }
  })
  await attempt((old) => {
    for (const { position, schemaHash, record } of old.parked('influx')) {
      if (schemaHash !== replayMark && catalog.park('influx', schemaHash, position, record, parkBytesMax)) {
        salvaged.parked++
      }
    }
  })
  await attempt((old) => {
    for (const { from, to } of old.owed.owedParts('influx')) {
      catalog.owed.owe('influx', from, to)
      salvaged.owed++
    }
  })
  await attempt((old) => {
    for (const { file } of old.owed.filesAside('influx')) {
      const { segment, fromOffset, toOffset } = file
      catalog.owed.owe('influx', { segment, offset: fromOffset }, { segment, offset: toOffset })
    }
  })
  // Behind what was parked: that is somewhere.
  await attempt((old) => {
    for (const { rig, spool, ranges, segment, foundMs } of receiptedBy(old)) {
      const absent = sequence.absent(rig, spool, ranges)
      if (absent.length === 0) continue
      catalog.saveLostNumbers({ rig, spool, segment, foundMs, ranges: absent })
      salvaged.lost += countRanges(absent)
    }
  })
  await attempt((old) => {
    const known = new Map(catalog.rigs().map((rig) => [rig.rig, rig]))
    for (const before of old.rigs()) {
      const { group, agentVersion, firstSeenMs } = before
      const now = known.get(before.rig) ?? before
      catalog.saveRig({ ...now, group, agentVersion: agentVersion || now.agentVersion, firstSeenMs, online: false })
    }
  })
  return salvaged
}

/** What it waits for, and what it had not compared with the lake yet: whose agent is gone, only ingest can declare it. */
function receiptedBy(old: Catalog): LostNumbers[] {
  const lost = new Map(old.lostNumbers().map((each) => [`${each.rig} ${each.spool} ${each.segment}`, each]))
  const foundMs = Date.now()
  for (const segment of old.journalSegments()) {
    for (const { rig, spool, ranges } of old.journalNumbers(segment)) {
      const key = `${rig} ${spool} ${segment}`
      const both = createRangeSet(lost.get(key)?.ranges)
      for (const { from, to } of ranges) both.add(from, to)
      lost.set(key, { rig, spool, segment, foundMs, ranges: [...both.ranges()] })
    }
  }
  return [...lost.values()]
}

export interface SalvageParts {
  connection: DuckDBConnection
  lakeFolder: string
  sequence: Sequence
  parkBytesMax: number
}
