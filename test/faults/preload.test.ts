import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../services/debian.ts'
import { startAgentProgram } from '../services/rigline.ts'
import { openControl } from './control.ts'

// The preload in processes of its own: small scripts that write as Rigline does, and the real agent.

interface Ended {
  code: number | null
  signal: NodeJS.Signals | null
  output: string
}

/** Runs a script with the preload; `line` is called with each line that it prints. */
async function runScript(
  folder: string,
  env: Record<string, string>,
  script: string,
  line?: (text: string) => void,
): Promise<Ended> {
  const file = join(folder, 'script.mjs')
  writeFileSync(file, script)
  const child = spawn(process.execPath, [file, folder], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
    for (const each of text.trim().split('\n')) line?.(each)
  })
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null]
  return { code, signal, output }
}

const appendSegments = `
import { mkdirSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
const folder = join(process.argv[2], 'journal')
mkdirSync(folder, { recursive: true })
const file = await open(join(folder, process.pid + '.segment'), 'wx')
for (let i = 0; i < 10; i++) {
  await file.write(Buffer.from([i]), 0, 1, i)
  await file.datasync()
  console.log('heard of ' + i)
}
`

test.each([
  ['journal.appended', 3, 2],
  ['journal.synced', 3, 2],
  ['journal.synced', 1, 0],
] as const)('%s, reached %i times: the process is gone before it hears of its fsync', async (point, times, heard) => {
  const folder = await temporaryFolder()
  const control = openControl(join(folder, 'control'))
  const killed = control.killAt(point, times, 20_000)
  const { signal, output } = await runScript(folder, control.env, appendSegments)
  await killed
  expect(signal).toBe('SIGKILL')
  expect(output.match(/heard of/g) ?? []).toHaveLength(heard)
  const [segment] = readdirSync(join(folder, 'journal'))
  expect(statSync(join(folder, 'journal', segment!)).size).toBe(times)
  // Once: the next start goes on.
  expect((await runScript(folder, control.env, appendSegments)).code).toBe(0)
})

test('a point that is not reached is said, and does not kill later', async () => {
  const folder = await temporaryFolder()
  const control = openControl(join(folder, 'control'))
  await expect(control.killAt('spool.synced', 1, 100)).rejects.toThrow('spool.synced was not reached 1 times')
  expect((await runScript(folder, control.env, appendSegments)).code).toBe(0)
})

test('a file that has its name in the lake kills its process, and the one that started it', async () => {
  const folder = await temporaryFolder()
  mkdirSync(join(folder, 'lake', 'v1'), { recursive: true })
  const rename = `
    import { rename, writeFile } from 'node:fs/promises'
    await writeFile(process.argv[2] + '/aside', '')
    await rename(process.argv[2] + '/aside', process.argv[2] + '/lake/v1/a.parquet')
    console.log('heard of it')
    `
  const control = openControl(join(folder, 'control'))
  const killed = control.killAt('lake.renamed', 1, 20_000)
  const alone = await runScript(folder, control.env, rename)
  await killed
  expect(alone).toMatchObject({ signal: 'SIGKILL', output: '' })
  expect(readdirSync(join(folder, 'lake', 'v1'))).toEqual(['a.parquet'])

  writeFileSync(join(folder, 'child.mjs'), rename)
  const both = control.killAt('lake.renamed_ingest', 1, 20_000)
  const parent = await runScript(
    folder,
    control.env,
    `
    import { fork } from 'node:child_process'
    fork(process.argv[2] + '/child.mjs', [process.argv[2]], { execArgv: [] }).on('exit', () => console.log('alive'))
    setTimeout(() => {}, 20_000)
    `,
  )
  await both
  expect(parent).toMatchObject({ signal: 'SIGKILL', output: '' })
})

test('the wall clock steps while a program runs, and the monotonic one does not', async () => {
  const folder = await temporaryFolder()
  const control = openControl(join(folder, 'control'))
  control.set({ clockMs: -Date.now() })
  const years: string[] = []
  const { code, output } = await runScript(
    folder,
    control.env,
    `
    import { Worker, isMainThread } from 'node:worker_threads'
    import { strictEqual } from 'node:assert'
    const start = performance.now()
    const say = () => console.log([new Date(), new Date(Date.now()), new Date(Date())].map((date) => date.getUTCFullYear()).join())
    say()
    strictEqual(new Date(0).toISOString(), '1970-01-01T00:00:00.000Z')
    strictEqual(new Date(2026, 1, 3).getMonth(), 1)
    strictEqual(new Date() instanceof Date, true)
    while (new Date().getUTCFullYear() === 1970) await new Promise((resolve) => setTimeout(resolve, 5))
    say()
    if (performance.now() - start > 10_000) throw new Error('the monotonic clock has stepped')
    `,
    (line) => {
      years.push(line)
      if (years.length === 1) control.set({ clockMs: undefined })
    },
  )
  expect(code, output).toBe(0)
  const year = new Date().getUTCFullYear()
  expect(years).toEqual(['1970,1970,1970', [year, year, year].join()])
})

test('beyond the quota a write is short, the next fails with ENOSPC, and room made is room', async () => {
  const folder = await temporaryFolder()
  const control = openControl(join(folder, 'control'))
  const disk = join(folder, '디스크')
  mkdirSync(disk)
  control.set({ quota: { folder: disk, bytesMax: 1000 } })
  const { code, output } = await runScript(
    folder,
    control.env,
    `
    import { deepStrictEqual as equal, rejects, strictEqual, throws } from 'node:assert'
    import { statfsSync, truncateSync, writeFileSync } from 'node:fs'
    import { open, writeFile } from 'node:fs/promises'
    const disk = process.argv[2] + '/디스크'
    writeFileSync(process.argv[2] + '/elsewhere', Buffer.alloc(5000))
    const file = await open(disk + '/a', 'wx')
    const write = async (bytes, at) => (await file.write(Buffer.alloc(bytes), 0, bytes, at)).bytesWritten
    const full = { code: 'ENOSPC' }
    strictEqual(await write(600, 0), 600)
    strictEqual(await write(600, 600), 400)
    await rejects(write(1, 1000), full)
    strictEqual(await write(100, 0), 100)
    throws(() => writeFileSync(disk + '/b', 'x'), full)
    await rejects(writeFile(disk + '/b', 'x'), full)
    strictEqual(statfsSync(disk).bavail, 0)
    truncateSync(disk + '/a', 100)
    strictEqual(await write(2000, 100), 900)
    `,
  )
  expect(code, output).toBe(0)
})

test('a poisoned envelope crashes whoever is about to write it, and nobody else', async () => {
  const folder = await temporaryFolder()
  const control = openControl(join(folder, 'control'))
  const write = (from: number, to: number) => `
    import { writeFileSync } from 'node:fs'
    const at = (offset) => ({ segment: '01JD0000000000000000000000', offset })
    writeFileSync(process.argv[2] + '/writing.json', JSON.stringify({ from: at(${from}), to: at(${to}), envelopes: 2 }))
    console.log('alive')
    `
  const poison = control.poison(0.5)
  expect(poison.position()).toBeUndefined()
  expect((await runScript(folder, control.env, write(100, 300))).signal).toBe('SIGSEGV')
  expect(poison.position()).toEqual({ segment: '01JD0000000000000000000000', offset: 200 })
  expect(JSON.parse(readFileSync(join(folder, 'writing.json'), 'utf8')).envelopes).toBe(2)
  expect((await runScript(folder, control.env, write(100, 200))).output).toBe('alive\n')
  expect((await runScript(folder, control.env, write(200, 201))).signal).toBe('SIGSEGV')
  poison.heal()
  expect((await runScript(folder, control.env, write(100, 300))).output).toBe('alive\n')
})

test('the real agent is killed when its spool has synced, and starts again', async () => {
  const folder = await temporaryFolder()
  const control = openControl(join(folder, 'control'))
  const agent = () =>
    startAgentProgram({
      folder,
      rig: '차량-1',
      mqtt: 'mqtt://127.0.0.1:9',
      sources: [{ type: 'simulated', rig: 'driving-simulator' }],
      env: control.env,
    })
  const killed = control.killAt('spool.synced', 4, 20_000)
  const first = agent()
  const ended = once(first.child, 'exit')
  await killed
  expect(await ended).toEqual([null, 'SIGKILL'])
  const second = agent()
  const { spoolBytes } = await second.counters()
  expect(spoolBytes).toBeGreaterThan(0)
  expect(await second.stop()).toBe(0)
})
