import { appendFileSync, readFileSync, statSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import type { Excuse, Fault, Random, World } from '../types.ts'
import { agentDown, flipBytes, headerBytes, newestSegment, pickRig, rest, rigOf, segmentsIn } from './fault-tools.ts'

// Bytes on disk that are not what was written: torn tails, which cost nothing, and damage, which costs what nobody else has.

/** Of a record that was appended and not synced, so many bytes may be missing; none is shorter. */
const tornBytesMax = 12

/** What a power cut may leave behind the last synced record: anything, or the beginning of a record. */
function appendGarbage(segment: string, random: Random): void {
  const bytes = random.int(1, 3000)
  const record = readFileSync(segment).subarray(headerBytes, headerBytes + bytes)
  const noise = Buffer.from(Array.from({ length: bytes }, () => random.int(0, 255)))
  appendFileSync(segment, random.pick([noise, Buffer.alloc(bytes), record.subarray(0, -1)]))
}

const cutTail = (segment: string, random: Random): void =>
  truncateSync(segment, Math.max(headerBytes, statSync(segment).size - random.int(1, tornBytesMax)))

const tornSpool: Fault = {
  kind: 'torn_tail_spool',
  touches: (world, random) => [pickRig(world, random)],
  async run(world, random, touched) {
    const rig = rigOf(world, touched)
    const folder = join(rig.data, 'spool')
    const fromMs = Date.now()
    if (random.next() < 0.5) {
      await rig.killAt('spool.appended', random.int(1, 10), 45_000)
      cutTail(newestSegment(folder), random)
    } else {
      await rig.kill()
      appendGarbage(newestSegment(folder), random)
    }
    await rig.start()
    return agentDown(rig, fromMs)
  },
}

const journalOf = (world: World): string => join(world.ingest.data, 'journal')

const tornJournal: Fault = {
  kind: 'torn_tail_journal',
  touches: () => ['ingest'],
  async run(world, random) {
    const { ingest } = world
    if (random.next() < 0.5) {
      await ingest.killAt('journal.appended', random.int(1, 20), 45_000)
      cutTail(newestSegment(journalOf(world)), random)
    } else {
      await ingest.kill()
      appendGarbage(newestSegment(journalOf(world)), random)
    }
    await ingest.start()
    return []
  },
}

/** Damage among what ingest has not confirmed is a Gap; what it has, nobody needs. */
const flippedSpool: Fault = {
  kind: 'flipped_spool',
  touches: (world, random) => [pickRig(world, random)],
  async run(world, random, touched) {
    const rig = rigOf(world, touched)
    const link = world.links.get(rig.rig)
    const folder = join(rig.data, 'spool')
    const fromMs = Date.now()
    link?.cut()
    try {
      await rest(random, 500, 2_000)
      await rig.kill()
      const count = random.int(1, 5)
      flipBytes(random.pick(segmentsIn(folder).slice(-3)), random, count, random.pick([0, headerBytes, headerBytes]))
      await rig.start()
    } finally {
      link?.heal()
    }
    const toMs = Date.now()
    return [{ rig: rig.rig, causes: ['spool_damaged'], fromMs: fromMs - 2_000, toMs }, ...agentDown(rig, fromMs, toMs)]
  },
}

/** What lay in the journal alone comes from the rigs that keep it; of the others it is declared. */
const notKept = ({ rigs }: World, fromMs: number, toMs = Date.now()): Excuse[] =>
  rigs
    .filter(({ keepConfirmed }) => !keepConfirmed)
    .map(({ rig }) => ({ rig, causes: ['ingest_restored', 'journal_damaged'], fromMs, toMs }))

/** How old what is still needed of the journal may be. */
const journalMs = 10_000

const flippedJournal: Fault = {
  kind: 'flipped_journal',
  touches: () => ['ingest', 'influx'],
  async run(world, random) {
    const { ingest, influxLink } = world
    const fromMs = Date.now() - journalMs
    // Otherwise both stores are past it before it can be damaged.
    if (random.next() < 0.6) influxLink.cut()
    try {
      await rest(random, 300, 2_000)
      const isKilled = random.next() < 0.6
      if (isKilled) await ingest.kill()
      const segments = segmentsIn(journalOf(world)).slice(-3)
      const [segment] = isKilled && random.next() < 0.6 ? segments.slice(-1) : [random.pick(segments)]
      flipBytes(segment!, random, random.int(1, 5), random.pick([0, headerBytes, headerBytes]))
      if (isKilled) await ingest.start()
    } finally {
      influxLink.heal()
      if (!ingest.running) await ingest.start()
    }
    return notKept(world, fromMs)
  },
}

/** Bytes that were synced and receipted are missing at the journal's end: a disk that lied, or a copy of a moment before. */
const cutJournal: Fault = {
  kind: 'cut_journal',
  touches: () => ['ingest', 'influx'],
  async run(world, random) {
    const fromMs = Date.now() - journalMs
    await world.ingest.kill()
    const segment = newestSegment(journalOf(world))
    const { size } = statSync(segment)
    truncateSync(segment, Math.max(random.pick([0, headerBytes]), Math.floor(size * (1 - 0.5 * random.next()))))
    await world.ingest.start()
    return notKept(world, fromMs)
  },
}

export const damageFaults: readonly Fault[] = [tornSpool, tornJournal, flippedSpool, flippedJournal, cutJournal]
