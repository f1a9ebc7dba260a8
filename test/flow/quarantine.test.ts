import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import mqtt, { type MqttClient } from 'mqtt'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type {
  QuarantineAnswer,
  QuarantineDetail,
  RemovedAnswer,
  ReplayAnswer,
  ReplayManyAnswer,
} from '../../ingest/http/answers-quarantine.ts'
import { openQuarantine } from '../../ingest/quarantine.ts'
import type { VerifyReport } from '../../ingest/verify/report.ts'
import { encodeBundle } from '../../protos/bundle.ts'
import { encodeEnvelope } from '../../protos/envelope.ts'
import { decodeDown } from '../../protos/messages.ts'
import { encodeSchema } from '../../protos/schema.ts'
import { hashSchema } from '../../protos/schema-hash.ts'
import { rigTopic } from '../../protos/topics.ts'
import type { Body } from '../../protos/types.ts'
import { describeWith, makeFolder } from '../services/debian.ts'
import { type Influxd, influxQuery, startInfluxd } from '../services/influxd.ts'
import { runCommand, type Station, startStation, waitFor } from '../services/rigline.ts'
import { readLake } from './stored.ts'

// What could not be read or stored goes the way that it could not go before, once, whatever is killed meanwhile; and verify agrees.

const rig = '서울-1호'
const spool = '01J0000000000000000000000Q'

/** A sender whose batches are as large as it takes to fill what waits for a schema. */
const schemaOf = (stream: string) => encodeSchema({ stream, channels: [{ name: '값', kind: 'f64' }] })
const batchOf = (stream: string, firstNs: bigint, rows: number): Body => ({
  type: 'batch',
  batch: {
    schema: hashSchema(schemaOf(stream)),
    rows,
    era: 0,
    times: BigInt64Array.from({ length: rows }, (_, i) => firstNs + BigInt(i) * 1_000_000n),
    monotonicNs: 0n,
    bootId: new Uint8Array(16),
    notRising: false,
    position: 0,
    origin: '',
    columns: [{ kind: 'f64', values: Float64Array.from({ length: rows }, () => Math.random()) }],
  },
})

const startNs = 1_767_225_600_000_000_000n
/** 11 bytes a row, 8 of them random: 220 KB. */
const bigRows = 20_000

interface Sender {
  client: MqttClient
  send(...bodies: Body[]): Promise<void>
  publish(payload: Uint8Array): Promise<void>
  through(): number
}

async function startSender(mqttUrl: string): Promise<Sender> {
  const client = await mqtt.connectAsync(mqttUrl, { username: rig, clientId: `${rig}-${spool}`, protocolVersion: 4 })
  let seq = 0
  let through = 0
  client.on('message', (_topic, payload) => {
    const down = decodeDown(payload)
    if (down?.type === 'receipt' && down.receipt.spool === spool) through = Math.max(through, down.receipt.through)
  })
  await client.subscribeAsync(rigTopic('bench', rig, 'down'), { qos: 1 })
  const publish = async (payload: Uint8Array) => {
    await client.publishAsync(rigTopic('bench', rig, 'up'), Buffer.from(payload), { qos: 1 })
  }
  return {
    client,
    publish,
    through: () => through,
    async send(...bodies) {
      for (const body of bodies) await publish(encodeBundle([encodeEnvelope({ rig, spool, seq: ++seq, body })]))
      await waitFor(`a receipt through ${seq}`, 20_000, async () => through === seq)
    },
  }
}

const askOf =
  (station: Station) =>
  async <T>(
    path: string,
    init: { method?: string; body?: unknown } = {},
  ): Promise<T & { status: number; detail?: string }> => {
    const response = await fetch(`${station.http}${path}`, {
      method: init.method ?? (init.body === undefined ? 'GET' : 'POST'),
      ...(init.body === undefined
        ? {}
        : { body: JSON.stringify(init.body), headers: { 'content-type': 'application/json' } }),
    })
    return { ...((await response.json()) as T), status: response.status }
  }

async function verified(folder: string, more: string[] = []): Promise<VerifyReport> {
  const { stdout, stderr } = await runCommand(['verify', '--config', join(folder, 'ingest.yaml'), '--json', ...more])
  expect(stderr).toBe('')
  return JSON.parse(stdout) as VerifyReport
}

/** What of a report must be so when nothing is lost. */
const troubles = (report: VerifyReport) => ({
  problems: [...report.problems, ...report.rigs.flatMap(({ streams }) => streams.flatMap(({ problems }) => problems))],
  lost: report.rigs.flatMap(({ spools }) => spools.flatMap(({ lost, holes }) => [...lost, ...holes])),
  twice: report.rigs.flatMap(({ spools }) => spools.map(({ twice }) => twice)).reduce((sum, each) => sum + each, 0),
})
const noTroubles = { problems: [], lost: [], twice: 0 }

describe('the quarantine of a lake', () => {
  let folder: Awaited<ReturnType<typeof makeFolder>>
  let station: Station
  let sender: Sender
  let ask: ReturnType<typeof askOf>

  beforeAll(async () => {
    folder = await makeFolder()
    station = await startStation({
      folder: folder.folder,
      ingest: { journal: { segmentAgeMaxS: 1 }, parkBytesMax: 1024 * 1024 },
    })
    sender = await startSender(station.mqtt)
    ask = askOf(station)
  })
  afterAll(async () => {
    await sender?.client.endAsync()
    await station?.close()
    await folder?.remove()
  })

  const list = (query = '') => ask<QuarantineAnswer>(`/v1/quarantine${query}`)
  const replay = (id: string) => ask<ReplayAnswer>(`/v1/quarantine/${id}/replay`, { method: 'POST' })
  const lakeHas = (stream: string, rows: number) =>
    waitFor(`${rows} rows of ${stream} in the lake`, 30_000, async () => {
      return (await readLake(station.data, rig, stream)).length === rows
    })

  it('shows what came off the wire unreadable, keeps it when it fails again, and gives its bytes back', async () => {
    const rubbish = randomBytes(700)
    await sender.publish(rubbish)
    await waitFor('the entry', 10_000, async () => (await list('?by=receive')).matching === 1)
    const [entry] = (await list(`?rig=${encodeURIComponent(rig)}`)).entries
    expect(entry).toMatchObject({ by: 'receive', reason: 'unreadable', rig, bytes: 700, replayable: true })
    const detail = await ask<QuarantineDetail>(`/v1/quarantine/${entry!.id}`)
    expect(detail.preview).toEqual({ hex: rubbish.subarray(0, 256).toString('hex'), cut: true })
    expect(detail.now.problem).not.toBe('')
    const bytes = await fetch(`${station.http}/v1/quarantine/${entry!.id}/bytes`)
    expect(bytes.headers.get('content-length')).toBe('700')
    expect(Buffer.from(await bytes.arrayBuffer()).equals(rubbish)).toBe(true)

    expect(await replay(entry!.id)).toMatchObject({ status: 200, outcome: 'stays', reason: 'unreadable' })
    expect((await list()).matching).toBe(1)
    const removed = await ask<RemovedAnswer>(`/v1/quarantine/${entry!.id}`, { method: 'DELETE' })
    expect(removed).toMatchObject({ status: 200, gap: false })
    expect(removed.lost).toMatch(/700 bytes that were never read/)
    expect(await replay(entry!.id)).toMatchObject({ status: 404 })
    expect((await list()).counts).toEqual([])
  })

  it('takes in what an earlier release could not read, and knows what was there already', async () => {
    const quarantine = openQuarantine(join(station.data, 'quarantine'))
    const other = '01J0000000000000000000000R'
    const made = (seq: number, whose = rig) =>
      encodeEnvelope({ rig: whose, spool: other, seq, body: { type: 'schema', bytes: schemaOf('옛') } })
    const topic = rigTopic('bench', rig, 'up')
    const put = (content: 'payload' | 'envelope', bytes: Uint8Array) =>
      quarantine.put({ by: 'receive', reason: 'unreadable', detail: '', rig, topic, content, bytes })
    const ids = [
      put('payload', encodeBundle([made(1), made(2)])),
      put('envelope', made(3)),
      put('envelope', made(2)),
      put('payload', encodeBundle([made(4), made(1, 'somebody')])),
    ]
    const answers = []
    for (const id of ids) answers.push(await replay(id))
    expect(answers).toMatchObject([
      { outcome: 'stored' },
      { outcome: 'stored' },
      { outcome: 'duplicate', detail: expect.stringMatching(/in the meantime/) },
      { outcome: 'stays', reason: 'wrong_rig', detail: expect.stringMatching(/1 other envelopes/) },
    ])
    expect(quarantine.ids()).toEqual([ids[3]])
    await ask(`/v1/quarantine/${ids[3]}`, { method: 'DELETE' })
    await station.caughtUp('lake')
    const report = await verified(folder.folder)
    expect(report.agree).toBe(true)
    expect(report.rigs[0]!.spools.find((each) => each.spool === other)!.numbers).toEqual([{ from: 1, to: 4 }])
  })

  it('stores batches whose schema came too late, each once, with ingest killed while they are replayed', async () => {
    // More than may wait for a schema: the rest goes to quarantine.
    for (let i = 0; i < 12; i++) await sender.send(batchOf('늦은', startNs + BigInt(i) * 1_000_000_000_000n, bigRows))
    await waitFor('entries', 30_000, async () => (await list('?by=lake&reason=schema_missing')).matching >= 6)
    const count = (await list('?by=lake')).matching
    const [newest] = (await list('?by=lake&limit=1')).entries
    expect(newest).toMatchObject({ rig, spool, content: 'envelope', replayable: true })
    expect(await replay(newest!.id)).toMatchObject({ outcome: 'stays', reason: 'schema_missing' })
    const shown = await ask<QuarantineDetail>(`/v1/quarantine/${newest!.id}`)
    expect(shown.now.envelopes).toMatchObject([
      { header: { rig, body: 'batch' }, batch: { stream: null, rows: bigRows } },
    ])
    expect((await verified(folder.folder)).agree).toBe(true)

    await sender.send({ type: 'schema', bytes: schemaOf('늦은') })
    await lakeHas('늦은', (12 - count) * bigRows)
    const known = await ask<QuarantineDetail>(`/v1/quarantine/${newest!.id}`)
    expect(known.now.envelopes).toMatchObject([{ batch: { stream: '늦은' }, problem: '' }])

    // Twice at once: one of them is in whose hands it is, or finds it gone.
    const both = await Promise.all([replay(newest!.id), replay(newest!.id)])
    expect(both.map(({ status }) => status).sort()).toEqual([
      200,
      expect.toSatisfy((status) => [404, 409].includes(status)),
    ])
    expect(both.find(({ status }) => status === 200)).toMatchObject({ outcome: 'stored' })

    for (const [i, { id }] of (await list('?by=lake&limit=3')).entries.entries()) {
      const asked = replay(id).catch(() => undefined)
      await sleep(i * 25)
      await station.ingest.kill()
      await asked
      await station.startIngest()
    }
    await waitFor('the sink', 20_000, async () =>
      (await station.sinks()).sinks.every(({ state }) => state === 'running'),
    )
    const left = (await list('?by=lake')).matching
    const all = await ask<ReplayManyAnswer>('/v1/quarantine/replay', { body: { by: 'lake' } })
    expect(all).toMatchObject({ status: 200, matching: left, left: 0, failed: [], stopped: '' })
    expect(all.outcomes.stored + all.outcomes.duplicate).toBe(left)
    expect((await list()).matching).toBe(0)
    await lakeHas('늦은', 12 * bigRows)
    const report = await verified(folder.folder)
    expect(troubles(report)).toEqual(noTroubles)
    expect(report.agree).toBe(true)
  }, 120_000)

  it('says in the data what is removed from quarantine', async () => {
    for (let i = 0; i < 7; i++) await sender.send(batchOf('잃은', startNs + BigInt(i) * 1_000_000_000_000n, bigRows))
    await waitFor('entries', 30_000, async () => (await list('?by=lake')).matching >= 1)
    await station.caughtUp('lake')
    const { entries } = await list('?by=lake')
    const removed = await ask<RemovedAnswer>(`/v1/quarantine/${entries[0]!.id}`, { method: 'DELETE' })
    expect(removed).toMatchObject({ status: 200, gap: true })
    const command = await runCommand([
      'quarantine',
      'remove',
      ...entries.slice(1).map(({ id }) => id),
      '--url',
      station.http,
    ])
    expect(command).toMatchObject({ code: 0, stderr: '' })
    for (const only of [[], ['--rig', rig]]) {
      const report = await verified(folder.folder, only)
      const mine = report.rigs.find((each) => each.rig === rig)
      expect(mine!.gaps.filter(({ cause }) => cause === 'refused')).toHaveLength(entries.length)
      expect(mine!.spools[0]!.declared).not.toEqual([])
      expect(troubles(report)).toEqual(noTroubles)
      expect(report.agree).toBe(true)
    }
  }, 60_000)
})

await describeWith('influxd', 'the quarantine of an InfluxDB', () => {
  let folder: Awaited<ReturnType<typeof makeFolder>>
  let influxd: Influxd
  let station: Station
  let sender: Sender

  beforeAll(async () => {
    folder = await makeFolder()
    // The third rig of a measurement is refused.
    influxd = await startInfluxd({ env: { INFLUXDB_DATA_MAX_VALUES_PER_TAG: '2' } })
    station = await startStation({
      folder: folder.folder,
      ingest: { journal: { segmentAgeMaxS: 1 }, influx: { url: influxd.url, database: 'bench' } },
    })
    sender = await startSender(station.mqtt)
  })
  afterAll(async () => {
    await sender?.client.endAsync()
    await station?.close()
    await influxd?.close()
    await folder?.remove()
  })

  const command = (...args: string[]) => runCommand(['quarantine', ...args, '--url', station.http])

  it('writes refused lines again when what stood in their way is gone', async () => {
    await influxQuery(influxd.url, 'CREATE DATABASE bench')
    const foreign = ['a', 'b'].map((name) => `심박,rig=${name} 값=1 1767225600000000000`).join('\n')
    const written = await fetch(`${influxd.url}/write?db=bench`, { method: 'POST', body: foreign })
    expect(written.status).toBe(204)
    await sender.send({ type: 'schema', bytes: schemaOf('심박') }, batchOf('심박', startNs, 500))
    await waitFor('refused lines', 30_000, async () =>
      (await command('list', '--by', 'influx')).stdout.includes('refused_by_influx'),
    )
    const listed = JSON.parse((await command('list', '--json')).stdout) as QuarantineAnswer
    const [{ id } = { id: '' }] = listed.entries
    await Promise.all([station.caughtUp('lake'), station.caughtUp('influx')])
    expect((await verified(folder.folder)).agree).toBe(true)

    const again = await command('replay', '--reason', 'refused_by_influx')
    expect(again.stdout).toMatch(/failed again, stays[\s\S]*max-values-per-tag/)
    expect(again.code).toBe(1)
    const shown = await command('show', id)
    expect(shown.stdout).toContain(`심박,rig=${rig}`)

    await influxQuery(influxd.url, 'DROP MEASUREMENT "심박"', { database: 'bench' })
    expect(await command('replay', '--all')).toMatchObject({
      code: 0,
      stderr: '',
      stdout: expect.stringMatching(/stored/),
    })
    expect((await command('list')).stdout).toBe('Nothing is in quarantine.\n')
    const report = await verified(folder.folder)
    expect(troubles(report)).toEqual(noTroubles)
    expect(report.agree).toBe(true)
    const influx = report.rigs.flatMap(({ streams }) => streams).find(({ stream }) => stream === '심박')!.influx
    expect(influx).toMatchObject({ rows: 500, notRepresentable: {} })
    expect((await command('show', id)).stderr).toMatch(/there is no entry/)
  }, 60_000)

  it('keeps lines while InfluxDB is down, and wants to be told what to replay', async () => {
    const quarantine = openQuarantine(join(station.data, 'quarantine'))
    const bytes = Buffer.from(`심박,rig=${rig} 값=1 ${startNs}\n`)
    const id = quarantine.put({ by: 'influx', reason: 'refused_by_influx', detail: '', content: 'lines', bytes })
    await influxd.kill()
    const down = await command('replay', id)
    expect(down.code).toBe(1)
    expect(down.stdout).toMatch(/failed again, stays: refused_by_influx: .*connection refused/)
    expect(quarantine.ids()).toEqual([id])
    const wrong = await command('replay')
    expect(wrong.code).toBe(2)
    expect(wrong.stderr).toMatch(/say what to replay/)
  })
})
