// Makes test/fixtures/upgrade/<commit>/: what a commit's agent and ingest leave on their disks when both are killed at work, for
// test/flow/upgrade.test.ts. Usage: node scripts/fixtures.mjs <commit> ...
//
// The commit is checked out aside and built with the packages installed here. Its agent replays drive.csv; the row number is in each row.
// Ingest is killed first, with a part of its journal not in the lake yet; then the agent, with a part of its spool unconfirmed.
import { execFileSync, spawn } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { stringify } from 'yaml'

const rowsPerS = 100
const rows = 3000
const firstMs = Date.UTC(2026, 0, 5, 9)
const words = ['출발', 'turn', 'brake', '']

async function makeFixture(commit) {
  const folder = mkdtempSync(join(tmpdir(), 'rigline-fixture-'))
  const source = join(folder, 'source')
  const home = join(folder, 'home')
  const children = []
  try {
    execFileSync('git', ['worktree', 'add', '--detach', source, commit], { stdio: 'inherit' })
    symlinkSync(resolve('node_modules'), join(source, 'node_modules'))
    execFileSync(process.execPath, ['scripts/build.mjs'], { cwd: source, stdio: 'inherit' })
    const start = (args) => {
      const child = spawn(process.execPath, [join(source, 'dist/cli.js'), ...args], {
        cwd: home,
        stdio: 'inherit',
        env: { ...process.env, RIGLINE_LOG: 'warn' },
      })
      children.push(child)
      return child
    }
    await writeHome(home)
    start(['broker', '--config', 'broker.yaml'])
    await sleep(1500)
    const ingest = start(['ingest', '--config', 'ingest.yaml'])
    await sleep(2500)
    const agent = start(['agent', '--config', 'agent.yaml'])
    await sleep(2000)
    const hasRuns = mark(source, home, ['start', '--run', 'drive-1', '--operator', 'anna'])
    await sleep(7000)
    await kill(ingest)
    await sleep(3000)
    await kill(agent)
    keep(home, commit, { commit, rows, rowsPerS, firstMs, words, hasRuns })
  } finally {
    for (const child of children) await kill(child)
    execFileSync('git', ['worktree', 'remove', '--force', source])
    rmSync(folder, { recursive: true, force: true })
  }
}

async function writeHome(home) {
  const [mqttPort, httpPort] = [await freePort(), await freePort()]
  mkdirSync(home)
  const broker = { url: `mqtt://127.0.0.1:${mqttPort}` }
  const write = (file, value) => writeFileSync(join(home, file), stringify(value))
  write('broker.yaml', { listeners: { tcp: { port: mqttPort, anonymous: true } } })
  write('ingest.yaml', {
    groups: ['bench'],
    broker,
    data: 'ingest',
    journal: { segmentAgeMaxS: 2 },
    http: { port: httpPort, anonymous: true },
  })
  write('agent.yaml', {
    rig: '차-1',
    group: 'bench',
    broker,
    data: 'agent',
    spool: { segmentBytesMax: 65_536 },
    sources: [driveSource],
  })
  writeFileSync(join(home, 'drive.csv'), driveCsv())
}

const driveSource = {
  type: 'replay',
  name: 'drive',
  file: 'drive.csv',
  mapping: {
    time: { column: 't', format: 'unix_ms' },
    streams: [
      {
        name: '주행',
        rateHz: rowsPerS,
        channels: [
          { name: 'n', kind: 'int' },
          { name: 'speed', unit: 'km/h' },
          { name: 'word', kind: 'text' },
        ],
      },
    ],
  },
}

const driveCsv = () =>
  [
    't,n,speed,word',
    ...Array.from({ length: rows }, (_, n) => `${firstMs + n * 10},${n},${Math.sin(n / 50) * 100},${words[n % 4]}`),
  ].join('\n')

/** False where the commit knows no runs. */
function mark(source, home, args) {
  try {
    execFileSync(process.execPath, [join(source, 'dist/cli.js'), 'agent', 'run', ...args, '--config', 'agent.yaml'], {
      cwd: home,
      stdio: 'ignore',
    })
    return true
  } catch {
    return false
  }
}

function keep(home, commit, about) {
  const target = join('test/fixtures/upgrade', commit)
  rmSync(target, { recursive: true, force: true })
  mkdirSync(target, { recursive: true })
  for (const part of ['agent', 'ingest']) {
    cpSync(join(home, part), join(target, part), {
      recursive: true,
      filter: (file) => !/[/]([.]?lock[^/]*|aside)$/.test(file),
    })
  }
  cpSync(join(home, 'drive.csv'), join(target, 'drive.csv'))
  writeFileSync(join(target, 'fixture.json'), `${JSON.stringify(about, null, 2)}\n`)
  const files = readdirSync(target, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  const bytes = files.reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0)
  console.log(`${target}: ${files.length} files, ${bytes} bytes, runs: ${about.hasRuns}`)
}

async function kill(child) {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = new Promise((done) => child.once('exit', done))
  child.kill('SIGKILL')
  await exited
}

async function freePort() {
  const server = createServer()
  await new Promise((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address()
  await new Promise((done) => server.close(done))
  return port
}

const commits = process.argv.slice(2)
if (commits.length === 0) {
  console.error('name at least one commit: node scripts/fixtures.mjs <commit> ...')
  process.exit(2)
}
for (const commit of commits) await makeFixture(commit)
