import { splitBundle } from '../../protos/bundle.ts'
import { decodeBody, readHeader } from '../../protos/envelope.ts'
import { reasonOf } from '../../protos/errors.ts'
import { toHex } from '../../protos/hex.ts'
import type { Body, EnvelopeHeader, Schema } from '../../protos/types.ts'
import type { QuarantineEntry } from '../quarantine.ts'

// What can be read of an entry's bytes now, whatever was wrong with them when it was put there.

const envelopesMax = 20
const linesMax = 5
const lineLettersMax = 300

export interface EnvelopeDescription {
  bytes: number
  /** As far as its number can be read. */
  header?: Pick<EnvelopeHeader, 'version' | 'rig' | 'spool' | 'seq' | 'bodyType'>
  batch?: BatchDescription
  /** Why no more can be read of it; empty if all can. */
  problem: string
}

export interface BatchDescription {
  schemaHash: string
  /** Of its schema, if that is here. */
  stream?: string
  rows: number
  fromNs?: bigint
  toNs?: bigint
}

export interface EntryDescription {
  /** The first ones, and how many there are. */
  envelopes: EnvelopeDescription[]
  envelopeCount: number
  lines: string[]
  lineCount: number
  problem: string
}

type FindSchema = (hash: string) => Schema | undefined

/** Never throws. */
export function describeEntry(
  entry: Pick<QuarantineEntry, 'content' | 'bytes'>,
  schemaOf: FindSchema,
): EntryDescription {
  const { content, bytes } = entry
  const nothing: EntryDescription = { envelopes: [], envelopeCount: 0, lines: [], lineCount: 0, problem: '' }
  if (content === 'lines') return { ...nothing, ...describeLines(bytes) }
  if (content === 'envelope') return { ...nothing, envelopes: [describeEnvelope(bytes, schemaOf)], envelopeCount: 1 }
  try {
    const envelopes = splitBundle(bytes)
    const described = envelopes.slice(0, envelopesMax).map((one) => describeEnvelope(one, schemaOf))
    return { ...nothing, envelopes: described, envelopeCount: envelopes.length }
  } catch (error) {
    return { ...nothing, problem: reasonOf(error) }
  }
}

export function describeEnvelope(bytes: Uint8Array, schemaOf: FindSchema): EnvelopeDescription {
  let header: EnvelopeHeader
  try {
    header = readHeader(bytes)
  } catch (error) {
    return { bytes: bytes.length, problem: reasonOf(error) }
  }
  const { version, rig, spool, seq, bodyType } = header
  const known = { bytes: bytes.length, header: { version, rig, spool, seq, bodyType } }
  try {
    const { body, problems } = decodeBody(bytes, header)
    const [batch, missing] = describeBatch(body, schemaOf)
    if (body.type === 'unknown') problems.push(`its body is of the unknown field ${body.field}`)
    if (missing) problems.push(missing)
    return { ...known, ...(batch ? { batch } : {}), problem: problems.join('; ') }
  } catch (error) {
    return { ...known, problem: reasonOf(error) }
  }
}

/** And what is wrong with its schema, if anything. */
function describeBatch(body: Body, schemaOf: FindSchema): [BatchDescription?, string?] {
  if (body.type !== 'batch') return []
  const { schema, rows, times } = body.batch
  const described: BatchDescription = { schemaHash: toHex(schema), rows }
  if (times.length > 0) {
    described.fromNs = times.reduce((low, tNs) => (tNs < low ? tNs : low))
    described.toNs = times.reduce((high, tNs) => (tNs > high ? tNs : high))
  }
  try {
    const found = schemaOf(described.schemaHash)
    return found
      ? [{ ...described, stream: found.stream }]
      : [described, `its schema ${described.schemaHash} is not here`]
  } catch (error) {
    return [described, `its schema ${described.schemaHash} cannot be read: ${reasonOf(error)}`]
  }
}

function describeLines(bytes: Uint8Array): Pick<EntryDescription, 'lines' | 'lineCount'> {
  let lineCount = 0
  for (const byte of bytes) if (byte === 10) lineCount++
  if (bytes.length > 0 && bytes.at(-1) !== 10) lineCount++
  const head = Buffer.from(bytes.subarray(0, linesMax * lineLettersMax * 4)).toString('utf8')
  const lines = head.split('\n', linesMax).filter((line) => line !== '')
  return { lines: lines.map((line) => line.slice(0, lineLettersMax)), lineCount }
}
