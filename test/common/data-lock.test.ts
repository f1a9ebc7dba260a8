import { type ChildProcess, fork, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { lockFolder } from '../../common/data-lock.ts'
import { packageRoot } from '../../common/program.ts'

let programs: string
let program: string
let folder: string
let children: ChildProcess[] = []

const holder = `
import { lockFolder } from './common/data-lock.ts'
process.on('message', async (folder) => {
  try {
    await lockFolder(folder)
    process.send({ locked: true })
  } catch (error) {
    process.send({ locked: false, message: error.message })
  }
})
process.send('ready')
`

beforeAll(async () => {
  programs = mkdtempSync(join(tmpdir(), 'rigline-lock-'))
  program = join(programs, 'holder.mjs')
  await build({
    stdin: { contents: holder, resolveDir: packageRoot, loader: 'ts' },
    outfile: program,
    bundle: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'silent',
  })
})
afterAll(() => rmSync(programs, { recursive: true, force: true }))
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rigline-lock-'))
})
afterEach(async () => {
  await Promise.all(children.map(kill))
  children = []
  rmSync(folder, { recursive: true, force: true })
})

async function kill(child: ChildProcess) {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
}

async function startChild(): Promise<ChildProcess> {
  const child = fork(program, { execArgv: [] })
  children.push(child)
  await once(child, 'message')
  return child
}

async function lockIn(child: ChildProcess): Promise<{ locked: boolean; message?: string }> {
  const answered = once(child, 'message')
  child.send(folder)
  const [answer] = await answered
  return answer as { locked: boolean; message?: string }
}

const lockFile = () => JSON.parse(readFileSync(join(folder, 'lock'), 'utf8'))

it('is given to one process at a time, naming the other, and again when given back', async () => {
  const unlock = await lockFolder(folder)
  await expect(lockFolder(folder)).rejects.toThrow(`process ${process.pid}`)
  const child = await startChild()
  const { locked, message } = await lockIn(child)
  expect(locked).toBe(false)
  expect(message).toContain(folder)
  expect(message).toContain(`process ${process.pid}`)
  unlock()
  unlock()
  expect(await lockIn(child)).toEqual({ locked: true })
  // Not ours any more: nothing is taken from the new holder.
  unlock()
  await expect(lockFolder(folder)).rejects.toThrow(`process ${child.pid}`)
})

it('is taken over from a killed process by exactly one of many', async () => {
  const first = await startChild()
  expect(await lockIn(first)).toEqual({ locked: true })
  const rivals = await Promise.all(Array.from({ length: 5 }, startChild))
  for (let round = 0; round < 3; round++) {
    await Promise.all(children.filter((child) => child.pid === lockFile().pid).map(kill))
    const alive = rivals.filter(({ signalCode }) => signalCode === null)
    const answers = await Promise.all(alive.map(lockIn))
    expect(answers.filter(({ locked }) => locked)).toHaveLength(1)
    expect(lockFile().pid).toBe(alive[answers.findIndex(({ locked }) => locked)]!.pid)
  }
  expect(readdirSync(folder)).toEqual(['lock'])
})

it('is not held by a later process that has the number of a dead one, by an earlier boot, or by a torn file', async () => {
  for (const change of [{ started: '1' }, { boot: 'before' }]) {
    const unlock = await lockFolder(folder)
    const held = lockFile()
    unlock()
    writeFileSync(join(folder, 'lock'), JSON.stringify({ ...held, ...change, token: '0OLD' }))
    const again = await lockFolder(folder)
    expect(lockFile().token).not.toBe('0OLD')
    again()
  }
  writeFileSync(join(folder, 'lock'), '{"pid": 12')
  const unlock = await lockFolder(folder)
  unlock()
  expect(existsSync(join(folder, 'lock'))).toBe(false)
})

it('goes on where a process died while it took over', async () => {
  const dead = spawnSync(process.execPath, ['-e', '']).pid
  const unlock = await lockFolder(folder)
  const held = lockFile()
  unlock()
  const leave = (file: string, token: string) =>
    writeFileSync(join(folder, file), JSON.stringify({ ...held, pid: dead, started: '1', token }))
  leave('lock', '0A')
  leave('lock.after-0A', '0B')
  leave('lock.after-0B', '0C')
  leave('lock.claim-0C', '0C')
  const again = await lockFolder(folder)
  expect(readdirSync(folder)).toEqual(['lock'])
  expect(lockFile().pid).toBe(process.pid)
  again()
})

it('watches a holder in another container, and takes over when it is silent', async () => {
  const unlock = await lockFolder(folder)
  const held = lockFile()
  unlock()
  const path = join(folder, 'lock')
  writeFileSync(path, JSON.stringify({ ...held, host: 'another', token: '0FAR' }))
  const heart = setInterval(() => utimesSync(path, new Date(), new Date()), 100)
  await expect(lockFolder(folder)).rejects.toThrow('on another')
  clearInterval(heart)
  const again = await lockFolder(folder)
  expect(lockFile().host).toBe(held.host)
  again()
}, 30_000)
