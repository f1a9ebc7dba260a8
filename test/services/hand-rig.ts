import { join } from 'node:path'
import { connectAsync } from 'mqtt'
import { onTestFinished } from 'vitest'
import { openCatalog } from '../../ingest/catalog/catalog.ts'
import type { Catalog } from '../../ingest/catalog/types.ts'
import { encodeBundle } from '../../protos/bundle.ts'
import { encodeEnvelope } from '../../protos/envelope.ts'
import { decodeDown, encodeStatus } from '../../protos/messages.ts'
import { rigTopic } from '../../protos/topics.ts'
import type { Body, Receipt } from '../../protos/types.ts'
import { type Station, waitFor } from './rigline.ts'

// A rig whose agent is the test: it sends which envelopes it likes, hears receipts, and lists the spools it likes.

export const handGroup = 'bench'
export const handRig = '시험대-1'
export const handSpool = '01J00000000000000000000000'

const event = (n: number): Body => ({
  type: 'event',
  event: {
    tNs: BigInt(n) * 1_000_000_000n,
    type: 'note',
    author: '',
    text: `${n} ${'x'.repeat(400)}`,
    facts: {},
    id: `${n}`,
  },
})

export const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i)

/** `keeps`: it sends again whatever a receipt lacks, as an agent does that keeps what is confirmed. */
export async function connectHand(station: Pick<Station, 'mqtt'>, { keeps = false } = {}) {
  const client = await connectAsync(station.mqtt, { username: handRig, clientId: `${handRig}-hand` })
  onTestFinished(async () => void (await client.endAsync(true)))
  const receipts = new Map<string, Receipt>()
  let sentUpTo = 0
  const lasts = new Map<string, number>()
  const send = async (seqs: number[], spool = handSpool) => {
    if (spool === handSpool) sentUpTo = Math.max(sentUpTo, ...seqs)
    lasts.set(spool, Math.max(lasts.get(spool) ?? 0, ...seqs))
    const envelopes = seqs.map((seq) => encodeEnvelope({ rig: handRig, spool, seq, body: event(seq) }))
    await client.publishAsync(rigTopic(handGroup, handRig, 'up'), Buffer.from(encodeBundle(envelopes)), { qos: 1 })
  }
  client.on('message', (_topic, payload) => {
    const down = decodeDown(payload)
    if (down?.type !== 'receipt') return
    const { receipt } = down
    receipts.set(receipt.spool, receipt)
    if (!keeps || receipt.spool !== handSpool) return
    const has = (seq: number) =>
      seq <= receipt.through || receipt.ranges.some(({ from, to }) => from <= seq && seq <= to)
    const lacking = numbers(1, sentUpTo).filter((seq) => !has(seq))
    if (lacking.length > 0) void send(lacking)
  })
  await client.subscribeAsync(rigTopic(handGroup, handRig, 'down'), { qos: 1 })
  return {
    send,
    /** Lists these spools, as far as it has sent of them or as is said; without any, it is offline. */
    async list(...spools: (string | { spool: string; last: number })[]) {
      const listed = spools.map((each) => {
        const { spool, last } = typeof each === 'string' ? { spool: each, last: lasts.get(each) ?? 0 } : each
        return { spool, first: 1, last, through: 0 }
      })
      const status = encodeStatus({ online: spools.length > 0, sinceNs: 1n, version: 'hand', spools: listed })
      await client.publishAsync(rigTopic(handGroup, handRig, 'status'), Buffer.from(status), { qos: 1, retain: true })
    },
    receipt: (spool = handSpool) => receipts.get(spool),
    receipted: (through: number, spool = handSpool) =>
      waitFor(`a receipt through ${through}`, 20_000, async () => receipts.get(spool)?.through === through),
  }
}

/** What the catalog of an ingest says at this moment. */
export function lookInto<T>(data: string, read: (catalog: Catalog) => T): T {
  const catalog = openCatalog(join(data, 'catalog.sqlite'), { readOnly: true })
  try {
    return read(catalog)
  } finally {
    catalog.close()
  }
}
