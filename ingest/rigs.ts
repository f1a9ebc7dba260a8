import { isRigName } from '../protos/topics.ts'
import type { EnvelopeHeader, SpoolState, Status } from '../protos/types.ts'
import type { SpoolNumbers } from './catalog/numbers-tables.ts'
import type { Catalog, RigRecord } from './catalog/types.ts'
import type { Holding } from './lost/unbrought.ts'
import { createFacts, type FactsOfRig } from './rig-facts.ts'
import type { Sequence } from './sequence.ts'
import type { RigState } from './state.ts'

/** Rigs that are remembered; of more, envelopes are stored all the same. */
const rigsMax = 20_000

/** The rigs that ingest has heard of: from the list of who may connect, their status messages and their envelopes. */
export interface Rigs {
  status(rig: string, group: string, status: Status): void
  /** Something came on a topic of the rig. */
  seen(rig: string, group: string): void
  /** An envelope is durable; `again`: it was so before ingest's start, and is not counted. Throws if its body can't be read. */
  stored(header: EnvelopeHeader, envelope: Uint8Array, receivedNs: bigint, again?: boolean): void
  groupOf(rig: string): string | undefined
  /** Whether its agent, as it stands now, lists this spool as its own; undefined: it is not here, or lists more than is remembered. */
  lists(rig: string, spool: string): boolean | undefined
  /** What its agent holds; undefined: it is not here, two are, or not all that it holds is known. */
  holdingOf(rig: string): Holding | undefined
  /** Without a sequence, missing numbers are not counted. `beyond`: those that are missing above all that came. */
  states(sequence?: Sequence, beyond?: readonly SpoolNumbers[]): RigState[]
  /** Writes what has changed into the catalog. */
  save(): void
}

interface Known {
  state: Omit<RigState, 'missing' | 'named' | keyof FactsOfRig['facts']>
  facts: FactsOfRig
  firstSeenMs: number
  changed: boolean
  /** What its agent lists while it is here. */
  listed?: Listed | undefined
}

interface Listed {
  /** Tells one agent from the next. */
  sinceNs: bigint
  /** The last number of each spool. An agent with many lists some at a time. */
  lasts: Map<string, number>
  current: string
  /** It has listed all it has. */
  isWhole: boolean
}

/** A list of so many may leave out others. */
const fullList = 64

/** Spools of one agent that are remembered. */
const spoolsMax = 10_000

/** A rig says what it likes. */
const versionCharsMax = 100

/** `named`: rigs that may connect, whether they ever did or not. */
export function createRigs(catalog: Catalog, named: () => { rig: string; group: string }[] = () => []): Rigs {
  const rigs = new Map<string, Known>()
  const add = (rig: string, group: string, facts: string, firstSeenMs: number): Known => {
    const known: Known = {
      state: { rig, group, online: false, agentVersion: '', lastEnvelopeMs: 0, envelopes: 0, bytes: 0 },
      facts: createFacts(facts),
      firstSeenMs,
      changed: true,
    }
    if (rigs.size < rigsMax) rigs.set(rig, known)
    return known
  }
  const rigOf = (rig: string, group: string): Known => {
    const known = rigs.get(rig) ?? add(rig, group, '', Date.now())
    if (group !== '') known.state.group = group
    return known
  }
  for (const { rig, group, agentVersion, lastSeenMs, firstSeenMs, facts } of catalog.rigs()) {
    const known = add(rig, group, facts, firstSeenMs)
    Object.assign(known.state, { agentVersion, lastEnvelopeMs: lastSeenMs })
    known.changed = false
  }

  return {
    status(rig, group, { online, sinceNs, version, spools }) {
      const known = rigOf(rig, group)
      Object.assign(known.state, { online, agentVersion: version.slice(0, versionCharsMax) })
      const before = known.listed?.sinceNs === sinceNs ? known.listed : undefined
      known.listed = online ? listOf(before, sinceNs, spools) : undefined
      known.changed = true
    },
    seen: rigOf,
    stored(header, envelope, receivedNs, again = false) {
      if (!isRigName(header.rig)) return
      const known = rigOf(header.rig, '')
      const { state } = known
      // Not the highest: after a start with a clock that was ahead nothing would ever be newer.
      state.lastEnvelopeMs = Number(receivedNs / 1_000_000n)
      known.changed = true
      if (!again) {
        state.envelopes++
        state.bytes += envelope.length
      }
      known.facts.stored(header, envelope)
    },
    lists(rig, spool) {
      const listed = rigs.get(rig)?.listed
      return listed && (listed.lasts.has(spool) || (listed.isWhole ? false : undefined))
    },
    holdingOf(rig) {
      const known = rigs.get(rig)
      return known?.listed?.isWhole && known.facts.facts.twoAgentsSinceMs === undefined ? known.listed : undefined
    },
    groupOf: (rig) => rigs.get(rig)?.state.group || undefined,
    states(sequence, beyond = []) {
      const missing = new Map<string, number>()
      for (const { rig, ranges } of sequence?.withHoles() ?? []) {
        const held = ranges.reduce((sum, { from, to }) => sum + to - from + 1, 0)
        missing.set(rig, (missing.get(rig) ?? 0) + (ranges.at(-1)?.to ?? 0) - held)
      }
      for (const { rig, ranges } of beyond) {
        missing.set(rig, (missing.get(rig) ?? 0) + ranges.reduce((sum, { from, to }) => sum + to - from + 1, 0))
      }
      const list = named()
      const names = new Set(list.map(({ rig }) => rig))
      const states: RigState[] = [...rigs.values()].map(({ state, facts }) => ({
        ...state,
        ...facts.facts,
        named: names.has(state.rig),
        missing: missing.get(state.rig) ?? 0,
      }))
      for (const { rig, group } of list) if (!rigs.has(rig)) states.push({ ...unheardOf(rig), group, named: true })
      return states
    },
    save() {
      for (const known of rigs.values()) {
        if (!known.changed) continue
        const { state, facts, firstSeenMs } = known
        const { rig, group, lastEnvelopeMs, agentVersion, online } = state
        catalog.saveRig({
          rig,
          group,
          firstSeenMs,
          lastSeenMs: lastEnvelopeMs,
          agentVersion,
          online,
          facts: facts.toText(),
        } satisfies RigRecord)
        known.changed = false
      }
    },
  }
}

function listOf(before: Listed | undefined, sinceNs: bigint, spools: readonly SpoolState[]): Listed | undefined {
  const isWhole = spools.length < fullList
  // The newest list says what there is now; one that is cut off adds to what others said.
  const lasts = new Map(isWhole ? [] : before?.lasts)
  for (const { spool, last } of spools) lasts.set(spool, last)
  if (lasts.size > spoolsMax) return undefined
  const current = [...lasts.keys()].sort().at(-1) ?? ''
  return { sinceNs, lasts, current, isWhole }
}

/** A rig that nothing ever came of. */
export const unheardOf = (rig: string): RigState => ({
  rig,
  group: '',
  named: false,
  online: false,
  agentVersion: '',
  lastEnvelopeMs: 0,
  envelopes: 0,
  bytes: 0,
  missing: 0,
})
