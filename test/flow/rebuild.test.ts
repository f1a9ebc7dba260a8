import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import mqtt, { type MqttClient } from 'mqtt'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { ulid } from '../../common/ulid.ts'
import { openSqlite } from '../../ingest/catalog/sqlite.ts'
import type { LakeAnswer } from '../../ingest/http/routes/lake.ts'
import type { Rebuilt } from '../../ingest/rebuild/rebuild.ts'
import type { VerifyReport } from '../../ingest/verify/report.ts'
import { encodeBundle } from '../../protos/bundle.ts'
import { encodeEnvelope } from '../../protos/envelope.ts'
import { encodeRunEvent, type RunEvent } from '../../protos/run-events.ts'
import { encodeSchema } from '../../protos/schema.ts'
import { hashSchema } from '../../protos/schema-hash.ts'
import { rigTopic } from '../../protos/topics.ts'
import type { Body, Gap, Schema } from '../../protos/types.ts'
import { makeFolder } from '../services/debian.ts'
import { runCommand, type Station, startProgram, startStation, waitFor } from '../services/rigline.ts'
import { readLake } from './stored.ts'

// The catalog lost, in real programs: everything that a catalog knows is entered by rigs and people, then it is made anew and
// compared, table by table; and ingest is killed, finds none at its start, and goes on.

const nsPerMs = 1_000_000n
const startNs = BigInt(Date.parse('2026-01-01T00:00:00Z')) * nsPerMs
const first: Schema = { stream: '차량', channels: [{ name: '속도', kind: 'f64' }] }
/** A channel more, and one that has become another kind. */
const second: Schema = {
  stream: '차량',
  channels: [
    { name: '속도', kind: 'text' },
    { name: 'n', kind: 'int' },
  ],
}
const ecg: Schema = {
  stream: 'ecg',
  channels: [{ name: 'mV', kind: 'f64' }],
  period: { num: 1_000_000n, den: 1n },
}
const late: Schema = { stream: '늦음', channels: [{ name: 'x', kind: 'f64' }] }
const never: Schema = { stream: 'never', channels: [{ name: 'x', kind: 'f64' }] }

const schemaBody = (schema: Schema): Body => ({ type: 'schema', bytes: encodeSchema(schema) })

function batch(schema: Schema, from: number, rows = 10): Body {
  const times = BigInt64Array.from({ length: rows }, (_, i) => startNs + BigInt(from + i) * nsPerMs)
  return {
    type: 'batch',
    batch: {
      schema: hashSchema(encodeSchema(schema)),
      rows,
      era: 0,
      times,
      monotonicNs: 0n,
      bootId: new Uint8Array(16),
      notRising: false,
      position: 0,
      origin: '',
      columns: schema.channels.map(({ kind }) =>
        kind === 'text'
          ? { kind, values: new Uint32Array(rows), dictionary: ['\ufeff빠름'] }
          : {
              kind: kind as 'f64' | 'int',
              values: Float64Array.from({ length: rows }, (_, i) => (rows > 1000 ? Math.random() : from + i)),
            },
      ),
    },
  }
}

interface Rig {
  spool: string
  /** A number that never comes. */
  skip(): number
  /** The encoded envelopes, for sending them again. */
  sent: Uint8Array[]
  send(...bodies: Body[]): Promise<void>
  again(): Promise<void>
  end(): Promise<unknown>
}

async function openRig(url: string, rig: string, spool: string, predecessor = ''): Promise<Rig> {
  const client: MqttClient = await mqtt.connectAsync(url, {
    username: rig,
    clientId: `${rig}-${spool}`,
    protocolVersion: 4,
  })
  const sent: Uint8Array[] = []
  let seq = 0
  const publish = (envelope: Uint8Array) =>
    client.publishAsync(rigTopic('bench', rig, 'up'), Buffer.from(encodeBundle([envelope])), { qos: 1 })
  return {
    spool,
    sent,
    skip: () => ++seq,
    async send(...bodies) {
      for (const body of bodies) {
        seq++
        const envelope = encodeEnvelope({ rig, spool, seq, body, ...(seq === 1 && predecessor ? { predecessor } : {}) })
        sent.push(envelope)
        await publish(envelope)
      }
    },
    async again() {
      for (const envelope of sent) await publish(envelope)
    },
    end: () => client.endAsync(true),
  }
}

const event = (event: RunEvent, atMs: number): Body => ({
  type: 'event',
  event: encodeRunEvent(event, {
    tNs: startNs + BigInt(atMs) * nsPerMs,
    author: '김',
    text: '\ufeff왜',
    id: ulid(),
  }),
})

const gap = (more: Partial<Gap>): Body => ({
  type: 'gap',
  gap: {
    fromNs: startNs,
    toNs: startNs + 5n,
    streams: [],
    cause: 'unspecified',
    detail: '',
    spool: '',
    numbers: [],
    rows: 1,
    ...more,
  },
})

/** Every table; times when something was noted, and what lies in no store, left out: see below. */
function dump(file: string): Record<string, Record<string, unknown>[]> {
  const sql = openSqlite(file, { readOnly: true })
  const columns: Record<string, string> = {
    // group and online are the broker's to say; first_seen_ms and agent_version too, which the old catalog still had.
    rigs: 'rig, last_seen_ms',
    schemas: '*',
    spools: '*',
    // Influx begins again, retention's clock is taken from the newest file, and the lake stands behind what it has, where the other one
    // had gone on over nothing to the next segment.
    cursors: "* FROM cursors WHERE reader = 'ranges'",
    // When it was parked.
    parked: 'sink, segment, at, schema_hash, record',
    lake_files: '*',
    run_events: '*, CAST(received_ns AS TEXT) AS r, CAST(t_ns AS TEXT) AS t',
    run_starts: '*, CAST(t_ns AS TEXT) AS t',
    runs: '*, CAST(from_ns AS TEXT) AS f, CAST(to_ns AS TEXT) AS t',
    run_rigs: '*',
    markers: '*',
    marker_rigs: '*',
    rig_entries: '*',
    // How often rows come is seen anew where the stream has no period.
    last_rows: 'rig, stream, schema_hash, era, CAST(t_ns AS TEXT) AS t, CAST(received_ns AS TEXT) AS r',
    // Their bytes, and when exactly, are not known any more.
    lake_removed: 'path, table_name, segment, from_offset, to_offset, rows, min_time_ns, max_time_ns, rigs, reason',
  }
  try {
    return Object.fromEntries(
      Object.entries(columns).map(([table, wanted]) => [
        table,
        sql
          .all<Record<string, unknown>>(`SELECT ${wanted.includes(' FROM ') ? wanted : `${wanted} FROM ${table}`}`)
          .map((row) =>
            Object.fromEntries(
              Object.entries(row).map(([key, value]) => [
                key,
                value instanceof ArrayBuffer || value instanceof Uint8Array
                  ? Buffer.from(value as Uint8Array).toString('hex')
                  : value,
              ]),
            ),
          )
          .sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)),
      ]),
    )
  } finally {
    sql.close()
  }
}

describe('the catalog made anew', () => {
  let folder: Awaited<ReturnType<typeof makeFolder>>
  let station: Station
  let configFile: string
  let catalogFile: string
  const rigs: Rig[] = []

  const call = async <T>(path: string, body?: unknown): Promise<T> => {
    const response = await fetch(`${station.http}${path}`, {
      ...(body === undefined
        ? {}
        : { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    })
    const answer = (await response.json()) as T & { detail?: string }
    if (!response.ok) throw new Error(`${path}: ${response.status} ${answer.detail}`)
    return answer
  }
  const stored = (sql: string) => {
    const open = openSqlite(catalogFile, { readOnly: true })
    try {
      return Number(open.all<{ n: number }>(sql)[0]?.n ?? 0)
    } finally {
      open.close()
    }
  }
  const hasRows = (table: string, rows: number) =>
    waitFor(`${rows} rows of ${table}`, 30_000, async () => {
      return stored(`SELECT sum(rows) AS n FROM lake_files WHERE table_name = '${table}'`) >= rows
    })
  const rebuild = async (...args: string[]) => {
    const done = await runCommand(['catalog', 'rebuild', '--config', configFile, '--json', ...args])
    expect(done.code, done.stderr).toBe(0)
    return JSON.parse(done.stdout) as Rebuilt
  }
  const verified = async () => {
    const { stdout, stderr } = await runCommand(['verify', '--config', configFile, '--json'])
    expect(stdout, stderr).not.toBe('')
    return JSON.parse(stdout) as VerifyReport
  }
  const problemsOf = ({ problems, rigs }: VerifyReport) => [
    ...problems,
    ...rigs.flatMap((rig) => [
      ...rig.missingSpools,
      ...rig.streams.flatMap((stream) => stream.problems),
      ...rig.spools.flatMap(({ spool, holes, lost, twice }) =>
        holes.length + lost.length + twice > 0 ? [JSON.stringify([rig.rig, spool, holes, lost, twice])] : [],
      ),
    ]),
  ]
  const reconfigure = (lake: unknown) =>
    writeFileSync(configFile, stringify({ ...parse(readFileSync(configFile, 'utf8')), lake }))

  beforeAll(async () => {
    folder = await makeFolder()
    station = await startStation({ folder: folder.folder, ingest: { journal: { segmentAgeMaxS: 1 } } })
    configFile = join(folder.folder, 'ingest.yaml')
    catalogFile = join(station.data, 'catalog.sqlite')
  }, 60_000)
  afterAll(async () => {
    for (const rig of rigs) await rig.end()
    await station?.close()
    await folder?.remove()
  })

  test('is what it was, in every table, and ingest goes on with it', { timeout: 180_000 }, async () => {
    const car = await openRig(station.mqtt, '자동차-1', ulid(), '01J0000000000000000000000P')
    const bench = await openRig(station.mqtt, 'bench-2', ulid())
    rigs.push(car, bench)
    const big = 20_000
    await car.send(schemaBody(first))
    for (let i = 0; i < 8; i++) {
      await car.send(batch(first, i * big, big))
      await hasRows('차량', (i + 1) * big)
    }
    // Retention takes the oldest.
    await station.ingest.kill()
    reconfigure({ retention: { bytesMax: 1024 * 1024 } })
    await station.startIngest()
    await waitFor('a removal', 30_000, async () => (await call<LakeAnswer>('/v1/lake')).removed.files > 0)
    await station.ingest.stop()
    reconfigure({})
    const sql = openSqlite(catalogFile)
    sql.run('UPDATE lake_removed SET removed_ms = removed_ms - 660000')
    sql.close()
    await station.startIngest()
    await waitFor(
      'their deletion',
      30_000,
      async () => stored('SELECT count(*) AS n FROM lake_removed WHERE deleted_ms IS NULL') === 0,
    )

    const at = 8 * big
    await car.send(schemaBody(second), batch(second, at), batch(first, at + 10))
    await bench.send(schemaBody(ecg), batch(ecg, 0, 100), batch(late, 0), batch(never, 0))
    await bench.send(event({ type: 'run.started', run: '주행', rigs: [], facts: { operator: '김' } }, 5))
    await bench.send(
      event({ type: 'marker', marker: 'm1', run: '', rigs: [], label: '신호', fromNs: startNs + 7n * nsPerMs }, 7),
    )
    await bench.send(event({ type: 'run.stopped', run: '' }, 50))
    await bench.send(
      gap({ cause: 'spool_full', rows: 3 }),
      {
        type: 'health',
        health: { tNs: startNs, version: '9.9', memoryBytes: 1, spoolBytes: 2, spoolEnvelopes: 0, sources: [] },
      },
      {
        type: 'clock_sample',
        clockSample: {
          tNs: startNs,
          offsetNs: -5n,
          roundTripNs: 7n,
          stepNs: 0n,
          monotonicNs: 1n,
          bootId: new Uint8Array(16),
        },
      },
    )
    const hole = bench.skip()
    await bench.send(gap({ cause: 'refused', detail: '못씀', spool: bench.spool, numbers: [{ from: hole, to: hole }] }))
    await waitFor(
      'the run of the rig',
      10_000,
      async () => stored('SELECT count(*) AS n FROM runs WHERE to_ns IS NOT NULL') === 1,
    )
    await call('/v1/runs', {
      run: '서버',
      rigs: ['자동차-1'],
      from: String(startNs),
      facts: { tags: ['밤'] },
    })
    const enc = encodeURIComponent
    await call(`/v1/runs/${enc('서버')}/stop`, { at: String(startNs + 60n * nsPerMs) })
    await call(`/v1/runs/${enc('주행')}/corrections`, { facts: { operator: '박' } })
    await call(`/v1/runs/${enc('서버')}/markers`, { label: '여기', from: String(startNs + 9n * nsPerMs) })
    await call(`/v1/rigs/${enc('자동차-1')}/history`, { validFrom: '-2h', facts: { site: '서울' } })
    await hasRows('_events', 8)
    // What comes when the lake is past its batch is a file of its own.
    await bench.send(schemaBody(late))
    await hasRows('늦음', 10)
    await bench.again()
    // The journal has what the lake has not.
    await waitFor(
      'a new segment',
      10_000,
      async () => (await call<{ sinks: { behindBytes: number }[] }>('/v1/sinks')).sinks[0]!.behindBytes === 0,
    )
    await bench.send(batch(ecg, 100, 100))
    await waitFor('it is stored', 10_000, async () => {
      const rig = (await station.rigs()).rigs.find((each) => each.rig === 'bench-2')
      return (rig?.envelopes ?? 0) >= bench.sent.length
    })
    await station.ingest.stop()

    const before = dump(catalogFile)
    const reportBefore = await verified()
    expect(problemsOf(reportBefore)).toEqual([])
    for (const table of Object.keys(before)) expect(before[table]!.length, table).toBeGreaterThan(0)
    expect(before.lake_files!.some(({ path }) => String(path).includes('-late'))).toBe(true)

    const rebuilt = await rebuild()
    expect(rebuilt).toMatchObject({ unreadable: [], missing: [], unaccounted: 0, damagedBytes: 0, aside: 0 })
    const after = dump(catalogFile)
    // What came late was not shown live: the books have it.
    const { last_rows: rowsBefore, ...same } = before
    for (const table of Object.keys(same)) expect(after[table], table).toEqual(before[table])
    expect(after.last_rows).toEqual(expect.arrayContaining(rowsBefore!))
    expect(existsSync(rebuilt.keptAs!)).toBe(true)
    expect(problemsOf(await verified())).toEqual([])
    // Once more: the same.
    await rebuild()
    expect(dump(catalogFile)).toEqual(after)
    // Without the old one, what waits for its schema and has left the journal is nowhere: its number counts as not here, and the rig
    // brings it again.
    for (const name of readdirSync(station.data)) {
      if (name.startsWith('catalog.sqlite')) rmSync(join(station.data, name))
    }
    await rebuild()
    const { parked, spools, ...rest } = dump(catalogFile)
    expect(rest).toEqual(Object.fromEntries(Object.entries(after).filter(([table]) => table in rest)))
    expect(spools!.map(({ rig, spool }) => [rig, spool])).toEqual(after.spools!.map(({ rig, spool }) => [rig, spool]))
    expect(parked!.length === 1 || JSON.stringify(spools) !== JSON.stringify(after.spools)).toBe(true)

    await station.startIngest()
    for (const rig of rigs) await rig.again()
    await bench.send(batch(ecg, 200, 100), schemaBody(never))
    await hasRows('ecg', 300)
    await hasRows('never', 10)
    const report = await verified()
    expect(problemsOf(report)).toEqual([])
    expect(report.agree).toBe(true)
    expect(await readLake(station.data, 'bench-2', 'ecg')).toHaveLength(300)
  })

  test('is made anew by ingest itself when it is killed and finds none, while rigs go on sending', {
    timeout: 180_000,
  }, async () => {
    const spool = ulid()
    const rig = await openRig(station.mqtt, '생체-3', spool)
    rigs.push(rig)
    await rig.send(schemaBody(ecg))
    let sending = true
    let number = 0
    const sender = (async () => {
      while (sending) await rig.send(batch(ecg, 10 * number++))
    })()
    for (let i = 0; i < 3; i++) {
      const files = stored("SELECT count(*) AS n FROM lake_files WHERE table_name = 'ecg'")
      await waitFor('files of the lake', 30_000, async () => {
        return stored("SELECT count(*) AS n FROM lake_files WHERE table_name = 'ecg'") > files + 1
      })
      await station.ingest.kill()
      for (const ending of ['', '-wal', '-shm']) rmSync(catalogFile + ending, { force: true })
      await station.startIngest()
      expect(station.ingest.output()).toMatch(/made anew from journal and lake/)
    }
    sending = false
    await sender
    await rig.again()
    await hasRows('ecg', 300 + 10 * number)
    await waitFor(
      'all in the lake',
      30_000,
      async () => (await readLake(station.data, '생체-3', 'ecg')).length >= 10 * number,
    )
    expect(await readLake(station.data, '생체-3', 'ecg')).toHaveLength(10 * number)
    const report = await verified()
    expect(problemsOf(report)).toEqual([])
    const runs = await call<{ runs: { run: string; version: number }[] }>('/v1/runs')
    expect(runs.runs.map(({ run, version }) => [run, version]).sort()).toEqual([
      ['서버', 1],
      ['주행', 2],
    ])
  })

  test('is refused while it is damaged, and ingest says what to do', async () => {
    await station.ingest.stop()
    for (const ending of ['-wal', '-shm']) rmSync(catalogFile + ending, { force: true })
    writeFileSync(catalogFile, 'no catalog\n'.repeat(1000))
    const refused = startProgram(['ingest', '--config', configFile])
    const [code] = await once(refused.child, 'exit')
    expect(code).not.toBe(0)
    expect(refused.output()).toContain(`rigline catalog rebuild --data ${station.data}`)
    expect(refused.output()).not.toMatch(/ at .*\.js/)
    await rebuild()
    await station.startIngest()
    expect((await runCommand(['catalog', 'rebuild', '--config', configFile])).stderr).toMatch(/is in use by/)
    expect(problemsOf(await verified())).toEqual([])
  }, 60_000)
})
