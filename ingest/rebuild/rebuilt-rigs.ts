import { isRigName } from '../../protos/topics.ts'
import type { Catalog } from '../catalog/types.ts'
import { createFacts, type FactsOfRig } from '../rig-facts.ts'
import type { StoredEnvelope } from '../sinks/lake/stored-bodies.ts'

// How rigs stood, from what the lake has of them. What only the broker said of a rig (its group, that it is online) comes with its
// next message.

const rigsMax = 20_000

export interface RebuiltRigs {
  /** Envelopes of the rig came between these times; of those seen so far, the last one came at `lastNs`. */
  seen(rig: string, firstNs: bigint, lastNs: bigint): void
  /** Health, clock samples and schemas, in the order of their numbers. */
  stored(envelope: StoredEnvelope): void
  save(catalog: Pick<Catalog, 'saveRig'>): void
}

export function createRebuiltRigs(): RebuiltRigs {
  const rigs = new Map<string, { facts: FactsOfRig; firstNs: bigint; lastNs: bigint }>()
  return {
    seen(rig, firstNs, lastNs) {
      const known = rigs.get(rig)
      if (known) known.lastNs = lastNs
      else if (isRigName(rig) && rigs.size < rigsMax) rigs.set(rig, { facts: createFacts(''), firstNs, lastNs })
    },
    stored({ header, bytes }) {
      rigs.get(header.rig)?.facts.stored(header, bytes)
    },
    save(catalog) {
      for (const [rig, { facts, firstNs, lastNs }] of rigs) {
        catalog.saveRig({
          rig,
          group: '',
          firstSeenMs: Number(firstNs / 1_000_000n),
          lastSeenMs: Number(lastNs / 1_000_000n),
          agentVersion: facts.facts.health?.version ?? '',
          online: false,
          facts: facts.toText(),
        })
      }
    },
  }
}
