import { beyondRetentionIn, type InfluxTransport } from './answer.ts'

/**
 * Writes lines from quarantine again, as they are: what of them InfluxDB has is written over with the same. Lines that are older than
 * it keeps count as stored, as they do in every other write.
 */
export async function replayLines(
  transport: Pick<InfluxTransport, 'write' | 'target'>,
  lines: Uint8Array,
  signal: AbortSignal,
): Promise<{ stored: true } | { stored: false; reason: string }> {
  const answer = await transport.write(Buffer.from(lines), signal)
  if (answer.outcome === 'stored') return { stored: true }
  if (answer.outcome === 'refused' && beyondRetentionIn(answer.reason) !== undefined) return { stored: true }
  return { stored: false, reason: `${transport.target}: ${answer.reason}` }
}
