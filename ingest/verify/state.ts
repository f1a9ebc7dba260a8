import { createRangeSet, type RangeSet } from '../../common/range-set.ts'
import type { GapReport } from './report.ts'
import { createIntervals, createSeen, type Intervals, newTally, type Seen, type Tally } from './tally.ts'

// What is known of each rig, spool and stream while the passes go over journal, ledger, lake and InfluxDB.

export interface SpoolState {
  spool: string
  predecessor: string
  /** By the catalog: numbers that came or are declared gone, and of these the declared ones. */
  had: RangeSet
  gone: RangeSet
  /** Numbers in the ledger, and in the journal behind the lake's cursor. */
  stored: RangeSet
  pending: RangeSet
  /** Put aside for the lake: in quarantine or parked. */
  aside: RangeSet
  quarantined: number
  parked: number
  twice: number
  /** Numbers that came once more, and of which nothing is there twice. */
  again: number
  /** Something of it lies in the span asked for. */
  inSpan: boolean
}

export interface StreamState {
  stream: string
  /** By the ledger: envelopes that lie wholly in the span. */
  ledger: Tally
  /** Of these, what the journal still has: by the ledger, and as read anew. */
  ledgerInJournal: Tally
  journal: Tally
  /** Envelopes in the ledger whose bytes in the journal cannot be read any more. */
  journalUnreadable: number
  pendingInLake: Tally
  /** By the ledger: envelopes in the span whose rows retention has removed. */
  removed: Tally
  pendingInInflux: Tally
  /** Rows of these that the journal could not hold until InfluxDB had them: refilled from the lake. */
  owedInInflux: number
  /** Envelopes that lie partly in the span, as `spool seq`: in the lake, but not in `ledger`. */
  boundary: Set<string>
  /** By the ledger: rows that came once more and were there already, and rows that came with other values for a time that was there. */
  repeated: Tally
  differingRows: number
  /** Where in time its batches lie. */
  seen: Seen
  /** Where InfluxDB is not compared. */
  influxLeftOut: Intervals
}

export interface RigState {
  rig: string
  spools: Map<string, SpoolState>
  streams: Map<string, StreamState>
  gaps: GapReport[]
}

export interface VerifyState {
  rigs: Map<string, RigState>
  spool(rig: string, spool: string): SpoolState
  stream(rig: string, stream: string): StreamState
  gap(rig: string, gap: GapReport): void
}

export function createState(onlyRig: string | undefined): VerifyState & { wants(rig: string): boolean } {
  const rigs = new Map<string, RigState>()
  const rigState = (rig: string): RigState =>
    getOrMake(rigs, rig, () => ({ rig, spools: new Map(), streams: new Map(), gaps: [] }))
  return {
    rigs,
    wants: (rig) => onlyRig === undefined || rig === onlyRig,
    gap: (rig, gap) => void rigState(rig).gaps.push(gap),
    spool: (rig, spool) =>
      getOrMake(rigState(rig).spools, spool, () => ({
        spool,
        predecessor: '',
        had: createRangeSet(),
        gone: createRangeSet(),
        stored: createRangeSet(),
        pending: createRangeSet(),
        aside: createRangeSet(),
        quarantined: 0,
        parked: 0,
        twice: 0,
        again: 0,
        inSpan: false,
      })),
    stream: (rig, stream) =>
      getOrMake(rigState(rig).streams, stream, () => ({
        stream,
        ledger: newTally(),
        ledgerInJournal: newTally(),
        journal: newTally(),
        journalUnreadable: 0,
        pendingInLake: newTally(),
        removed: newTally(),
        pendingInInflux: newTally(),
        owedInInflux: 0,
        boundary: new Set(),
        repeated: newTally(),
        differingRows: 0,
        seen: createSeen(),
        influxLeftOut: createIntervals(),
      })),
  }
}

function getOrMake<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key)
  if (value === undefined) {
    value = make()
    map.set(key, value)
  }
  return value
}

export interface Span {
  fromNs?: bigint | undefined
  toNs?: bigint | undefined
}

/** How first..last lies to a span (`fromNs` included, `toNs` not). */
export function placeIn({ fromNs, toNs }: Span, firstNs: bigint, lastNs: bigint): 'inside' | 'across' | 'outside' {
  if ((fromNs !== undefined && lastNs < fromNs) || (toNs !== undefined && firstNs >= toNs)) return 'outside'
  const inside = (fromNs === undefined || firstNs >= fromNs) && (toNs === undefined || lastNs < toNs)
  return inside ? 'inside' : 'across'
}
