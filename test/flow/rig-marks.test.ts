import { execFile } from 'node:child_process'
import { mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { packageRoot } from '../../common/program.ts'
import { isUlid } from '../../common/ulid.ts'
import { openCatalog } from '../../ingest/catalog/catalog.ts'
import { openLakeReader } from '../../ingest/sinks/lake/read-lake.ts'
import { freePort, temporaryFolder } from '../services/debian.ts'
import { runCommand, startAgentProgram, startProgram, startStation, waitFor } from '../services/rigline.ts'

// Runs and markers entered on a rig that has no network, some while its agent is dead: they meet the data later, once each.

const rig = '차량-7'
const agentFile = join(packageRoot, 'dist', 'rigline-agent.mjs')

/** The one file's command line. */
async function onRig(home: string, ...args: string[]) {
  const all = [agentFile, 'agent', 'run', ...args, '--config', join(home, 'agent.yaml')]
  return await promisify(execFile)(process.execPath, all).then(
    ({ stdout, stderr }) => ({ code: 0, stdout: stdout.trim(), stderr: stderr.trim() }),
    ({ code, stdout, stderr }) => ({ code: code as number, stdout: stdout.trim(), stderr: stderr.trim() }),
  )
}

interface StoredEvent {
  id: string
  type: string
  author: string
  text: string
  facts: Record<string, string>
}

/** The events of runs of the rig, as the lake has them. */
async function readEvents(dataFolder: string): Promise<StoredEvent[]> {
  const catalog = openCatalog(join(dataFolder, 'catalog.sqlite'))
  const lake = await openLakeReader(join(dataFolder, 'lake'), catalog)
  const found: StoredEvent[] = []
  try {
    const table = lake.table('_events')
    if (table === undefined) return []
    const wanted = `rig = '${rig}' AND (type LIKE 'run.%' OR type = 'marker')`
    for await (const rows of lake.query(`SELECT * FROM ${table} WHERE ${wanted} ORDER BY spool, seq`)) {
      for (const row of rows) {
        const { id, type, author, text, facts } = row as Record<string, string>
        found.push({ id: id!, type: type!, author: author!, text: text!, facts: JSON.parse(facts!) })
      }
    }
  } finally {
    lake.close()
    catalog.close()
  }
  return found
}

function drop(folder: string, name: string, content: unknown): void {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, `${name}.part`), JSON.stringify(content))
  renameSync(join(folder, `${name}.part`), join(folder, name))
}

const jsonIn = (folder: string) => readdirSync(folder).filter((name) => /\.(json|taken)$/.test(name))

describe('marks on a rig without a network', () => {
  test('reach the lake once each, though the agent is killed again and again', async () => {
    const folder = await temporaryFolder()
    const home = join(folder, rig)
    const control = join(home, '제어')
    const mqttPort = await freePort()
    const mqtt = `mqtt://127.0.0.1:${mqttPort}`
    const start = () =>
      startAgentProgram({ folder, rig, mqtt, sources: [{ type: 'system' }], config: { marks: { folder: '제어' } } })
    let agent = start()
    await waitFor('the agent to answer', 20_000, async () => (await agent.counters()).rows >= 0)

    const started = await onRig(home, 'start', '--operator', '김', '--calibration', 'c1', 'c2', '--tag', '비')
    expect(started).toMatchObject({ code: 0, stderr: 'spooled' })
    const run = started.stdout
    expect(run).toMatch(/^차량-7-\d{8}T\d{6}Z-[0-9a-z]{4}$/)
    const marked = await onRig(home, 'mark', '장애물', '--text', '왼쪽에서', '--author', '이')
    expect(marked).toMatchObject({ code: 0, stderr: 'spooled' })
    expect(isUlid(marked.stdout)).toBe(true)
    drop(control, '표시 1.json', { do: 'mark', label: 'from the control program' })
    await waitFor('the file to be taken', 10_000, async () => jsonIn(control).length === 0)
    await agent.kill()

    // Nobody is there.
    expect((await onRig(home, 'mark', 'back', '--from', '-10s', '--to', 'now')).code).toBe(0)
    const waiting = await onRig(home, 'mark', 'offline', '--marker', marked.stdout)
    expect(waiting).toMatchObject({ code: 0, stdout: marked.stdout })
    expect(waiting.stderr).toContain('will be taken when the agent runs')
    expect((await onRig(home, 'list')).stdout).toMatch(/waiting .*offline/)
    // Killed while it takes many.
    const many = Array.from({ length: 300 }, (_, i) => `many-${i}`)
    for (let kill = 0; kill < 3; kill++) {
      for (const label of many.slice(kill * 100, kill * 100 + 100))
        drop(control, `${label}.json`, { do: 'mark', label })
      agent = start()
      await waitFor('some to be taken', 20_000, async () => jsonIn(control).length < 100)
      await agent.kill()
    }
    agent = start()
    await waitFor('all to be taken', 20_000, async () => jsonIn(control).length === 0)

    const broker = join(folder, 'broker.yaml')
    writeFileSync(broker, stringify({ listeners: { tcp: { port: mqttPort, anonymous: true } } }))
    const brokerProgram = startProgram(['broker', '--config', broker])
    const station = await startStation({ folder, mqttPort, ingest: { journal: { segmentAgeMaxS: 1 } } })
    try {
      // The other command line, with everything there.
      const stopped = await runCommand(['agent', 'run', 'stop', '--config', join(home, 'agent.yaml')])
      expect(stopped).toMatchObject({ code: 0, stdout: '' })
      expect(stopped.stderr).toContain('spooled')
      await waitFor('the stop to be in the lake', 60_000, async () =>
        (await readEvents(station.data)).some(({ type }) => type === 'run.stopped'),
      )
      await waitFor('everything to be delivered', 60_000, async () => (await agent.counters()).unconfirmed === 0)
      await station.caughtUp('lake')
      const events = await readEvents(station.data)
      // Between fsync and deletion a kill makes a second envelope of the same event: told by its id.
      const byId = new Map(events.map((event) => [event.id, event]))
      for (const event of events) expect(event).toEqual(byId.get(event.id))
      const once = [...byId.values()]
      expect(once.length).toBe(6 + many.length)
      const back = once.find((event) => event.facts.label === 'back')!.facts
      expect(BigInt(back.to_ns!) - BigInt(back.from_ns!)).toBe(10_000_000_000n)
      expect(once.filter(({ type }) => type === 'run.started')).toMatchObject([{ facts: { run, rigs: `["${rig}"]` } }])
      const { facts } = once.find(({ type }) => type === 'run.started')!
      expect(JSON.parse(facts.facts!)).toEqual({ operator: '김', calibrations: ['c1', 'c2'], tags: ['비'] })
      const labels = once.filter(({ type }) => type === 'marker').map((event) => event.facts.label!)
      expect(labels.sort()).toEqual(['back', 'from the control program', 'offline', '장애물', ...many].sort())
      const versions = once.filter((event) => event.facts.marker === marked.stdout)
      expect(versions.map((event) => event.facts.label).sort()).toEqual(['offline', '장애물'])
      expect(versions[1]!.facts.from_ns).toBe(versions[0]!.facts.from_ns)
      expect(versions.find((event) => event.facts.label === '장애물')).toMatchObject({ author: '이', text: '왼쪽에서' })
      // What no kill hit in the middle is there once, not twice.
      for (const id of [...versions.map((event) => event.id), once.find(({ type }) => type === 'run.stopped')!.id]) {
        expect(events.filter((event) => event.id === id).length, id).toBe(1)
      }
      expect((await onRig(home, 'list')).stdout.split('\n').at(-1)).toMatch(/^spooled .* stop /)
    } finally {
      await agent.stop()
      await station.close()
      await brokerProgram.stop()
    }
  }, 120_000)

  test('a mistake is told at once, with exit code 2, and nothing is written', async () => {
    const folder = await temporaryFolder()
    writeFileSync(
      join(folder, 'agent.yaml'),
      stringify({ rig, group: 'g', broker: { url: 'mqtt://127.0.0.1:1' }, sources: [{ type: 'system' }] }),
    )
    const mistakes: [string[], string][] = [
      [['mark'], 'label: needed'],
      [['mark', 'x', '--to', '2026-05-01T12:00:00Z'], 'from: needed'],
      [['mark', 'x', '--time', 'yesterday'], 'time: expected a time such as'],
      [['start', '--run', 'a/b'], 'run: a name of letters'],
      [['start', '--operator', ''], 'operator:'],
      [['correct', '--operator', 'x'], '--run'],
      [['correct', '--run', 'x', '--clear', 'colour'], 'Allowed choices'],
      [['stop', 'x'], 'too many arguments'],
      [['strat'], 'too many arguments'],
    ]
    for (const [args, problem] of mistakes) {
      const { code, stderr } = await onRig(folder, ...args)
      expect(stderr, args.join(' ')).toContain(problem)
      expect(code, args.join(' ')).toBe(2)
    }
    expect(await onRig(folder, 'list')).toMatchObject({ code: 0, stdout: 'nothing was entered on this rig' })
    expect(readdirSync(folder)).toEqual(['agent.yaml'])
    const help = await onRig(folder, 'mark', '--help')
    for (const word of ['--from', '--withdrawn', '--config', 'ISO 8601']) expect(help.stdout).toContain(word)
  })
})
