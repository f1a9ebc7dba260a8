import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { connectAsync } from 'mqtt'
import { describe, expect, onTestFinished, test } from 'vitest'
import { stringify } from 'yaml'
import { addIngest } from '../../common/access-edit.ts'
import type { RigsAnswer } from '../../ingest/http/answers.ts'
import { createTakeover } from '../../ingest/takeover.ts'
import { decodeIngestStatus } from '../../protos/messages.ts'
import { ingestStatusTopic } from '../../protos/topics.ts'
import type { IngestStatus } from '../../protos/types.ts'
import { freePort, temporaryFolder } from '../services/debian.ts'
import { type Program, startAgentProgram, startProgram, startStation, waitFor } from '../services/rigline.ts'

// A second ingest of a group takes over: the first exits with code 3, the second one stays, and neither fights.

const group = 'bench'

interface Second {
  program: Program
  rigs(): Promise<RigsAnswer>
}

async function startSecond(folder: string, mqtt: string, name: string, secret?: string): Promise<Second> {
  const port = await freePort()
  const file = join(folder, 'second.yaml')
  const http = { port, anonymous: true }
  const broker = { url: mqtt, ...(secret === undefined ? {} : { secret }) }
  writeFileSync(file, stringify({ name, groups: [group], data: 'second', broker, http }))
  const program = startProgram(['ingest', '--config', file], { level: 'info' })
  onTestFinished(async () => void (await program.stop()))
  return {
    program,
    rigs: async () => (await (await fetch(`http://127.0.0.1:${port}/v1/rigs`)).json()) as RigsAnswer,
  }
}

const exitOf = (program: Program) =>
  new Promise<number | null>((resolve) => {
    if (program.child.exitCode !== null) resolve(program.child.exitCode)
    program.child.once('exit', resolve)
  })

describe.each([
  ['of the same name', 'ingest'],
  ['of another name', 'ingest-2'],
])('a second ingest %s', (_, name) => {
  test('takes over and keeps what it took', async () => {
    const folder = await temporaryFolder()
    const station = await startStation({ folder, group })
    onTestFinished(station.close)
    const agent = startAgentProgram({
      folder,
      rig: 'car-1',
      mqtt: station.mqtt,
      group,
      sources: [{ type: 'simulated', name: 'cabin', rig: 'driving-simulator', seed: 1 }],
    })
    onTestFinished(async () => void (await agent.stop()))
    await waitFor('the first to receive', 20_000, async () => (await station.rigs()).rigs.length === 1)
    const statuses: { name: string; status: IngestStatus }[] = []
    const watcher = await connectAsync(station.mqtt, { username: 'ingest-watcher' })
    onTestFinished(async () => void (await watcher.endAsync(true)))
    watcher.on('message', (topic, payload) => {
      statuses.push({ name: topic.split('/')[3]!, status: decodeIngestStatus(payload) })
    })
    await watcher.subscribeAsync(ingestStatusTopic('+'), { qos: 1 })
    await waitFor('the status of the first', 10_000, async () => statuses.some(({ status }) => status.online))

    const exited = exitOf(station.ingest)
    const second = await startSecond(folder, station.mqtt, name)
    expect(await exited, station.ingest.output()).toBe(3)
    expect(station.ingest.output()).toContain('giving way')
    await waitFor('the second to receive', 20_000, async () => (await second.rigs()).rigs.length === 1)
    await waitFor('everything to be delivered', 20_000, async () => (await agent.counters()).unconfirmed < 20)

    const online = () => statuses.filter((it) => it.name === name).at(-1)!.status
    await waitFor('the status of the second to stand', 10_000, async () => online().online)
    const { instance } = online()
    // What would go on for ever has shown itself by now, and would go on here.
    const settled = statuses.length
    await sleep(2500)
    expect(statuses.length).toBe(settled)
    expect(online()).toMatchObject({ online: true, instance, groups: [group] })
    expect(second.program.child.exitCode).toBeNull()
    expect((await second.rigs()).ingest.online).toBe(true)
    expect(second.program.output().match(/"msg":"connected"/g)).toHaveLength(1)
  }, 90_000)

  test('is found again after the broker was away', async () => {
    const folder = await temporaryFolder()
    const station = await startStation({ folder, group })
    onTestFinished(station.close)
    const exited = exitOf(station.ingest)
    const second = await startSecond(folder, station.mqtt, name)
    expect(await exited, station.ingest.output()).toBe(3)
    await station.broker!.kill()
    await waitFor('the second to miss the broker', 20_000, async () => !(await second.rigs()).ingest.online)
    await station.startBroker()
    await waitFor('the second to be back', 30_000, async () => (await second.rigs()).ingest.online)
    expect(second.program.child.exitCode).toBeNull()
  }, 90_000)
})

test('up gives way as well', async () => {
  const folder = await temporaryFolder()
  const tcpPort = await freePort()
  const httpPort = await freePort()
  const file = join(folder, 'rigline.yaml')
  const access = join(folder, 'access.yaml')
  const secret = await addIngest(access, { name: 'ingest-2', groups: [group] })
  const broker = { access, listeners: { tcp: { host: '127.0.0.1', port: tcpPort } } }
  const http = { port: httpPort, anonymous: true }
  writeFileSync(file, stringify({ broker, ingest: { groups: [group], data: 'first', http } }))
  const up = startProgram(['up', '--config', file])
  onTestFinished(async () => void (await up.stop()))
  const exited = exitOf(up)
  const online = async () => {
    const answer = (await (await fetch(`http://127.0.0.1:${httpPort}/v1/rigs`)).json()) as RigsAnswer
    return answer.ingest.online
  }
  await waitFor('up to be up', 20_000, online).catch((error) => expect.fail(`${error.message}\n${up.output()}`))
  await startSecond(folder, `mqtt://127.0.0.1:${tcpPort}`, 'ingest-2', secret)
  expect(await exited, up.output()).toBe(3)
}, 60_000)

/** Ingests at one broker that hands on in order and retains, each with a clock of its own. */
function createMeeting() {
  const retained = new Map<string, Uint8Array>()
  const connected = new Map<string, { name: string; takeover: ReturnType<typeof createTakeover> }>()
  const gone: string[] = []
  let published = 0
  const send = (name: string, status: Uint8Array) => {
    if (++published > 100) throw new Error('they go on for ever')
    retained.set(name, status)
    for (const { takeover } of [...connected.values()]) takeover.heard(name, decodeIngestStatus(status))
  }
  return {
    gone,
    retained: (name: string) => decodeIngestStatus(retained.get(name)!),
    start(id: string, name: string, nowNs: bigint) {
      const takeover = createTakeover({
        name,
        groups: [group],
        version: '1',
        nowNs,
        publish: (status) => queueMicrotask(() => send(name, status)),
        onTakenOver(by) {
          gone.push(id)
          connected.delete(id)
          if (by !== name) send(name, takeover.status(false))
          takeover.close()
        },
      })
      onTestFinished(takeover.close)
      return {
        connect() {
          connected.set(id, { name, takeover })
          takeover.connected()
          for (const [of, status] of [...retained]) takeover.heard(of, decodeIngestStatus(status))
        },
        /** Without a word: the broker says the will. */
        drop() {
          connected.delete(id)
          takeover.disconnected()
          send(name, takeover.status(false))
        },
      }
    },
  }
}

describe.each([
  ['one name', 'ingest', 'ingest'],
  ['two names', 'ingest-1', 'ingest-2'],
])('with %s', (_, one, other) => {
  test('the one that starts later takes over though its clock is behind', async () => {
    const meeting = createMeeting()
    meeting.start('first', one, 9_000n).connect()
    await sleep(600)
    meeting.start('second', other, 5_000n).connect()
    await sleep(600)
    expect(meeting.gone).toEqual(['first'])
    expect(meeting.retained(other).online).toBe(true)
  })

  test('the first gives way when it comes back to the broker, and leaves the status of the other', async () => {
    const meeting = createMeeting()
    const first = meeting.start('first', one, 9_000n)
    first.connect()
    await sleep(600)
    first.drop()
    meeting.start('second', other, 5_000n).connect()
    await sleep(600)
    first.connect()
    await sleep(100)
    expect(meeting.gone).toEqual(['first'])
    expect(meeting.retained(other).online).toBe(true)
  })

  test('of two that start at once exactly one remains', async () => {
    const meeting = createMeeting()
    meeting.start('first', one, 7_000n).connect()
    meeting.start('second', other, 7_000n).connect()
    await sleep(600)
    expect(meeting.gone).toHaveLength(1)
  })
})
