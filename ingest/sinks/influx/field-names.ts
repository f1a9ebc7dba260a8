import type { Channel, Column, Kind, Schema } from '../../../protos/types.ts'
import type { Catalog } from '../../catalog/types.ts'
import { storableName } from './escape.ts'
import { measurementOf } from './measurements.ts'

// Under which name a channel is written. InfluxDB gives a field one kind, that of its first line, and refuses all
// others; so a channel whose kind differs from what the field already has is written as name__kind.

export type FieldKind = 'float' | 'bool' | 'text'

const fieldKinds: Record<Kind, FieldKind> = { f64: 'float', f32: 'float', int: 'float', bool: 'bool', text: 'text' }
export const fieldKindOf = (kind: Kind): FieldKind => fieldKinds[kind]

/** What InfluxDB calls its kinds, in our words. */
const influxKinds: Record<string, string> = { float: 'float', boolean: 'bool', string: 'text', integer: 'integer' }

// `time` would be left out in silence by InfluxDB 1.x; rig and era are tags; 2.x keeps names with "_" for itself.
const reserved = new Set(['time', 'rig', 'era', '_field', '_measurement', '_start', '_stop', '_time', '_value'])

export interface FieldNames {
  /** The names of a schema's fields, in the order of its channels; no two alike. Takes a name that is still free. */
  forColumns(stream: string, channels: readonly { name: string; kind: FieldKind }[]): string[]
  /** What InfluxDB said a field is (its own word: float, boolean ...). True if later names differ because of it. */
  learn(measurement: string, field: string, influxKind: string): boolean
  /** The fields InfluxDB has: those the catalog doesn't know are taken over. */
  adopt(fields: { measurement: string; field: string; influxKind: string }[]): void
  /** Changes when names may have changed. */
  readonly version: number
}

/** Where the kinds are kept. Without `claimField` there is nobody else who names fields. */
export type FieldStore = Pick<Catalog, 'fields' | 'saveField'> & Partial<Pick<Catalog, 'claimField'>>

/**
 * The kinds are kept in the catalog, so that they outlive this process. Another one may be naming fields at the same time (the sink,
 * a refill): who takes a name first has it, and both go by that.
 */
export function createFieldNames(catalog: FieldStore): FieldNames {
  const kinds = new Map<string, string>()
  const keyOf = (measurement: string, field: string) => `${measurement}\n${field}`
  for (const { measurement, field, kind } of catalog.fields()) kinds.set(keyOf(measurement, field), kind)
  const learned = new Set<string>()
  let version = 0

  const save = (measurement: string, field: string, kind: string) => {
    kinds.set(keyOf(measurement, field), kind)
    catalog.saveField(measurement, field, kind)
  }

  /** Takes a name that is free here. False if somebody else has taken it for another kind meanwhile. */
  const claim = (measurement: string, field: string, kind: string): boolean => {
    if (!catalog.claimField) {
      save(measurement, field, kind)
      return true
    }
    const claimed = catalog.claimField(measurement, field, kind)
    kinds.set(keyOf(measurement, field), claimed)
    return claimed === kind
  }

  const forColumns: FieldNames['forColumns'] = (stream, channels) => {
    const measurement = measurementOf(stream)
    const taken = new Set<string>()
    return channels.map(({ name, kind }) => {
      let field = storableName(name)
      const usable = () => !taken.has(field) && (kinds.get(keyOf(measurement, field)) ?? kind) === kind
      if (reserved.has(field)) field += `__${kind}`
      const has = () => usable() && (kinds.has(keyOf(measurement, field)) || claim(measurement, field, kind))
      while (!has()) field += `__${kind}`
      taken.add(field)
      return field
    })
  }

  return {
    forColumns,
    learn(measurement, field, influxKind) {
      const known = kinds.get(keyOf(measurement, field))
      const found = influxKinds[influxKind] ?? influxKind
      if (known === 'mixed' || known === found) return false
      // InfluxDB 1.x keeps kinds by shard (tried): a field that is one kind here and another there is left to itself.
      const key = keyOf(measurement, field)
      save(measurement, field, learned.has(key) ? 'mixed' : found)
      learned.add(key)
      version++
      return true
    },
    adopt(fields) {
      for (const { measurement, field, influxKind } of fields) {
        if (kinds.has(keyOf(measurement, field))) continue
        save(measurement, field, influxKinds[influxKind] ?? influxKind)
        version++
      }
    },
    get version() {
      return version
    },
  }
}

/** The kind in which a column will be written: as it was measured, which is what its schema says unless the batch is odd. */
export const columnFieldKinds = (
  schema: Schema,
  columns: readonly Pick<Column, 'kind'>[],
): { name: string; kind: FieldKind }[] =>
  schema.channels.map((channel: Channel, i) => ({
    name: channel.name,
    kind: fieldKindOf(columns[i]?.kind ?? channel.kind),
  }))
