import { readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { verify } from '../../ingest/verify/verify.ts'
import { temporaryFolder } from '../services/debian.ts'
import { connectHand, handGroup, handRig, handSpool, lookInto, numbers } from '../services/hand-rig.ts'
import { type Station, startStation, waitFor } from '../services/rigline.ts'

// What was receipted and then lost by ingest's own journal: flipped, cut or gone. Who still has it sends it again; what nobody has
// becomes a Gap; and what the lake has is in it once.

const later = '01J11111111111111111111111'

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
const booked = (station: Station, through: number) =>
  waitFor('the numbers to be booked', 10_000, async () =>
    lookInto(station.data, (catalog) =>
      catalog
        .journalSegments()
        .flatMap((segment) => catalog.journalNumbers(segment))
        .some(({ rig, ranges }) => rig === handRig && ranges.at(-1)!.to >= through),
    ),
  )

/** Spools of which numbers are lost, and neither came again nor were declared. */
const lostIn = (station: Station): number => lookInto(station.data, (catalog) => catalog.lostNumbers().length)

const report = async (station: Station) => {
  const found = await verify({ dataFolder: station.data })
  const mine = found.rigs.find((each) => each.rig === handRig)!
  return { found, mine, one: mine.spools.find((each) => each.spool === handSpool)! }
}

async function startDamaged(damage: (station: Station) => void, spools: string[]) {
  const folder = await temporaryFolder()
  // The lake takes nothing before the damage is done.
  const station = await startStation({ folder, group: handGroup, ingest: { journal: { segmentAgeMaxS: 600 } } })
  onTestFinished(station.close)
  const hand = await connectHand(station)
  await hand.list(handSpool)
  await hand.send(numbers(1, 20))
  await hand.receipted(20)
  await booked(station, 20)
  await station.ingest.kill()
  damage(station)
  await hand.list(...spools)
  await station.startIngest()
  return { station, hand }
}

describe('numbers that ingest had receipted', () => {
  test('and whose bytes were flipped are asked for again of an agent that lists the spool, and stored once', async () => {
    const { station, hand } = await startDamaged((it) => flip(it, [7, 8, 20]), [handSpool])
    await waitFor('the receipt to go below', 20_000, async () => hand.receipt()?.through === 6)
    expect(hand.receipt()).toEqual({ spool: handSpool, through: 6, ranges: [{ from: 9, to: 19 }] })
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
      { cause: 'journal_damaged', of: handSpool, which: [{ from: 7, to: 8 }] },
      { cause: 'journal_damaged', of: handSpool, which: [{ from: 20, to: 20 }] },
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
      const { station, hand } = await startDamaged((it) => damage(journalFiles(it)[0]!), [handSpool])
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
