import type { DuckDBConnection } from '@duckdb/node-api'
import { reasonOf } from '../../../protos/errors.ts'
import type { Catalog } from '../../catalog/types.ts'
import type { JournalEnvelope } from '../sink.ts'
import { createPart, type Part } from './part.ts'
import { writeGroup } from './write-part.ts'

export interface Refused {
  envelope: JournalEnvelope
  reason: string
}

/**
 * Which envelopes of a part keep it from being written, found by halving with trial writes, and the part without them.
 * None, if every half can be written and only the whole cannot.
 */
export async function findUnwritable(
  connection: DuckDBConnection,
  lakeFolder: string,
  catalog: Pick<Catalog, 'schema'>,
  part: Part,
): Promise<{ kept: Part; refused: Refused[] }> {
  const partOf = (envelopes: readonly JournalEnvelope[]): Part => {
    const copy = createPart(part.consumed)
    for (const envelope of envelopes) copy.add(envelope)
    return copy
  }
  const trial = async (envelopes: readonly JournalEnvelope[]): Promise<Refused[]> => {
    try {
      // Files aside are written over by the next trial, and count for nothing.
      for (const group of partOf(envelopes).groups) await writeGroup(connection, lakeFolder, catalog, group)
      return []
    } catch (error) {
      if (envelopes.length === 1) return [{ envelope: envelopes[0]!, reason: reasonOf(error) }]
      const middle = envelopes.length >> 1
      return [...(await trial(envelopes.slice(0, middle))), ...(await trial(envelopes.slice(middle)))]
    }
  }
  const refused = await trial(part.envelopes)
  const gone = new Set(refused.map(({ envelope }) => envelope))
  return { kept: partOf(part.envelopes.filter((envelope) => !gone.has(envelope))), refused }
}

/**
 * What to do about a failed write. `wait`: disk or catalog, tried again; `data`: what was to be written is the trouble;
 * `restart`: DuckDB is unusable from here on, or out of memory.
 */
export function judgeFailure(error: unknown): 'wait' | 'data' | 'restart' {
  if (error instanceof TypeError || error instanceof RangeError) return 'data'
  const text = reasonOf(error)
  if (/^(FATAL|INTERNAL|Out of Memory) Error/i.test(text) || /database has been invalidated/.test(text))
    return 'restart'
  return /^(Invalid Input|Conversion|Binder|Parser|Catalog|Not implemented|Out of Range|Constraint) Error/i.test(text)
    ? 'data'
    : 'wait'
}
