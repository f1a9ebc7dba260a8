import { createThrottle } from '../../common/log.ts'
import type { Damage, SegmentLog } from '../../common/segment-log-types.ts'
import type { Catalog } from '../catalog/types.ts'
import { createDeclarePushed } from '../quarantine/declare-pushed.ts'
import { createHasStored } from '../quarantine/has-stored.ts'
import type { Quarantine } from '../quarantine.ts'
import type { SinkHandle } from '../sinks/start-sink.ts'
import { createLost, type Lost, type LostOptions } from './lost.ts'

// What keeps the receipts' word, wired: what the journal lost, and what a full quarantine gave up.

export interface Account extends Pick<Lost, 'awaited' | 'close'> {
  /** After each checkpoint. Never rejects. */
  look(): Promise<void>
  /** A sink has met bytes of the journal that hold no readable record, and has passed over them. */
  damaged(sink: SinkHandle['name'], damage: Damage): void
}

export interface AccountOptions extends Omit<LostOptions, 'lake' | 'catalog' | 'journal' | 'quarantine'> {
  catalog: Catalog
  journal: LostOptions['journal'] & { log: Pick<SegmentLog, 'roll' | 'synced'> }
  quarantine: Quarantine
  sinks(): readonly SinkHandle[]
}

export function createAccount({ sinks, ...options }: AccountOptions): Account {
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

  return {
    awaited: lost.awaited,
    close() {
      closed = true
      lost.close()
    },
    async look() {
      if (closed) return
      // In this order: what was pushed out is declared by its own cause.
      await declarePushed()
      await lost.look()
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
