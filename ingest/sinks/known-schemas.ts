import { fitBatch } from '../../protos/fit.ts'
import { toHex } from '../../protos/hex.ts'
import { decodeSchema } from '../../protos/schema.ts'
import { hashSchema } from '../../protos/schema-hash.ts'
import type { Schema } from '../../protos/types.ts'
import type { Catalog } from '../catalog/types.ts'
import type { JournalEnvelope } from './sink.ts'

// Schemas by their hash in hex: those that came by in the journal, and those of the catalog.

const schemasMax = 10_000

export interface KnownSchemas {
  /** Undefined if it isn't here yet. Throws if it is, and breaks the rules. */
  get(hash: string): Schema | undefined
  has(hash: string): boolean
  /** An encoded schema that came by. */
  learn(bytes: Uint8Array): void
}

export function createKnownSchemas(catalog: Pick<Catalog, 'schema'>): KnownSchemas {
  const known = new Map<string, Schema | Error>()

  const keep = (hash: string, decode: () => Schema | undefined): Schema | Error | undefined => {
    if (known.size >= schemasMax) known.delete(known.keys().next().value as string)
    try {
      const schema = decode()
      if (schema) known.set(hash, schema)
    } catch (error) {
      known.set(hash, error instanceof Error ? error : new Error(String(error)))
    }
    return known.get(hash)
  }

  const find = (hash: string) => known.get(hash) ?? keep(hash, () => catalog.schema(hash)?.schema)

  return {
    get(hash) {
      const found = find(hash)
      if (found instanceof Error) throw found
      return found
    },
    has: (hash) => find(hash) !== undefined,
    learn(bytes) {
      const hash = toHex(hashSchema(bytes))
      if (!known.has(hash)) keep(hash, () => decodeSchema(bytes))
    },
  }
}

/**
 * Completes a batch with its schema and makes it fit that; learns a schema that comes by. False if its schema is not here. Throws if that
 * breaks the rules.
 */
export function completeBatch(envelope: JournalEnvelope, schemas: KnownSchemas): boolean {
  const { body, schemaHash } = envelope
  if (body.type === 'schema') schemas.learn(body.bytes)
  if (body.type !== 'batch' || schemaHash === undefined) return true
  const schema = schemas.get(schemaHash)
  if (!schema) return false
  envelope.schema = schema
  const { batch, problems } = fitBatch(body.batch, schema)
  envelope.body = { type: 'batch', batch }
  envelope.problems.push(...problems)
  return true
}
