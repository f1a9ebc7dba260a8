import { createThrottle } from '../../common/log.ts'
import type { Damage, SegmentLog } from '../../common/segment-log-types.ts'
import type { SpoolState } from '../../protos/types.ts'
import type { SpoolNumbers } from '../catalog/numbers-tables.ts'
import type { Catalog } from '../catalog/types.ts'
import { createDeclarePushed } from '../quarantine/declare-pushed.ts'
import { createHasStored } from '../quarantine/has-stored.ts'
import type { Quarantine } from '../quarantine.ts'
import type { SinkHandle } from '../sinks/start-sink.ts'
import type { BegunAnew } from './begun-anew.ts'
import { createLost, type Lost, type LostOptions } from './lost.ts'
import { createUnbrought, type UnbroughtOptions } from './unbrought.ts'

// What keeps the receipts' word, wired: what the journal lost, what a full quarantine gave up, and what went with an agent's disk.

export interface Account extends Pick<Lost, 'close'> {
  /** Numbers that are missing though no higher one came, and neither came again nor were declared yet. */
  awaited(): readonly SpoolNumbers[]
  /** Those of them that are above all that came. */
  beyond(): readonly SpoolNumbers[]
  /** After each checkpoint. Never rejects. */
  look(): Promise<void>
  /** An agent that is here has listed its spools. Does not throw. */
  listed(rig: string, spools: readonly SpoolState[]): void
  /** A sink has met bytes of the journal that hold no readable record, and has passed over them. */
  damaged(sink: SinkHandle['name'], damage: Damage): void
}

export interface AccountOptions
  extends Omit<LostOptions, 'lake' | 'catalog' | 'journal' | 'quarantine'>,
    Pick<UnbroughtOptions, 'holdingOf' | 'nowNs'> {
  catalog: Catalog
  journal: LostOptions['journal'] & { log: Pick<SegmentLog, 'roll' | 'synced'> }
  begunAnew: BegunAnew
  quarantine: Quarantine
  sinks(): readonly SinkHandle[]
}

export function createAccount({ sinks, begunAnew, ...options }: AccountOptions): Account {
  const { catalog, journal, quarantine, own, log } = options
  const throttle = createThrottle()
  let closed = false
  const lake = () => sinks().find(({ name }) => name === 'lake')
  const lost = createLost({ ...options, lake })
  const declarePushed = createDeclarePushed({
    quarantine,
    own,
    sequence: journal.sequence,
    hasStored: createHasStored(lake),
    schemaOf: (hash) => catalog.schema(hash)?.schema,
    log,
  })

  const unbrought = createUnbrought({
    ...options,
    catalog: catalog.replaced,
    sequence: journal.sequence,
    lake,
    awaited: lost.awaited,
    synced: () => journal.log.synced,
  })
  let looking: Promise<void> | undefined
  /** What agents' disks have lost. */
  const lookForReplaced = async () => {
    try {
      await unbrought.look()
      await begunAnew.look()
    } catch (error) {
      if (closed) return
      throttle('replaced', (heldBack) =>
        log.warn({ err: error, heldBack }, 'what a lost disk of an agent held cannot be declared now; trying again'),
      )
    }
  }

  return {
    awaited: () => [...lost.awaited(), ...unbrought.awaited()],
    beyond: unbrought.awaited,
    close() {
      closed = true
      lost.close()
    },
    async look() {
      if (closed) return
      // In this order: what was pushed out is declared by its own cause.
      await declarePushed()
      await lost.look()
      if (closed) return
      looking ??= lookForReplaced().finally(() => {
        looking = undefined
      })
      await looking
    },
    listed(rig, spools) {
      try {
        unbrought.listed(rig, spools)
      } catch (error) {
        throttle('listed', () => log.error({ err: error, rig }, 'how far spools of a rig reach cannot be noted'))
      }
    },
    damaged(sink, { segment, from, to }) {
      // The segment is taken account of when the lake is past it.
      if (journal.log.synced.segment === segment) journal.log.roll().catch(() => {})
      if (sink !== 'influx') return
      try {
        // Of what InfluxDB passed over, the lake may have read more, or has it again later: it is refilled from there.
        catalog.owed.owe('influx', { segment, offset: from }, { segment, offset: to })
      } catch (error) {
        throttle('owe', () => log.error({ err: error, segment, from, to }, 'what InfluxDB is owed cannot be noted'))
      }
    },
  }
}
