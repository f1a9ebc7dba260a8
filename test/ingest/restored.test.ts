import { cpSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { verify } from '../../ingest/verify/verify.ts'
import { temporaryFolder } from '../services/debian.ts'
import { connectHand, handGroup, handRig, handSpool, lookInto, numbers } from '../services/hand-rig.ts'
import { type Station, startStation, waitFor } from '../services/rigline.ts'

// Ingest's folder put together from an older copy and what is there now: journal, catalog and lake each may be the older one. The
// agent keeps what it has sent. Nothing is lost, nothing is there twice, and nobody declares anything.

const parts = ['journal', 'catalog', 'lake'] as const
type Age = 'older' | 'newer'

/** The processes of an ingest that was killed end a moment after it. */
async function killed(station: Station): Promise<void> {
  await station.ingest.kill()
  const lock = join(station.data, 'lake', 'lock')
  await waitFor("the lake's process to end", 10_000, async () => !existsSync(lock))
}

function copy(from: string, to: string, part: (typeof parts)[number]): void {
  for (const name of readdirSync(from).filter((each) => each.startsWith(part))) {
    cpSync(join(from, name), join(to, name), { recursive: true })
  }
}

const lakeHas = (station: Station, envelopes: number) =>
  waitFor(`the lake to have ${envelopes}`, 20_000, async () =>
    lookInto(station.data, (catalog) => {
      const rows = catalog.lakeFiles('_envelopes').reduce((sum, file) => sum + file.rows, 0)
      return rows >= envelopes
    }),
  )

test('goes on from any mixture of an older copy and what is there now', async () => {
  const folder = await temporaryFolder()
  const station = await startStation({ folder, group: handGroup, ingest: { journal: { segmentAgeMaxS: 1 } } })
  onTestFinished(station.close)
  const hand = await connectHand(station, { keeps: true })
  await hand.list(handSpool)
  const copies = { older: join(folder, 'older'), newer: join(folder, 'newer') }

  await hand.send(numbers(1, 10))
  await lakeHas(station, 10)
  await hand.send(numbers(11, 20))
  await hand.receipted(20)
  await killed(station)
  cpSync(station.data, copies.older, { recursive: true })
  await station.startIngest()
  await hand.send(numbers(21, 30))
  await lakeHas(station, 30)
  await hand.send(numbers(31, 40))
  await hand.receipted(40)
  await killed(station)
  cpSync(station.data, copies.newer, { recursive: true })

  // A lake that is older than its catalog lacks files that the catalog lists: that is not in here.
  const mixtures: { journal: Age; catalog: Age; lake: Age }[] = [
    { journal: 'older', catalog: 'older', lake: 'older' },
    { journal: 'older', catalog: 'older', lake: 'newer' },
    { journal: 'older', catalog: 'newer', lake: 'newer' },
    { journal: 'newer', catalog: 'older', lake: 'newer' },
    { journal: 'newer', catalog: 'older', lake: 'older' },
  ]
  const found: Record<string, unknown> = {}
  for (const mixture of mixtures) {
    rmSync(station.data, { recursive: true, force: true })
    mkdirSync(station.data)
    for (const part of parts) copy(copies[mixture[part]], station.data, part)
    await station.startIngest()
    await hand.list(handSpool)
    await hand.send(numbers(41, 45))
    const what = parts.map((part) => `${mixture[part]} ${part}`).join(', ')
    // Until what the journal lost was asked for, came, and is in the lake.
    await waitFor(`all to be there with ${what}`, 30_000, async () => {
      const settled = lookInto(
        station.data,
        (catalog) => catalog.journalSegments().length <= 1 && catalog.lostNumbers().length === 0,
      )
      return settled && hand.receipt()?.through === 45
    })
    await station.ingest.stop()
    const report = await verify({ dataFolder: station.data })
    const mine = report.rigs.find(({ rig }) => rig === handRig)
    const spool = mine?.spools.find((each) => each.spool === handSpool)
    found[what] = {
      agree: report.agree,
      gaps: mine?.gaps.length,
      numbers: spool?.numbers,
      lost: spool?.lost,
      holes: spool?.holes,
      twice: spool?.twice,
    }
  }
  const well = { agree: true, gaps: 0, numbers: [{ from: 1, to: 45 }], lost: [], holes: [], twice: 0 }
  expect(found).toEqual(Object.fromEntries(Object.keys(found).map((what) => [what, well])))
  expect(Object.keys(found).length).toBe(mixtures.length)
}, 240_000)
