import { decodeBody } from '../protos/envelope.ts'
import type { EnvelopeHeader, Status } from '../protos/types.ts'
import type { Catalog, RigRecord } from './catalog/types.ts'
import type { Sequence } from './sequence.ts'
import type { RigState } from './state.ts'

const saveEveryMs = 5_000

/** The rigs that ingest has heard of, from their status messages and their envelopes. */
export interface Rigs {
  status(rig: string, group: string, status: Status): void
  /** Something came on a topic of the rig. */
  seen(rig: string, group: string): void
  stored(header: EnvelopeHeader, envelope: Uint8Array): void
  groupOf(rig: string): string | undefined
  states(sequence: Sequence): RigState[]
  /** Writes what has changed into the catalog. */
  save(): void
  close(): void
}

type Known = Omit<RigState, 'missing'> & { firstSeenMs: number; changed: boolean }

export function createRigs(catalog: Catalog): Rigs {
  const rigs = new Map<string, Known>()
  const rigOf = (rig: string, group: string): Known => {
    let known = rigs.get(rig)
    if (!known) {
      known = {
        rig,
        group,
        online: false,
        agentVersion: '',
        lastEnvelopeMs: 0,
        envelopes: 0,
        bytes: 0,
        firstSeenMs: Date.now(),
        changed: true,
      }
      rigs.set(rig, known)
    }
    known.group = group
    return known
  }
  for (const { rig, group, agentVersion, lastSeenMs, firstSeenMs } of catalog.rigs()) {
    Object.assign(rigOf(rig, group), { agentVersion, lastEnvelopeMs: lastSeenMs, firstSeenMs, changed: false })
  }

  const save = () => {
    for (const known of rigs.values()) {
      if (!known.changed) continue
      known.changed = false
      const { rig, group, firstSeenMs, lastEnvelopeMs, agentVersion, online } = known
      catalog.saveRig({ rig, group, firstSeenMs, lastSeenMs: lastEnvelopeMs, agentVersion, online } satisfies RigRecord)
    }
  }
  const timer = setInterval(save, saveEveryMs)
  timer.unref()

  return {
    status(rig, group, { online, version }) {
      Object.assign(rigOf(rig, group), { online, agentVersion: version, changed: true })
    },
    seen: rigOf,
    stored(header, envelope) {
      const known = rigs.get(header.rig)
      if (!known) return
      known.lastEnvelopeMs = Date.now()
      known.envelopes++
      known.bytes += envelope.length
      known.changed = true
      if (header.bodyType !== 'health' && header.bodyType !== 'clock_sample') return
      const { body } = decodeBody(envelope, header)
      if (body.type === 'health') known.health = body.health
      if (body.type === 'clock_sample' && body.clockSample.stepNs === 0n)
        known.clockOffsetNs = body.clockSample.offsetNs
    },
    groupOf: (rig) => rigs.get(rig)?.group,
    states(sequence) {
      const missing = new Map<string, number>()
      for (const { rig, ranges } of sequence.spools()) {
        const held = ranges.reduce((sum, { from, to }) => sum + to - from + 1, 0)
        missing.set(rig, (missing.get(rig) ?? 0) + (ranges.at(-1)?.to ?? 0) - held)
      }
      return [...rigs.values()].map(({ firstSeenMs: _first, changed: _changed, ...state }) => ({
        ...state,
        missing: missing.get(state.rig) ?? 0,
      }))
    },
    save,
    close() {
      clearInterval(timer)
      save()
    },
  }
}
