import type { Position } from '../../common/segment-log-types.ts'
import { readRecords } from '../../common/segment-reader.ts'
import { ownRig } from '../../protos/topics.ts'
import type { Gap } from '../../protos/types.ts'
import type { BegunStream } from '../catalog/replaced-table.ts'
import type { Catalog, SpoolRanges } from '../catalog/types.ts'
import { decodeRecord } from '../sinks/decode-record.ts'
import { quoteText } from '../sinks/lake/stage.ts'
import type { Duck } from './duck.ts'

// Rigs that began with an empty disk and whose Gap is not declared yet (ingest/lost/begun-anew.ts): where their streams stood, from the
// lake's ledger and the journal behind it. Read only where a rig has several spools without a predecessor, which is seldom.

const filesAtOnce = 200
const farEnd: Position = { segment: '~', offset: Number.MAX_SAFE_INTEGER }

interface StreamOf {
  stream: string
  firstSeq: number
  firstNs: bigint
  firstReceivedNs: bigint
  lastNs: bigint
  lastReceivedNs: bigint
}
interface SpoolOf {
  firstReceivedNs: bigint
  streams: Map<string, StreamOf>
}

/** What names a stream of a spool whose Gap is there. */
export const declaredKey = (rig: string, spool: string, stream: string): string => `${rig} ${spool} ${stream}`

/** Takes a Gap that says so. */
export function addDeclared(declared: Set<string>, { cause, numbers, rig, spool, streams }: Gap): void {
  if (cause !== 'agent_replaced' || numbers.length > 0) return
  for (const stream of streams) declared.add(declaredKey(rig ?? '', spool, stream))
}

export interface BegunAgainOptions {
  duck: Duck
  /** Files of the ledger, relative to the lake's folder. */
  ledger: readonly string[]
  journalFolder: string
  lakeCursor: Position | undefined
  catalog: Pick<Catalog, 'schema' | 'replaced'>
  spools: readonly SpoolRanges[]
  declared: ReadonlySet<string>
}

/** Notes them in the catalog; returns how many streams. */
export async function noteBegunAgain(options: BegunAgainOptions): Promise<number> {
  const roots = rootsOf(options.spools)
  if (roots.size === 0) return 0
  const rigs = new Map<string, Map<string, SpoolOf>>([...roots.keys()].map((rig) => [rig, new Map()]))
  await readLedger(options, rigs)
  await readTail(options, rigs)
  const begun = [...rigs].flatMap(([rig, spools]) => {
    const ofRig = options.spools.filter((each) => each.rig === rig)
    return begunOf(rig, spools, roots.get(rig)!, new Map(ofRig.map(({ spool, predecessor }) => [spool, predecessor])))
  })
  const open = begun.filter(({ rig, spool, stream }) => !options.declared.has(declaredKey(rig, spool, stream)))
  options.catalog.replaced.saveBegun(open)
  return open.length
}

/** Of rigs that have several, the spools before which nothing was on their disk. */
function rootsOf(spools: readonly SpoolRanges[]): Map<string, Set<string>> {
  const roots = new Map<string, Set<string>>()
  for (const { rig, spool, predecessor, ranges } of spools) {
    if (rig === ownRig || predecessor !== '' || ranges[0]?.from !== 1) continue
    roots.set(rig, (roots.get(rig) ?? new Set()).add(spool))
  }
  for (const [rig, { size }] of roots) if (size < 2) roots.delete(rig)
  return roots
}

function add(spools: Map<string, SpoolOf>, spool: string, receivedNs: bigint, at: StreamOf | undefined): void {
  const known = spools.get(spool) ?? { firstReceivedNs: receivedNs, streams: new Map<string, StreamOf>() }
  spools.set(spool, known)
  if (receivedNs < known.firstReceivedNs) known.firstReceivedNs = receivedNs
  if (!at) return
  const before = known.streams.get(at.stream)
  if (!before) {
    known.streams.set(at.stream, at)
    return
  }
  const first = at.firstSeq < before.firstSeq ? at : before
  const last = at.lastReceivedNs > before.lastReceivedNs ? at : before
  known.streams.set(at.stream, { ...first, lastNs: last.lastNs, lastReceivedNs: last.lastReceivedNs })
}

async function readLedger({ duck, ledger }: BegunAgainOptions, rigs: Map<string, Map<string, SpoolOf>>): Promise<void> {
  const names = [...rigs.keys()].map(quoteText).join(', ')
  for (let from = 0; from < ledger.length; from += filesAtOnce) {
    const sql = `SELECT rig, spool, stream, min(received_ns) AS first_received, max(received_ns) AS last_received, min(seq) AS seq,
        arg_min(received_ns, seq) AS first_row_received, arg_min(first_t_ns, seq) AS first_ns, arg_max(last_t_ns, received_ns) AS last_ns
      FROM ${duck.table(ledger.slice(from, from + filesAtOnce))} WHERE rig IN (${names}) GROUP BY rig, spool, stream`
    for await (const row of duck.rows(sql)) {
      const big = (name: string) => BigInt(row[name] as bigint)
      const isBatch = typeof row.stream === 'string' && row.first_ns !== null && row.last_ns !== null
      add(
        rigs.get(String(row.rig))!,
        String(row.spool),
        big('first_received'),
        isBatch
          ? {
              stream: String(row.stream),
              firstSeq: Number(row.seq),
              firstNs: big('first_ns'),
              firstReceivedNs: big('first_row_received'),
              lastNs: big('last_ns'),
              lastReceivedNs: big('last_received'),
            }
          : undefined,
      )
    }
  }
}

async function readTail(
  { journalFolder, lakeCursor, catalog }: BegunAgainOptions,
  rigs: Map<string, Map<string, SpoolOf>>,
): Promise<void> {
  for await (const record of readRecords(journalFolder, lakeCursor, farEnd)) {
    const decoded = decodeRecord(record)
    if (!('envelope' in decoded)) continue
    const { header, body, receivedNs, schemaHash = '' } = decoded.envelope
    const spools = rigs.get(header.rig)
    if (!spools) continue
    const stream = catalog.schema(schemaHash)?.schema.stream
    const times = body.type === 'batch' ? body.batch.times : undefined
    add(
      spools,
      header.spool,
      receivedNs,
      stream === undefined || !times || times.length === 0
        ? undefined
        : {
            stream,
            firstSeq: header.seq,
            firstNs: times[0]!,
            firstReceivedNs: receivedNs,
            lastNs: times.at(-1)!,
            lastReceivedNs: receivedNs,
          },
    )
  }
}

/**
 * Each root but the one that came first, with where the streams stood in what came before it. What followed it on its own disk may have come
 * before it, to an ingest that had lost its own.
 */
function begunOf(
  rig: string,
  spools: ReadonlyMap<string, SpoolOf>,
  roots: ReadonlySet<string>,
  predecessors: ReadonlyMap<string, string>,
): BegunStream[] {
  const successors = new Map<string, string[]>()
  for (const [spool, before] of predecessors) successors.set(before, [...(successors.get(before) ?? []), spool])
  /** All that came after it on its disk. */
  const followersOf = (root: string): Set<string> => {
    const found = new Set<string>()
    const waiting = [root]
    for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
      for (const next of successors.get(at) ?? []) if (!found.has(next)) waiting.push(next)
      for (const next of successors.get(at) ?? []) found.add(next)
    }
    return found
  }
  const inOrder = [...spools].sort(([, a], [, b]) => (a.firstReceivedNs < b.firstReceivedNs ? -1 : 1))
  return inOrder.flatMap(([spool, { firstReceivedNs, streams }], i) => {
    if (!roots.has(spool)) return []
    const followers = followersOf(spool)
    const others = inOrder.slice(0, i).filter(([other]) => !followers.has(other))
    if (others.length === 0) return []
    const stood = new Map<string, StreamOf>()
    for (const [, before] of others) {
      for (const at of before.streams.values()) {
        if (at.lastReceivedNs > (stood.get(at.stream)?.lastReceivedNs ?? 0n)) stood.set(at.stream, at)
      }
    }
    return [...stood.values()].map(({ stream, lastNs, lastReceivedNs }): BegunStream => {
      const now = streams.get(stream)
      const first = now && { seq: now.firstSeq, ns: now.firstNs, receivedNs: now.firstReceivedNs }
      return { rig, spool, stream, lastNs, lastReceivedNs, begunNs: firstReceivedNs, first }
    })
  })
}
