import type { Clock } from '../common/clock.ts'
import type { Connection } from '../common/mqtt-connection.ts'
import { decodeClockProbe, decodeIngestStatus, decodeStatus, encodeDown } from '../protos/messages.ts'
import { parseTopic, rigTopic } from '../protos/topics.ts'
import type { IngestStatus, SpoolState } from '../protos/types.ts'
import type { Receipts } from './receipts.ts'
import type { Rigs } from './rigs.ts'

/** Spools of one status that are answered: an agent has a few, and each is looked up. */
const spoolsMax = 64

export interface MessageOptions {
  clock: Clock
  rigs: Rigs
  receipts: Receipts
  connection(): Connection
  receive(rig: string, topic: string, payload: Uint8Array): void
  /** An agent that is here has listed its spools. */
  onListed(rig: string, spools: readonly SpoolState[]): void
  /** What an ingest says of itself. */
  onIngest(name: string, status: IngestStatus): void
}

/** What each MQTT message to ingest does. The returned function throws for one that can't be read. */
export function createMessages(options: MessageOptions): (topic: string, payload: Uint8Array) => void {
  const { clock, rigs, receipts, connection } = options

  const answerClock = (group: string, rig: string, payload: Uint8Array) => {
    const t2Ns = clock.nowNs()
    const t1Ns = decodeClockProbe(payload)
    const reply = encodeDown({ type: 'clock_reply', clockReply: { t1Ns, t2Ns, t3Ns: clock.nowNs() } })
    connection().publish(rigTopic(group, rig, 'down'), reply, { qos: 0 })
  }

  return (topic, payload) => {
    const parsed = parseTopic(topic)
    // Empty and retained: the broker forgot a rig or ingest that was removed.
    if (!parsed || payload.length === 0) return
    if (parsed.type === 'up') {
      rigs.seen(parsed.rig, parsed.group)
      options.receive(parsed.rig, topic, payload)
    } else if (parsed.type === 'clock') {
      answerClock(parsed.group, parsed.rig, payload)
    } else if (parsed.type === 'status') {
      const status = decodeStatus(payload)
      rigs.status(parsed.rig, parsed.group, status)
      if (status.online) options.onListed(parsed.rig, status.spools)
      // The agent lists its spools at connect: the answers say what it need not send.
      for (const { spool } of status.spools.slice(-spoolsMax)) receipts.due(parsed.rig, spool)
    } else if (parsed.type === 'ingest_status') {
      options.onIngest(parsed.name, decodeIngestStatus(payload))
    }
  }
}
