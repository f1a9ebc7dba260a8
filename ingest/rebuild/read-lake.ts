import { basename } from 'node:path'
import type { Catalog, LakeFile } from '../catalog/types.ts'
import { periodMs } from '../live/live-stream.ts'
import type { Follow } from '../runs/follow.ts'
import { lakePath, parseName } from '../sinks/lake/lake-files.ts'
import { clockBody, envelopeOf, eventBody, healthBody, schemaBody } from '../sinks/lake/stored-bodies.ts'
import type { Duck, Row } from './duck.ts'
import type { LakeWrite } from './list-writes.ts'
import { type Footer, readFooters } from './read-footers.ts'
import { type BookedStream, type Books, readBooks, readNumbers } from './read-ledger.ts'

// The lake's files into the catalog, in the order of the journal and some at a time, whatever the lake's size.

const filesAtOnce = 200

export interface LakeReading extends Books {
  duck: Duck
  lakeFolder: string
  catalog: Catalog
  follow: Pick<Follow, 'stored'>
  onProgress(filesDone: number): void
  /** A file that cannot be read: what is in it is as lost as it was. */
  onUnreadable(path: string, why: string): void
}

/** Returns the files that are not there though the ledger has their rows. */
export async function readLake(reading: LakeReading, writes: readonly LakeWrite[]): Promise<LakeFile[]> {
  const missing: LakeFile[] = []
  let some: LakeWrite[] = []
  let files = 0
  let done = 0
  const take = async () => {
    missing.push(...(await readWrites(reading, some)))
    done += files
    reading.onProgress(done)
    some = []
    files = 0
  }
  for (const write of writes) {
    some.push(write)
    files += write.paths.length
    if (files >= filesAtOnce) await take()
  }
  if (files > 0) await take()
  saveNewest(reading)
  return missing
}

async function readWrites(reading: LakeReading, writes: readonly LakeWrite[]): Promise<LakeFile[]> {
  const { duck, lakeFolder, catalog } = reading
  const footers: Footer[] = []
  for (const read of await readFooters(
    duck.connection,
    lakeFolder,
    writes.flatMap(({ paths }) => paths),
  )) {
    if ('file' in read) footers.push(read)
    else reading.onUnreadable(read.path, read.unreadable)
  }
  const of = (table: string) => footers.flatMap(({ file }) => (file.table === table ? file.path : []))
  const files = footers.map(({ file }) => file)
  catalog.addLakeFiles(files, undefined)
  await readSchemas(reading, of('_schemas'), footers)
  const { booked, ledgers } = await readSomeBooks(reading, of('_envelopes'), files)
  await readEvents(reading, of('_events'), ledgers)
  await readFacts(reading, '_health', of('_health'))
  await readFacts(reading, '_clock', of('_clock'))
  await readFacts(reading, '_schemas', of('_schemas'))
  return findMissing(booked, files)
}

/** A ledger that cannot be read costs what it says of its write: the numbers are in the rows too. */
async function readSomeBooks(
  reading: LakeReading,
  ledgers: readonly string[],
  files: readonly LakeFile[],
): Promise<{ booked: BookedStream[]; ledgers: string[] }> {
  const { duck } = reading
  let booked: BookedStream[] = []
  const good: string[] = []
  const some = async (paths: readonly string[]): Promise<void> => {
    try {
      booked = [...booked, ...(await readBooks(duck, paths, reading))]
      good.push(...paths)
    } catch (error) {
      if (paths.length === 1) {
        reading.onUnreadable(paths[0]!, (error as Error).message)
        return
      }
      await some(paths.slice(0, paths.length >> 1))
      await some(paths.slice(paths.length >> 1))
    }
  }
  if (ledgers.length > 0) await some(ledgers)
  const read = new Set(good.map(nameOf))
  for (const { path } of files) {
    if (read.has(nameOf(path)) || path.includes('/_envelopes/')) continue
    await readNumbers(duck, duck.table([path]), reading.numbers).catch((error: Error) =>
      reading.onUnreadable(path, error.message),
    )
  }
  return { booked, ledgers: good }
}

/** What the files of one write share. */
const nameOf = (path: string): string => basename(path).replace(/^([0-9A-Z]{26}-\d{12,}(?:-late)?).*$/, '$1')

function findMissing(booked: readonly BookedStream[], files: readonly LakeFile[]): LakeFile[] {
  const there = new Set(files.map(({ path, table }) => `${nameOf(path)} ${table}`))
  const ends = new Map(files.map(({ path, toOffset }) => [nameOf(path), toOffset]))
  return booked.flatMap(({ write, stream, rows, minNs, maxNs, rigs }): LakeFile[] => {
    const parsed = parseName(`${write}.parquet`)
    if (there.has(`${write} ${stream}`) || !parsed) return []
    const { from, late } = parsed
    return [
      {
        path: lakePath(stream, from, late),
        table: stream,
        segment: from.segment,
        fromOffset: from.offset,
        toOffset: ends.get(write) ?? from.offset,
        rows,
        minTimeNs: String(minNs),
        maxTimeNs: String(maxNs),
        bytes: 0,
        rigs,
      },
    ]
  })
}

/** Those that came as envelopes, then those that files bring along for themselves. */
async function readSchemas(
  { duck, catalog, onUnreadable }: LakeReading,
  paths: readonly string[],
  footers: readonly Footer[],
): Promise<void> {
  const save = (hash: string, rig: string, encoded: string) =>
    catalog.saveSchema(hash, rig, new Uint8Array(Buffer.from(encoded, 'base64')))
  await inAll(paths, onUnreadable, async (some) => {
    for await (const { hash, rig, encoded } of duck.rows(
      `SELECT hash, arg_min(rig, received_ns) AS rig, any_value(encoded) AS encoded FROM ${duck.table(some)} GROUP BY hash`,
    )) {
      save(String(hash), String(rig), String(encoded))
    }
  })
  for (const { file, schemas } of footers) {
    for (const { hash, encoded } of schemas) if (encoded !== null) save(hash, file.rigs[0] ?? '', encoded)
  }
}

/** In the order of the journal, in which they were folded before. */
async function readEvents(
  { duck, follow, onUnreadable }: LakeReading,
  events: readonly string[],
  ledgers: readonly string[],
): Promise<void> {
  const columns = `rig, spool, seq, received_ns, t_ns, type, encode(author) AS author, encode(text) AS text, encode(facts) AS facts, id`
  const select = (from: string) =>
    ledgers.length === 0
      ? `SELECT ${columns} FROM ${from} ORDER BY received_ns`
      : `SELECT ${columns}, l.segment, l."offset" FROM ${from}
         LEFT JOIN (SELECT rig, spool, seq, segment, "offset" FROM ${duck.table(ledgers)} WHERE body = 'event') l USING (rig, spool, seq)
         ORDER BY l.segment, l."offset", received_ns`
  await inAll(events, onUnreadable, async (some) => {
    for await (const row of duck.rows(select(duck.table(some)))) {
      const envelope = readable(row, () => envelopeOf(row, eventBody(row)), onUnreadable)
      if (!envelope) continue
      const position = { segment: String(row.segment ?? ''), offset: Number(row.offset ?? 0) }
      follow.stored(envelope.header, envelope.bytes, envelope.receivedNs, position)
    }
  })
}

const bodies = { _health: healthBody, _clock: clockBody, _schemas: schemaBody }
/** Of each rig the newest tell all; of schemas, those of its newest spool. */
const newestOf = {
  _health: 'QUALIFY row_number() OVER (PARTITION BY rig ORDER BY spool DESC, seq DESC) <= 8',
  _clock: 'WHERE step_ns = 0 QUALIFY row_number() OVER (PARTITION BY rig ORDER BY spool DESC, seq DESC) = 1',
  _schemas: `QUALIFY spool = max(spool) OVER (PARTITION BY rig)
    AND row_number() OVER (PARTITION BY rig, spool, hash ORDER BY seq) = 1`,
}

async function readFacts(
  { duck, rigs, onUnreadable }: LakeReading,
  table: keyof typeof bodies,
  paths: readonly string[],
): Promise<void> {
  await inAll(paths, onUnreadable, async (some) => {
    for await (const row of duck.rows(
      `SELECT * FROM (SELECT * FROM ${duck.table(some)} ${newestOf[table]}) ORDER BY rig, spool, seq`,
    )) {
      const envelope = readable(row, () => envelopeOf(row, bodies[table](row)), onUnreadable)
      if (envelope) rigs.stored(envelope)
    }
  })
}

function readable<T>(row: Row, read: () => T, onUnreadable: LakeReading['onUnreadable']): T | undefined {
  try {
    return read()
  } catch (error) {
    onUnreadable(`${row.rig} ${row.spool} ${row.seq}`, (error as Error).message)
    return undefined
  }
}

/** One file that cannot be read must not hide what is in the others. */
async function inAll(
  paths: readonly string[],
  onUnreadable: LakeReading['onUnreadable'],
  work: (paths: readonly string[]) => Promise<void>,
): Promise<void> {
  if (paths.length === 0) return
  try {
    await work(paths)
  } catch (error) {
    if (paths.length === 1) {
      onUnreadable(paths[0]!, (error as Error).message)
      return
    }
    await inAll(paths.slice(0, paths.length >> 1), onUnreadable, work)
    await inAll(paths.slice(paths.length >> 1), onUnreadable, work)
  }
}

const stalePeriods = 5
const staleAfterLeastMs = 3000
const staleAfterGuessMs = 300_000

/** How often rows of a stream without a period came is not in the books: it is seen anew. */
function saveNewest({ catalog, newest }: LakeReading): void {
  catalog.saveLastRows(
    [...newest.values()].map(({ spool: _, seq: __, ...row }) => {
      const schema = readSchema(catalog, row.schemaHash)
      const period = schema && periodMs(schema)
      const staleAfterMs = period === undefined ? staleAfterGuessMs : Math.max(staleAfterLeastMs, stalePeriods * period)
      return { ...row, staleAfterMs }
    }),
  )
}

function readSchema(catalog: Catalog, hash: string) {
  try {
    return catalog.schema(hash)?.schema
  } catch {
    return undefined
  }
}
