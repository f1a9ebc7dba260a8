import { beforeAll, expect, it, onTestFinished } from 'vitest'
import type { AlertsAnswer } from '../../ingest/http/answers.ts'
import { makeFolder } from '../services/debian.ts'
import { startAgentProgram, startStation, waitFor } from '../services/rigline.ts'
import { startReceiver } from './webhook-server.ts'

// The whole way with real programs: a rig is killed and started again, ingest is restarted between, and the webhook is told once.

const rig = '운전석-1'
const config = { batch: { ageMaxMs: 100 }, healthEveryS: 1, clockEveryS: 1 }
const sources = [{ type: 'simulated', name: 'cabin', rig: 'driving-simulator', seed: 7 }]

let folder: string
beforeAll(async () => {
  const made = await makeFolder()
  folder = made.folder
  return made.remove
})

it('a rig that is killed is offline, through a restart of ingest, until it is back', async () => {
  const receiver = await startReceiver((_, response) => response.end())
  const alerts = {
    clearAfterS: 1,
    rigs: { offlineAfterS: 4, staleAfterS: 4 },
    gaps: { on: true },
    disk: { on: false },
    webhook: { url: receiver.url, secret: 'sixteen letters!' },
  }
  const station = await startStation({ folder, ingest: { alerts } })
  onTestFinished(() => station.close())
  const ask = async () => (await (await fetch(`${station.http}/v1/alerts`)).json()) as AlertsAnswer
  const raised = async () => (await ask()).raised.map(({ key }) => key)
  const look = async () => (await station.rigs()).rigs.find((each) => each.rig === rig)
  const start = () => startAgentProgram({ folder, rig, mqtt: station.mqtt, sources, config })

  let agent = start()
  onTestFinished(() => agent.kill())
  await waitFor('the rig to be live', 20_000, async () => (await look())?.state === 'live')
  // Two health reports tell how often they come; spool and clock are known too.
  await waitFor('health and clock', 20_000, async () => {
    const seen = await look()
    return seen?.spoolEnvelopes !== null && seen?.clockOffsetMs !== null
  })
  await agent.kill()
  await waitFor('the alert', 20_000, async () => (await raised()).includes(`rig_offline/${rig}`))
  const before = (await look())!

  await station.ingest.stop()
  await station.startIngest()
  // Known at once, though nothing has come: by its last rows, its health, its clock.
  const after = (await look())!
  expect(after).toMatchObject({
    lastRowNs: before.lastRowNs,
    clockOffsetMs: before.clockOffsetMs,
    spoolEnvelopes: before.spoolEnvelopes,
    envelopes: 0,
  })
  expect(after.streams.map(({ stream, timeNs }) => [stream, timeNs])).toEqual(
    before.streams.map(({ stream, timeNs }) => [stream, timeNs]),
  )
  expect(['stale', 'offline']).toContain(after.state)
  expect(await raised()).toContain(`rig_offline/${rig}`)
  await waitFor('the rig to be offline', 40_000, async () => (await look())?.state === 'offline')
  // How long an irregular stream may be silent is learnt from its pauses, which a busy machine makes longer.
  await waitFor('each stream to be stale', 40_000, async () =>
    (await look())!.streams.every(({ standing }) => standing === 'stale'),
  )

  agent = start()
  await waitFor('the rig to be live again', 30_000, async () => (await look())?.state === 'live')
  // That it was away is a Gap.
  await waitFor('what is cleared', 30_000, async () => {
    const keys = await raised()
    return keys.length === 1 && keys[0] === `gap/${rig}/agent_down`
  })
  await waitFor('all to be delivered', 10_000, async () => (await ask()).webhook?.waiting === 0)
  const told = receiver.got.map(({ body }) => JSON.parse(body) as { key: string; state: string; text: string })
  const ofKey = (key: string) => told.filter((each) => each.key === key).map(({ state }) => state)
  expect(ofKey(`rig_offline/${rig}`)).toEqual(['raised', 'cleared'])
  expect(ofKey(`gap/${rig}/agent_down`)).toEqual(['raised'])
  expect(told.find(({ state }) => state === 'cleared')?.text).toBe(`envelopes of rig ${rig} are stored again`)
  const metrics = await (await fetch(`${station.http}/metrics`)).text()
  expect(metrics).toContain('rigline_alerts_raised{rule="gap"} 1\n')
}, 180_000)

it('what came after the last save is known after a crash too', async () => {
  const station = await startStation({ folder, ingest: { data: 'crashed' } })
  onTestFinished(() => station.close())
  const agent = startAgentProgram({ folder, rig: 'crash-1', mqtt: station.mqtt, sources, config })
  onTestFinished(() => agent.kill())
  const look = async () => (await station.rigs()).rigs.find((each) => each.rig === 'crash-1')
  await waitFor('the rig to be live', 20_000, async () => (await look())?.state === 'live')
  await agent.kill()
  let before = (await look())!
  await waitFor('rows to be in', 5000, async () => {
    const last = before
    before = (await look())!
    return last.lastRowNs === before.lastRowNs
  })
  await station.ingest.kill()
  await station.startIngest()
  const after = (await look())!
  expect(after.streams.map(({ stream, timeNs }) => [stream, timeNs])).toEqual(
    before.streams.map(({ stream, timeNs }) => [stream, timeNs]),
  )
  expect(after).toMatchObject({ lastRowNs: before.lastRowNs, lastEnvelopeMs: before.lastEnvelopeMs })
}, 60_000)
