import { readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { connectAsync, type MqttClient } from 'mqtt'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openCatalog } from '../../ingest/catalog/catalog.ts'
import { verify } from '../../ingest/verify/verify.ts'
import { encodeBundle } from '../../protos/bundle.ts'
import { encodeEnvelope } from '../../protos/envelope.ts'
import { decodeDown, encodeStatus } from '../../protos/messages.ts'
import { rigTopic } from '../../protos/topics.ts'
import type { Body, Receipt } from '../../protos/types.ts'
import { temporaryFolder } from '../services/debian.ts'
import { type Station, startStation, waitFor } from '../services/rigline.ts'

// What was receipted and then lost by ingest's own journal: flipped, cut or gone. Who still has it sends it again; what nobody has
// becomes a Gap; and what the lake has is in it once.

const group = 'bench'
const rig = '시험대-1'
const spool = '01J00000000000000000000000'
const later = '01J11111111111111111111111'

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
const envelope = (seq: number, of = spool) => encodeEnvelope({ rig, spool: of, seq, body: event(seq) })
const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i)

/** A rig that answers by hand. */
async function connectRig(station: Station) {
  const client: MqttClient = await connectAsync(station.mqtt, { username: rig, clientId: `${rig}-hand` })
  onTestFinished(async () => void (await client.endAsync(true)))
  const receipts = new Map<string, Receipt>()
  client.on('message', (_topic, payload) => {
    const down = decodeDown(payload)
    if (down?.type === 'receipt') receipts.set(down.receipt.spool, down.receipt)
  })
  await client.subscribeAsync(rigTopic(group, rig, 'down'), { qos: 1 })
  return {
    send: async (seqs: number[], of = spool) =>
      void (await client.publishAsync(
        rigTopic(group, rig, 'up'),
        Buffer.from(encodeBundle(seqs.map((seq) => envelope(seq, of)))),
        { qos: 1 },
      )),
    say: async (...spools: string[]) =>
      void (await client.publishAsync(
        rigTopic(group, rig, 'status'),
        Buffer.from(
          encodeStatus({
            online: spools.length > 0,
            sinceNs: 1n,
            version: 'hand',
            spools: spools.map((each) => ({ spool: each, first: 1, last: 100, through: 0 })),
          }),
        ),
        { qos: 1, retain: true },
      )),
    receipt: (of = spool) => receipts.get(of),
    receipted: (through: number, of = spool) =>
      waitFor(`a receipt through ${through}`, 15_000, async () => receipts.get(of)?.through === through),
  }
}

const journalFiles = (station: Station): string[] =>
  readdirSync(join(station.data, 'journal'))
    .filter((name) => name.endsWith('.segment'))
    .sort()
    .map((name) => join(station.data, 'journal', name))

/** Flips bytes inside the records of these events. */
function flip(station: Station, seqs: number[]): void {
  for (const file of journalFiles(station)) {
    const bytes = readFileSync(file)
    for (const seq of seqs) {
      const at = bytes.indexOf(`${seq} xxxx`)
      if (at >= 0) bytes.fill(0x2a, at + 10, at + 20)
    }
    writeFileSync(file, bytes)
  }
}

/** Until the catalog has the numbers: what comes behind that is the agents' to notice. */
async function booked(station: Station, through: number): Promise<void> {
  await waitFor('the numbers to be booked', 10_000, async () => {
    const catalog = openCatalog(join(station.data, 'catalog.sqlite'), { readOnly: true })
    try {
      return catalog
        .journalSegments()
        .some((segment) =>
          catalog.journalNumbers(segment).some((each) => each.rig === rig && each.ranges.at(-1)!.to >= through),
        )
    } finally {
      catalog.close()
    }
  })
}

/** Spools of which numbers are lost, and neither came again nor were declared. */
function lostIn(station: Station): number {
  const catalog = openCatalog(join(station.data, 'catalog.sqlite'), { readOnly: true })
  try {
    return catalog.lostNumbers().length
  } finally {
    catalog.close()
  }
}

const report = async (station: Station) => {
  const found = await verify({ dataFolder: station.data })
  const mine = found.rigs.find((each) => each.rig === rig)!
  return { found, mine, one: mine.spools.find((each) => each.spool === spool)! }
}

async function startDamaged(damage: (station: Station) => void, spools: string[]) {
  const folder = await temporaryFolder()
  // The lake takes nothing before the damage is done.
  const station = await startStation({ folder, group, ingest: { journal: { segmentAgeMaxS: 600 } } })
  onTestFinished(station.close)
  const hand = await connectRig(station)
  await hand.say(spool)
  await hand.send(numbers(1, 20))
  await hand.receipted(20)
  await booked(station, 20)
  await station.ingest.kill()
  damage(station)
  await hand.say(...spools)
  await station.startIngest()
  return { station, hand }
}

describe('numbers that ingest had receipted', () => {
  test('and whose bytes were flipped are asked for again of an agent that lists the spool, and stored once', async () => {
    const { station, hand } = await startDamaged((it) => flip(it, [7, 8, 20]), [spool])
    await waitFor('the receipt to go below', 20_000, async () => hand.receipt()?.through === 6)
    expect(hand.receipt()).toEqual({ spool, through: 6, ranges: [{ from: 9, to: 19 }] })
    await hand.send([7, 8, 20])
    await hand.receipted(20)
    await station.ingest.stop()
    await station.startIngest()
    await station.caughtUp('lake')
    await hand.send(numbers(1, 21))
    await hand.receipted(21)
    await station.close()
    const { found, one, mine } = await report(station)
    expect(one).toMatchObject({ numbers: [{ from: 1, to: 21 }], holes: [], declared: [], lost: [], twice: 0 })
    expect(mine.gaps).toEqual([])
    expect(found.agree).toBe(true)
  }, 90_000)

  test('and that no agent lists any more become a Gap of cause journal_damaged, once', async () => {
    const { station, hand } = await startDamaged((it) => flip(it, [7, 8, 20]), [later])
    await hand.send(numbers(1, 3), later)
    await waitFor('the loss to be found', 20_000, async () => lostIn(station) > 0)
    await waitFor('the numbers to be declared', 40_000, async () => lostIn(station) === 0)
    expect(station.ingest.output()).toContain('nobody has these envelopes any more')
    await station.ingest.stop()
    await station.startIngest()
    await station.caughtUp('lake')
    await station.close()
    const { found, one, mine } = await report(station)
    expect(one).toMatchObject({ holes: [], lost: [], twice: 0 })
    expect(one.declared).toEqual([
      { from: 7, to: 8 },
      { from: 20, to: 20 },
    ])
    expect(mine.gaps.map(({ cause, spool: of, numbers: which }) => ({ cause, of, which }))).toEqual([
      { cause: 'journal_damaged', of: spool, which: [{ from: 7, to: 8 }] },
      { cause: 'journal_damaged', of: spool, which: [{ from: 20, to: 20 }] },
    ])
    expect(found.agree).toBe(true)
  }, 120_000)

  test.each([
    [
      'the header of the segment is damaged',
      (file: string) => {
        const bytes = readFileSync(file)
        bytes.fill(0x55, 0, 80)
        writeFileSync(file, bytes)
      },
      [],
    ],
    ['the segment is gone', (file: string) => rmSync(file), numbers(1, 20)],
    [
      'the second half of the segment is cut off',
      (file: string) => truncateSync(file, Math.floor(readFileSync(file).length / 2)),
      undefined,
    ],
  ] as const)(
    'are lost to the journal alone when %s: what is missing comes again',
    async (_, damage, missing) => {
      const { station, hand } = await startDamaged((it) => damage(journalFiles(it)[0]!), [spool])
      const through = missing === undefined ? undefined : missing.length === 0 ? 20 : 0
      await waitFor('the receipt', 20_000, async () => {
        const receipt = hand.receipt()
        return through === undefined ? (receipt?.through ?? 20) < 20 : receipt?.through === through
      })
      await hand.send(numbers(1, 20))
      await hand.receipted(20)
      await station.close()
      const { one, found, mine } = await report(station)
      expect(one).toMatchObject({ numbers: [{ from: 1, to: 20 }], holes: [], lost: [], twice: 0 })
      expect(mine.gaps).toEqual([])
      expect(found.agree).toBe(true)
    },
    60_000,
  )
})
