import type { Logger } from '../../common/log.ts'
import { reasonOf } from '../../protos/errors.ts'
import { ownRig } from '../../protos/topics.ts'
import type { Gap, Schema } from '../../protos/types.ts'
import { NotStoredError, type Own } from '../own.ts'
import type { Quarantine, QuarantineFacts } from '../quarantine.ts'
import { describeEnvelope, type EnvelopeDescription } from './describe-entry.ts'
import type { HasStored } from './has-stored.ts'
import { QuarantineError } from './replays.ts'

export interface RemoveParts {
  quarantine: Pick<Quarantine, 'read' | 'remove'>
  own: Pick<Own, 'add'>
  /** What the lake has stored since is not lost. */
  hasStored: HasStored
  schemaOf(hash: string): Schema | undefined
  log: Logger
}

export interface Removed {
  id: string
  /** What nobody has any more, in words. */
  lost: string
  /** A Gap says so in the data. */
  gap: boolean
}

/**
 * Removes an entry for good. What the lake will never have becomes a Gap first, of the rig whose it was: so verify knows why it is not
 * there. Throws QuarantineError if the journal cannot take that Gap.
 */
export async function removeEntry(
  { quarantine, own, hasStored, schemaOf, log }: RemoveParts,
  facts: QuarantineFacts,
  who: string,
): Promise<Removed> {
  const { id, by, reason, rig, spool, seq, size, content, position } = facts
  let lost = `${size} bytes that were never read; nobody has them, unless the rig sends them again`
  let gap = false
  if (by === 'influx') {
    const what = content === 'lines' ? 'the rows of these lines' : `envelope ${seq} of spool ${spool} of ${rig}`
    lost = `${what} will not be in InfluxDB, and "rigline verify" goes on saying so; the lake has them`
  } else if (by === 'lake' && rig !== undefined && spool !== undefined && seq !== undefined) {
    if (position && (await isStored(hasStored, { rig, spool, seq, segment: position.segment }))) {
      quarantine.remove(id)
      lost = `nothing: the lake has envelope ${seq} of spool ${spool} of ${rig}`
      log.info({ entry: id, by, reason, rig, spool, seq, who }, 'removed from quarantine: the lake has it')
      return { id, lost, gap }
    }
    const described = describeEnvelope(quarantine.read(id).bytes, schemaOf)
    try {
      await own.add({ type: 'gap', gap: gapOf(facts, described, { rig, spool, seq }, who) })
    } catch (error) {
      if (error instanceof NotStoredError)
        throw new QuarantineError(503, `what is lost cannot be noted: ${error.message}`)
      throw error
    }
    gap = true
    lost = `${contentOf(described)} of ${rig} (envelope ${seq} of spool ${spool}) will not be in the lake; a Gap says so`
  }
  quarantine.remove(id)
  log.warn({ entry: id, by, reason, rig, spool, seq, who, lost }, 'removed from quarantine')
  return { id, lost, gap }
}

async function isStored(hasStored: HasStored, number: Parameters<HasStored>[0]): Promise<boolean> {
  try {
    return await hasStored(number)
  } catch (error) {
    throw new QuarantineError(503, reasonOf(error))
  }
}

function contentOf({ batch, header }: EnvelopeDescription): string {
  if (!batch) return header ? `a body "${header.bodyType}"` : 'what could not be read'
  return `${batch.rows} rows of ${batch.stream === undefined ? `schema ${batch.schemaHash}` : `stream ${batch.stream}`}`
}

function gapOf(
  { receivedNs, reason, time }: QuarantineFacts,
  { batch }: EnvelopeDescription,
  { rig, spool, seq }: { rig: string; spool: string; seq: number },
  who: string,
): Gap {
  // Where it says no times: when it came.
  const cameNs = receivedNs === undefined ? BigInt(Date.parse(time)) * 1_000_000n : BigInt(receivedNs)
  return {
    fromNs: (batch?.fromNs ?? cameNs) - 1n,
    toNs: (batch?.toNs ?? cameNs) + 1n,
    streams: batch?.stream === undefined ? [] : [batch.stream],
    cause: 'refused',
    detail: `removed from quarantine by ${who}; was there as ${reason}`,
    spool,
    numbers: [{ from: seq, to: seq }],
    rows: batch?.rows ?? 0,
    ...(rig === ownRig ? {} : { rig }),
  }
}
