import type { JournalEnvelope } from '../sink.ts'
import { columnFieldKinds, type FieldNames, fieldKindOf } from './field-names.ts'
import { fieldBytes, seriesBytes } from './line-protocol.ts'

// What is alike in all lines of a series, made once.

export interface Layout {
  series: Uint8Array
  fields: Uint8Array[]
}

const entriesMax = 10_000

export function createLayouts(names: FieldNames): (envelope: JournalEnvelope) => Layout | undefined {
  const series = new Map<string, Uint8Array>()
  const fields = new Map<string, Uint8Array[]>()
  let version = names.version

  const cached = <T>(map: Map<string, T>, key: string, make: () => T): T => {
    const found = map.get(key)
    if (found !== undefined) return found
    if (map.size >= entriesMax) map.clear()
    const made = make()
    map.set(key, made)
    return made
  }

  return ({ body, schema, schemaHash, header }) => {
    if (body.type !== 'batch' || !schema) return undefined
    if (version !== names.version) {
      fields.clear()
      version = names.version
    }
    const { columns, era } = body.batch
    const { stream } = schema
    const kinds = columns.map((column) => fieldKindOf(column.kind)[0]).join('')
    return {
      series: cached(series, `${era}\n${header.rig}\n${stream}`, () => seriesBytes(stream, header.rig, era)),
      fields: cached(fields, `${schemaHash}\n${kinds}`, () =>
        fieldBytes(names.forColumns(stream, columnFieldKinds(schema, columns))),
      ),
    }
  }
}
