import { existsSync } from 'node:fs'
import { readHeader } from '../../protos/envelope.ts'
import type { Catalog } from '../catalog/types.ts'
import { decodeJournalRecord } from '../journal-record.ts'
import { openQuarantine, type QuarantineEntry } from '../quarantine.ts'
import { streamOf } from '../sinks/influx/measurements.ts'
import { type Aside, envelopeKey } from './context.ts'
import type { VerifyState } from './state.ts'

// What the sinks have put aside: entries of the quarantine, and envelopes parked until their schema comes.

export function readAside(
  quarantineFolder: string,
  catalog: Catalog,
  state: VerifyState & { wants(rig: string): boolean },
): Aside {
  const aside: Aside = { lake: new Set(), influx: new Set(), refusedRows: new Map(), quarantined: {} }
  for (const entry of quarantineEntries(quarantineFolder)) {
    const kind = `${entry.by}: ${entry.reason}`
    aside.quarantined[kind] = (aside.quarantined[kind] ?? 0) + 1
    const { rig, spool, seq } = entry
    if (entry.content === 'lines') addRefusedLines(aside.refusedRows, entry.bytes)
    else if (rig !== undefined && spool !== undefined && seq !== undefined && state.wants(rig)) {
      if (entry.by === 'influx') aside.influx.add(envelopeKey(rig, spool, seq))
      if (entry.by !== 'lake') continue
      aside.lake.add(envelopeKey(rig, spool, seq))
      const known = state.spool(rig, spool)
      known.quarantined++
      known.aside.add(seq)
    }
  }
  for (const sink of ['lake', 'influx'] as const) {
    for (const { record } of catalog.parked(sink)) {
      const { rig, spool, seq } = readHeader(decodeJournalRecord(record).envelope)
      if (!state.wants(rig)) continue
      aside[sink].add(envelopeKey(rig, spool, seq))
      if (sink === 'influx') continue
      const known = state.spool(rig, spool)
      known.parked++
      known.aside.add(seq)
    }
  }
  return aside
}

function* quarantineEntries(folder: string): Generator<QuarantineEntry> {
  if (!existsSync(folder)) return
  const quarantine = openQuarantine(folder)
  for (const id of quarantine.ids()) {
    try {
      yield quarantine.read(id)
    } catch {
      // Made room for another one meanwhile.
    }
  }
}

/** Measurement and tags of a line, and its time: measurement,era=1,rig=x fields time. */
function addRefusedLines(rows: Aside['refusedRows'], bytes: Uint8Array): void {
  for (const line of Buffer.from(bytes).toString('utf8').split('\n')) {
    const series = /^((?:\\.|[^\\ ])+) /.exec(line)?.[1]
    const tNs = /(?<= )-?\d+$/.exec(line.trimEnd())?.[0]
    if (series === undefined || tNs === undefined) continue
    const [measurement = '', ...tags] = series.split(/(?<!\\),/).map((part) => part.replace(/\\([,= ])/g, '$1'))
    const tag = (name: string) => tags.find((text) => text.startsWith(`${name}=`))?.slice(name.length + 1)
    const stream = streamOf(measurement)
    if (stream === undefined) continue
    const key = `${tag('rig') ?? ''} ${stream}`
    let set = rows.get(key)
    if (!set) {
      set = new Set()
      rows.set(key, set)
    }
    set.add(`${tag('era') ?? 0} ${tNs}`)
  }
}
