import type { Schema } from '../../protos/types.ts'
import { chooseChannels, columnsOf } from './channels.ts'
import type { Engine } from './look.ts'
import type { StreamFacts } from './types.ts'

// Which streams are stored, of which rigs: the lake's files by the catalog, and the tail.

const keptMs = 1000

interface Found {
  rig: string
  stream: string
  fromNs: bigint | null
  toNs: bigint | null
  rows: number
}

export function createStreams(engine: Engine): (rig: string | undefined) => StreamFacts[] {
  let lake: { at: number; streams: ReturnType<Engine['catalog']['lakeStreams']> } | undefined
  return (rig) => {
    if (!lake || performance.now() - lake.at > keptMs) {
      lake = { at: performance.now(), streams: engine.catalog.lakeStreams() }
    }
    const found = new Map<string, Found>()
    const find = (ofRig: string, stream: string): Found => {
      const key = `${ofRig} ${stream}`
      const known = found.get(key) ?? { rig: ofRig, stream, fromNs: null, toNs: null, rows: 0 }
      found.set(key, known)
      return known
    }
    for (const { rig: ofRig, stream, minTimeNs, maxTimeNs, rowsAbout } of lake.streams) {
      if (rig === undefined || ofRig === rig)
        widen(find(ofRig, stream), BigInt(minTimeNs), BigInt(maxTimeNs), rowsAbout)
    }
    const schemas = engine.catalog.schemas()
    // A schema that is known and has no rows yet.
    for (const { rig: ofRig, schema } of schemas) if (rig === undefined || ofRig === rig) find(ofRig, schema.stream)
    const byHash = new Map(schemas.map(({ hash, schema }) => [hash, schema]))
    const tail = engine.tail.look(engine.catalog.cursor('lake'))
    for (const ofRig of rig === undefined ? tail.rigs() : [rig]) {
      for (const key of tail.schemas(ofRig)) {
        const schema = byHash.get(Buffer.from(key, 'latin1').toString('hex'))
        if (!schema) continue
        for (const batch of tail.batches(ofRig, key)) {
          const span = batch.span()
          if (span) widen(find(ofRig, schema.stream), span.minNs, span.maxNs, batch.rows)
        }
      }
    }
    return [...found.values()].sort(byName).map(({ rows, ...one }) => ({
      ...one,
      channels: channelsOf(schemas, one),
      rowsAbout: rows,
    }))
  }
}

function widen(found: Found, minNs: bigint, maxNs: bigint, rows: number): void {
  if (found.fromNs === null || minNs < found.fromNs) found.fromNs = minNs
  if (found.toNs === null || maxNs > found.toNs) found.toNs = maxNs
  found.rows += rows
}

/** A schema is kept once, with the rig that sent it first; others may have the same. */
function channelsOf(
  schemas: readonly { rig: string; schema: Schema }[],
  { rig, stream }: { rig: string; stream: string },
) {
  const ofStream = schemas.filter(({ schema }) => schema.stream === stream)
  const own = ofStream.filter((one) => one.rig === rig)
  const described = (own.length > 0 ? own : ofStream).map(({ schema }) => ({
    columns: columnsOf(schema),
    schemas: [schema],
  }))
  return chooseChannels(described, [], undefined).map(({ facts }) => facts)
}

const byName = (a: Found, b: Found): number =>
  a.rig < b.rig ? -1 : a.rig > b.rig ? 1 : a.stream < b.stream ? -1 : a.stream > b.stream ? 1 : 0
