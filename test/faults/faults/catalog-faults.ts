import { execFile } from 'node:child_process'
import { cpSync, existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { builtProgram } from '../../../common/program.ts'
import type { Fault, World } from '../types.ts'
import { eventually, patienceMs } from '../world.ts'
import { forgottenBy } from './copy-faults.ts'
import { rest, sinksOf, sinksRun } from './fault-tools.ts'

// The catalog alone is lost, or put back from an older copy, while journal and lake have gone on: all that it knew is in those. Or the lake
// alone is put back.

/** SQLite has what is not in the first one yet in the others. */
const filesOf = (folder: string): string[] =>
  ['', '-wal', '-shm'].map((ending) => join(folder, `catalog.sqlite${ending}`))

const removeCatalog = ({ ingest }: World): void => {
  for (const file of filesOf(ingest.data)) rmSync(file, { force: true })
}

function copyCatalog(from: string, to: string): void {
  const copies = filesOf(to)
  filesOf(from).forEach((file, i) => {
    if (existsSync(file)) cpSync(file, copies[i] as string)
  })
}

const lost: Fault = {
  kind: 'catalog_lost',
  touches: () => ['ingest'],
  async run(world, random) {
    await rest(random, 0, 800)
    // The catalog alone knows what InfluxDB is owed out of the lake; where it is lost a person refills that.
    await eventually('nothing to be owed to InfluxDB', patienceMs, async () =>
      // An ingest that is starting does not say yet.
      (await sinksOf(world)).every(({ name, owedRows }) => name !== 'influx' || owedRows === 0),
    )
    await world.ingest.kill()
    removeCatalog(world)
    await world.ingest.start()
    await sinksRun(world)
    return []
  },
}

let copies = 0

const older: Fault = {
  kind: 'catalog_older',
  touches: () => ['ingest'],
  async run(world, random) {
    const { ingest } = world
    const end = () => (random.next() < 0.5 ? ingest.kill() : ingest.stop())
    await rest(random, 0, 500)
    await end()
    const copy = join(world.folder, `catalog-${++copies}`)
    copyCatalog(ingest.data, copy)
    await ingest.start()
    // Parts of the journal that it does not know go into the lake, and may be dropped.
    await rest(random, 800, 4_000)
    await end()
    removeCatalog(world)
    copyCatalog(copy, ingest.data)
    rmSync(copy, { recursive: true, force: true })
    await ingest.start()
    await sinksRun(world)
    return []
  },
}

/** The lake alone is put back, and a person does what ingest and docs/recovery.md say. */
const lakeOlder: Fault = {
  kind: 'lake_older',
  touches: () => ['ingest'],
  async run(world, random) {
    const { ingest } = world
    await rest(random, 0, 500)
    await ingest.stop()
    const fromMs = Date.now() - inJournalMs
    const [lake, copy] = [join(ingest.data, 'lake'), join(world.folder, `lake-${++copies}`)]
    cpSync(lake, copy, { recursive: true })
    await ingest.start()
    await rest(random, 1_000, 5_000)
    await (random.next() < 0.5 ? ingest.kill() : ingest.stop())
    rmSync(lake, { recursive: true, force: true })
    cpSync(copy, lake, { recursive: true })
    rmSync(copy, { recursive: true, force: true })
    await rebuild(ingest.data)
    await ingest.start()
    await sinksRun(world)
    return forgottenBy(world, fromMs)
  },
}

/** What ingest has read of the journal since the copy was made may have been there for so long. */
const inJournalMs = 10_000
const rebuildMs = 60_000

async function rebuild(data: string): Promise<void> {
  const args = [builtProgram('cli'), 'catalog', 'rebuild', '--data', data, '--quiet']
  await promisify(execFile)(process.execPath, args, { timeout: rebuildMs })
}

export const catalogFaults: readonly Fault[] = [lost, older, lakeOlder]
