import type { Logger } from '../../common/log.ts'
import type { Catalog } from '../catalog/types.ts'
import type { QuarantineDeps } from '../http/routes/quarantine.ts'
import type { Own } from '../own.ts'
import type { Quarantine } from '../quarantine.ts'
import type { Receive } from '../receive.ts'
import type { SinkHandle } from '../sinks/start-sink.ts'
import { createHasStored } from './has-stored.ts'
import { createEntryIndex } from './index-entries.ts'
import { removeEntry } from './remove-entry.ts'
import { createReplays } from './replays.ts'

/** What the routes of the quarantine are made of. */
export interface QuarantineParts {
  folder: string
  quarantine: Quarantine
  catalog: Pick<Catalog, 'schema'>
  receive: Receive
  sinks(): readonly SinkHandle[]
  own: Pick<Own, 'add'>
  log: Logger
}

export function createQuarantineDeps(parts: QuarantineParts): QuarantineDeps {
  const { folder, quarantine, catalog, receive, sinks, own, log } = parts
  const schemaOf = (hash: string) => catalog.schema(hash)?.schema
  const hasStored = createHasStored(() => sinks().find(({ name }) => name === 'lake'))
  return {
    index: createEntryIndex(folder),
    quarantine,
    replays: createReplays({ quarantine, receive, sinks, log }),
    remove: (facts, who) => removeEntry({ quarantine, own, hasStored, schemaOf, log }, facts, who),
    schemaOf,
  }
}
