import { monitorEventLoopDelay } from 'node:perf_hooks'
import { expect, it, onTestFinished } from 'vitest'
import { httpConfig } from '../../ingest/http/config.ts'
import { startHttp } from '../../ingest/http/http.ts'
import type { Schema } from '../../protos/types.ts'
import { buildPrograms, openGround, thinnedOf } from './history-setup.ts'
import { f64, makeBatch } from './lake-setup.ts'
import { createFeed, createState } from './live-feed.ts'

// What large answers cost the process that gives receipts, asked over HTTP as people do.

buildPrograms()

const rig = 'r'
const channels = Array.from({ length: 40 }, (_, i) => ({ name: `x${i}`, kind: 'f64' as const }))
const schema: Schema = { stream: 's', channels }
const rowsPerBatch = 700

async function openServer(batches: number) {
  const ground = await openGround()
  await ground.know(schema, rig)
  for (let batch = 0; batch < batches; batch++) {
    const times = Array.from({ length: rowsPerBatch }, (_, i) => BigInt(batch * rowsPerBatch + i) * 1000n)
    const columns = channels.map(() => f64(...times.map((_, i) => (i % 7 === 0 ? -0 : Math.random()))))
    await ground.append(makeBatch(schema, times, columns), rig)
  }
  await ground.toLake()
  const state = createState()
  state.rigs = () => [{ rig } as never]
  state.missingNumbers = () => []
  const http = await startHttp(httpConfig.parse({ port: 0, anonymous: true }), {
    state,
    live: createFeed().live,
    history: ground.history,
  })
  onTestFinished(() => http.close())
  const span = `rig=${rig}&from=0&to=${batches * rowsPerBatch * 1000}`
  const url = `http://127.0.0.1:${http.port}`
  return { ...ground, url, span, rows: batches * rowsPerBatch }
}

it('gives two million points without keeping receipts waiting', async () => {
  const { url, span, history, rows } = await openServer(80)
  const delay = monitorEventLoopDelay({ resolution: 5 })
  delay.enable()
  const response = await fetch(`${url}/v1/readings?${span}&stream=s&points=50000`)
  const parts: Uint8Array[] = []
  for await (const part of response.body!) parts.push(part)
  delay.disable()
  expect(delay.max / 1e6).toBeLessThan(300)
  const answer = JSON.parse(Buffer.concat(parts).toString('utf8'))
  const query = { parts: [{ rig, fromNs: 0n, toNs: BigInt(rows) * 1000n }], stream: 's', points: 50_000, missing: [] }
  const { series, method, pixels, ...gaps } = await thinnedOf(history, query)
  expect(answer).toMatchObject({ stream: 's', fromNs: '0', toNs: String(rows * 1000), gaps: [], holes: [], cut: false })
  expect(answer.thinned).toEqual({ method, pixels, rows: gaps.rows })
  expect(answer.series).toHaveLength(40)
  for (const [i, { timesNs, values, ...facts }] of series.entries()) {
    const { timesNs: times, values: numbers, ...told } = answer.series[i]
    expect(told).toEqual(facts)
    expect(times.join()).toBe(timesNs.join())
    expect(
      Buffer.from(Float64Array.from(numbers).buffer).equals(
        Buffer.from(values.buffer, values.byteOffset, values.byteLength),
      ),
    ).toBe(true)
  }
  const tooMany = await fetch(`${url}/v1/readings?${span}&stream=s&points=50001`)
  expect(tooMany.status).toBe(400)
})

it('lets go of an answer whose head alone was asked for', async () => {
  const { url, span, history } = await openServer(40)
  const response = await fetch(`${url}/v1/readings?${span}&stream=s&format=csv`, { method: 'HEAD' })
  expect(response.status).toBe(200)
  expect(Number(response.headers.get('rigline-rows-most'))).toBe(28_000)
  await expect.poll(() => history.status().counters, { timeout: 5000 }).toMatchObject({ questions: 1, open: 0 })
})

it('answers others while as many downloads as it takes stand still, and refuses one more', async () => {
  const { url, span, history } = await openServer(60)
  const path = `/v1/readings?${span}&stream=s&format=csv`
  const gone = new AbortController()
  // Two are computed at a time; one that is not read gives its place up after a second.
  const open: Response[] = []
  while (open.length < 32) open.push(await fetch(`${url}${path}`, { signal: gone.signal }))
  expect(new Set(open.map(({ status }) => status))).toEqual(new Set([200]))
  const refused = await fetch(`${url}${path}`)
  expect(refused.status).toBe(503)
  expect(await refused.text()).toContain('try again in some seconds')
  expect((await fetch(`${url}/v1/gaps?${span}`)).status).toBe(200)
  gone.abort()
  await expect.poll(() => history.status().counters.open, { timeout: 5000 }).toBe(0)
}, 60_000)
