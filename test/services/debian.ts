import { execFile } from 'node:child_process'
import { constants, existsSync } from 'node:fs'
import { access, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { packageRoot } from '../../common/program.ts'

// The real servers that tests start. From the PATH if they are there; else, on Debian, from its packages: installed with
// apt where CI says that the machine is ours to change, otherwise unpacked into a folder of the project, without root.

const run = promisify(execFile)

export type Program = 'influxd' | 'mosquitto' | 'victoria-metrics' | 'chromium'
export type Found = { path: string; env?: Record<string, string> }
export type Missing = { missing: string }

/** The package, the program's path in it, and arguments that make it say its version and end. */
const programs: Record<Program, { package: string; file: string; version: string[] }> = {
  influxd: { package: 'influxdb', file: 'usr/bin/influxd', version: ['version'] },
  mosquitto: { package: 'mosquitto', file: 'usr/sbin/mosquitto', version: ['-h'] },
  'victoria-metrics': { package: 'victoria-metrics', file: 'usr/bin/victoria-metrics', version: ['-version'] },
  // usr/bin/chromium is a script that starts the one installed in /usr/lib.
  chromium: { package: 'chromium', file: 'usr/lib/chromium/chromium', version: ['--version'] },
}

interface Places {
  /** Folders to look in; the PATH and the folders for servers. */
  path?: string
  /** Where packages are unpacked. */
  cache?: string
  ci?: boolean
  /** More arguments for apt-get. */
  apt?: string[]
}

const found = new Map<Program, Promise<Found | Missing>>()

/** Where the program is and what its environment needs, or why there is none and the line to type. Asked once a process. */
export function findProgram(name: Program): Promise<Found | Missing> {
  const known = found.get(name) ?? findProgramIn(name, {})
  found.set(name, known)
  return known
}

/** The same for other places than this machine's usual ones. */
export async function findProgramIn(name: Program, places: Places): Promise<Found | Missing> {
  const path = places.path ?? [process.env.PATH, '/usr/sbin', '/usr/local/sbin'].join(delimiter)
  const own = await onPath(name, path)
  if (own) return { path: own }
  const advice = `; to have it: sudo apt-get install -y ${programs[name].package}`
  if (!existsSync('/usr/bin/apt-get') && !existsSync('/bin/apt-get')) {
    return { missing: `${name} is not on the PATH, and there is no apt-get to fetch it with: install it` }
  }
  if (places.ci ?? (process.env.CI === 'true' || process.env.CI === '1')) {
    const failure = await installWithApt(programs[name].package)
    const installed = failure === undefined ? await onPath(name, path) : undefined
    if (installed) return { path: installed }
  }
  const cache = places.cache ?? join(packageRoot, '.cache', 'debian')
  try {
    return await withLock(cache, () => fetchInto(cache, name, places.apt ?? []))
  } catch (error) {
    return { missing: `${name} is not on the PATH and could not be fetched (${reason(error)})${advice}` }
  }
}

async function onPath(name: string, path: string): Promise<string | undefined> {
  for (const folder of path.split(delimiter).filter(Boolean)) {
    const file = join(folder, name)
    const runs = await access(file, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (runs) return file
  }
  return undefined
}

async function installWithApt(name: string): Promise<string | undefined> {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  try {
    await run('apt-get', ['update', '-qq'], { env, timeout: 300_000 })
    await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', name], { env, timeout: 600_000 })
    return undefined
  } catch (error) {
    return reason(error)
  }
}

/** Unpacks the package and those it needs that are not installed; a failure is remembered for ten minutes. */
async function fetchInto(cache: string, name: Program, apt: string[]): Promise<Found> {
  const { package: wanted, file, version } = programs[name]
  const root = join(cache, name)
  const note = join(cache, `${name}.json`)
  const known = await readNote(note)
  if (known && 'found' in known && existsSync(known.found.path)) return known.found
  if (known && 'failure' in known && Date.now() - known.at < 600_000) throw new Error(known.failure)
  try {
    await rm(root, { recursive: true, force: true })
    const archives = join(root, 'archives')
    await mkdir(archives, { recursive: true })
    const { packages, options } = await resolvePackages(wanted, cache, apt)
    await run('apt-get', ['download', '-qq', ...options, ...packages], { cwd: archives, timeout: 600_000 })
    for (const archive of await readdir(archives)) await run('dpkg', ['-x', join(archives, archive), root])
    await rm(archives, { recursive: true, force: true })
    const libraries = await libraryFolders(root)
    const program: Found = { path: join(root, file) }
    if (libraries.length > 0) program.env = { LD_LIBRARY_PATH: libraries.join(':') }
    await checkRuns(program, version)
    await writeFile(note, JSON.stringify({ found: program }))
    return program
  } catch (error) {
    await writeFile(note, JSON.stringify({ failure: reason(error), at: Date.now() }))
    throw error
  }
}

type Note = { found: Found } | { failure: string; at: number }
const readNote = async (file: string): Promise<Note | undefined> =>
  readFile(file, 'utf8').then(
    (text) => JSON.parse(text) as Note,
    () => undefined,
  )

/**
 * What apt would install, by a simulation that needs no root. Fresh containers have no package lists: then they are
 * fetched into the cache folder, and apt is told to use those.
 */
async function resolvePackages(
  wanted: string,
  cache: string,
  apt: string[],
): Promise<{ packages: string[]; options: string[] }> {
  const lists = join(cache, 'lists')
  const archives = join(cache, 'apt')
  const own = ['-o', `Dir::State::lists=${lists}`, '-o', `Dir::Cache=${archives}`, '-o', 'Debug::NoLocking=1']
  const simulate = async (options: string[]) => {
    const args = ['install', '-s', '-y', '--no-install-recommends', ...apt, ...options, wanted]
    const { stdout } = await run('apt-get', args, { env: { ...process.env, LC_ALL: 'C' }, timeout: 60_000 })
    // "Inst name (version ...)"; with "[version]" before it, an older one is installed and will do.
    const needed = [...stdout.matchAll(/^Inst (\S+) \(/gm)].map((match) => match[1] as string)
    return { packages: [...new Set([wanted, ...needed])], options: [...apt, ...options] }
  }
  try {
    const known = await simulate([])
    // Lists that are days old may name archives that are gone by now.
    await run('apt-get', ['download', '--print-uris', '-qq', ...known.options, ...known.packages])
    return known
  } catch {
    await mkdir(join(lists, 'partial'), { recursive: true })
    await mkdir(join(archives, 'archives', 'partial'), { recursive: true })
    await run('apt-get', ['update', '-qq', ...own], { timeout: 300_000 })
    return simulate(own)
  }
}

/** The folders under `root` that hold shared libraries. */
async function libraryFolders(root: string): Promise<string[]> {
  const folders = new Set<string>()
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    if (/\.so(\.|$)/.test(entry.name)) folders.add(entry.parentPath)
  }
  return [...folders].sort()
}

async function checkRuns(program: Found, version: string[]): Promise<void> {
  await run(program.path, version, { env: { ...process.env, ...program.env }, timeout: 30_000 }).catch((error) => {
    // Mosquitto says its help and ends with 1; what cannot be started at all says nothing, or that a library is missing.
    const text = `${error.stdout ?? ''}${error.stderr ?? ''}`
    if (!/version/i.test(text) || /shared libraries/.test(text)) throw new Error(`it does not start: ${reason(error)}`)
  })
}

function reason(error: unknown): string {
  const { stderr, message } = error as Error & { stderr?: string }
  const lines = `${stderr || message}`.trim().split('\n')
  return (lines.find((line) => line.startsWith('E: ')) ?? lines.at(-1) ?? '').slice(0, 300)
}

/** Runs `action` while no other process of the project does: a folder is the lock, with its owner's pid inside. */
async function withLock<T>(cache: string, action: () => Promise<T>): Promise<T> {
  await mkdir(cache, { recursive: true })
  const lock = join(cache, 'lock')
  for (;;) {
    try {
      await mkdir(lock)
      break
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      if (await isAbandoned(lock)) await rm(lock, { recursive: true, force: true })
      await sleep(200)
    }
  }
  try {
    await writeFile(join(lock, 'pid'), String(process.pid))
    return await action()
  } finally {
    await rm(lock, { recursive: true, force: true })
  }
}

async function isAbandoned(lock: string): Promise<boolean> {
  let pid = 0
  // A lock without a pid is being taken right now, unless it stays so.
  for (let i = 0; pid === 0 && i < 10; i++) {
    pid = Number(await readFile(join(lock, 'pid'), 'utf8').catch(() => '0'))
    if (pid === 0) await sleep(100)
    if (!existsSync(lock)) return false
  }
  try {
    if (pid > 0) process.kill(pid, 0)
    return pid === 0
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
}

/**
 * `describe` with a real program; where it is missing, skipped, with the reason and the line to type in its name. To be
 * awaited at the top of a test file.
 */
export async function describeWith(name: Program, title: string, define: (program: Found) => void): Promise<void> {
  const program = await findProgram(name)
  // Loaded here, because the benches use the servers without a test runner.
  const { describe } = await import('vitest')
  if ('missing' in program) describe.skip(`${title} [skipped: ${program.missing}]`, () => define({ path: name }))
  else describe(title, () => define(program))
}

/**
 * A TCP port of 127.0.0.1 that nobody listens on, for servers that cannot take port 0. Not one that the kernel would give
 * (32768 and above on Linux, 49152 elsewhere): it gives them to every outgoing connection, and so to another one before the
 * server has it, or while the server is being started anew. Each process takes its own twenty, by its process id, in turn.
 */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < PORTS; tries++) {
    const port = FIRST_PORT + ((process.pid * PORTS_A_PROCESS + portsGiven++) % PORTS)
    if (await canListen(port)) return port
  }
  throw new Error(`no port from ${FIRST_PORT} to ${FIRST_PORT + PORTS - 1} is free`)
}

const FIRST_PORT = 10_000
const PORTS = 22_000
const PORTS_A_PROCESS = 20
let portsGiven = 0

const canListen = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })

/** A new folder, removed when the test ends; outside a test, when `remove` is called. */
export async function temporaryFolder(): Promise<string> {
  const { folder, remove } = await makeFolder()
  const { onTestFinished } = await import('vitest')
  onTestFinished(remove)
  return folder
}

/** For hooks and suites: the caller removes it. */
export async function makeFolder(): Promise<{ folder: string; remove(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'rigline-test-'))
  return { folder, remove: () => rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }) }
}
