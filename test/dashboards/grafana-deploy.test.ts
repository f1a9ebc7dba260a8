import { execFile, spawn } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { delimiter, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, onTestFinished, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { builtProgram, packageRoot } from '../../common/program.ts'
import { ingestConfig } from '../../ingest/config.ts'
import { envelopeBytesMax } from '../../protos/types.ts'
import { describeWith, freePort, temporaryFolder } from '../services/debian.ts'
import { startProgram, waitFor } from '../services/rigline.ts'
import { grafanaFolder } from './grafana-queries.ts'

// deploy/ without Docker: what its files name exists, its accounts are made by its own script, and Mosquitto and ingest run
// with its configurations.

const run = promisify(execFile)
const folder = join(packageRoot, 'deploy')
const read = (file: string) => readFileSync(join(folder, file), 'utf8')

interface Service {
  image: string
  environment?: Record<string, string>
  volumes?: string[]
  ports?: string[]
  depends_on?: string[] | Record<string, unknown>
  restart?: string
}
interface Compose {
  services: Record<string, Service>
  volumes: Record<string, unknown>
}
const composeFiles = ['compose.yaml', 'compose.influxdb2.yaml']
const compose = (file: string): Compose => parse(read(file), { merge: true })

describe.each(composeFiles)('%s', (file) => {
  const { services, volumes } = compose(file)
  const named = new Set(composeFiles.flatMap((name) => Object.keys(compose(name).volumes)))

  test('pins its images and restarts what ends', () => {
    for (const [name, { image, restart }] of Object.entries(services)) {
      if (image !== undefined && image !== 'rigline:local') expect(image, name).toMatch(/:\d+\.\d+\.\d+$/)
      if (file === 'compose.yaml') expect(restart, name).toBe(name === 'setup' ? 'no' : 'unless-stopped')
    }
  })

  test('mounts what is there, and volumes that it names', () => {
    for (const volume of Object.values(services).flatMap(({ volumes = [] }) => volumes)) {
      const [from = ''] = volume.split(':')
      if (from.startsWith('.')) expect(existsSync(resolve(folder, from)), volume).toBe(true)
      else expect([...named], volume).toContain(from)
    }
    expect(Object.keys(volumes).length).toBeGreaterThan(0)
  })

  test('has its secrets from the environment, and says so in .env.example', () => {
    const asked = [...read(file).matchAll(/\$\{(\w+)/g)].map(([, name]) => name!)
    const offered = [...read('.env.example').matchAll(/^(\w+)=/gm)].map(([, name]) => name!)
    expect(offered).toEqual(expect.arrayContaining(asked))
    for (const [name, value] of Object.values(services).flatMap(({ environment = {} }) =>
      Object.entries(environment),
    )) {
      if (/PASSWORD|TOKEN/.test(name)) expect(value, name).toMatch(/^"?\$\{\w+:\?/)
    }
    expect(read('.env.example')).toMatch(/^GRAFANA_PASSWORD=$/m)
  })

  test('gives Grafana all that its data source asks for', () => {
    const language = file === 'compose.yaml' ? 'influxql' : 'flux'
    const grafana = { ...compose('compose.yaml').services.grafana!.environment, ...services.grafana!.environment }
    const source = readFileSync(join(grafanaFolder, language, 'datasources/rigline.yaml'), 'utf8')
    const body = source.replaceAll(/^#.*$/gm, '')
    for (const [, name] of body.matchAll(/\$(\w+)/g)) expect(Object.keys(grafana)).toContain(name)
    expect(services.grafana!.volumes![0]).toBe(`../dashboards/grafana/${language}:/etc/grafana/provisioning:ro`)
    expect(existsSync(join(grafanaFolder, language, 'boards/fleet.json'))).toBe(true)
  })
})

test('nobody is let in without an account', () => {
  const { services } = compose('compose.yaml')
  expect(services.influxdb!.environment).toMatchObject({ INFLUXDB_HTTP_AUTH_ENABLED: 'true' })
  expect(services.grafana!.environment).toMatchObject({ GF_AUTH_ANONYMOUS_ENABLED: 'false' })
  expect(read('mosquitto.conf')).toMatch(/^allow_anonymous false$/m)
  expect(read('mosquitto.conf')).toMatch(new RegExp(`^max_packet_size ${envelopeBytesMax + 1024}$`, 'm'))
  expect(read('ingest.yaml')).not.toContain('anonymous')
  expect(read('Dockerfile')).toMatch(/^USER rigline$/m)
})

test('the Dockerfile names scripts and files that there are', () => {
  const { scripts } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8'))
  for (const [, name] of read('Dockerfile').matchAll(/npm run (\w+)/g)) expect(Object.keys(scripts)).toContain(name)
  for (const [, path] of read('Dockerfile').matchAll(/^COPY --chmod=755 (\S+)/gm)) {
    expect(statSync(join(packageRoot, path!)).mode & 0o111, path).not.toBe(0)
  }
  for (const [, path] of read('Dockerfile.dockerignore').matchAll(/^!([\w./-]+)$/gm)) {
    expect(existsSync(join(packageRoot, path!)), path).toBe(true)
  }
})

/** A folder as the volume `accounts`, made by setup.sh with the built program. */
async function setUp() {
  const home = await temporaryFolder()
  const accounts = join(home, 'accounts')
  const bin = join(home, 'bin')
  for (const path of [accounts, bin]) await mkdir(path)
  await writeFile(join(bin, 'rigline'), `#!/bin/sh\nexec "${process.execPath}" "${builtProgram('cli')}" "$@"\n`)
  await chmod(join(bin, 'rigline'), 0o755)
  const env = { ...process.env, PATH: [bin, process.env.PATH].join(delimiter) }
  const setup = () => run('sh', [join(folder, 'setup.sh'), accounts], { env })
  const secret = () => readFileSync(join(accounts, 'ingest.secret'), 'utf8').trim()
  return { home, accounts, setup, secret }
}

test('setup.sh draws the account once, for its owner alone, and anew if it was cut off', async () => {
  const { accounts, setup, secret } = await setUp()
  await setup()
  const first = secret()
  expect(first).toMatch(/^[\w-]{20,}$/)
  expect(statSync(join(accounts, 'ingest.secret')).mode & 0o077).toBe(0)
  const passwords = () => readFileSync(join(accounts, 'mosquitto/passwords'), 'utf8')
  expect(passwords()).toMatch(/^ingest-1:\$7\$/)
  await setup()
  expect(secret()).toBe(first)
  await writeFile(join(accounts, 'ingest.secret'), '')
  await setup()
  expect(secret()).not.toBe(first)
  expect(passwords().match(/^ingest-1:/gm)).toHaveLength(1)
})

await describeWith('mosquitto', 'with a real Mosquitto', (mosquitto) => {
  test('Mosquitto takes its configuration, and ingest connects with the account of setup.sh', async () => {
    const { home, accounts, setup } = await setUp()
    await setup()
    const [mqttPort, httpPort] = [await freePort(), await freePort()]

    const conf = read('mosquitto.conf')
      .replace('listener 1883', `listener ${mqttPort} 127.0.0.1`)
      .replaceAll('/accounts', accounts)
      .replace('log_dest stdout', 'log_dest stderr')
    // Started as root it would become another user, who cannot read the test's files.
    await writeFile(join(home, 'mosquitto.conf'), `user ${userInfo().username}\n${conf}`)
    const broker = spawn(mosquitto.path, ['-c', join(home, 'mosquitto.conf')], {
      env: { ...process.env, ...mosquitto.env },
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let said = ''
    broker.stderr.on('data', (chunk) => {
      said += chunk
    })
    onTestFinished(async () => {
      broker.kill('SIGTERM')
    })
    await waitFor('Mosquitto to run', 10_000, async () => /running/.test(said))
    expect(said).not.toMatch(/error|unknown/i)

    const yaml = parse(read('ingest.yaml'))
    const adapted = {
      ...yaml,
      broker: { url: `mqtt://127.0.0.1:${mqttPort}`, secretFile: join(accounts, 'ingest.secret') },
      data: join(home, 'data'),
      access: join(accounts, 'access.yaml'),
      http: { host: '127.0.0.1', port: httpPort },
      influx: { ...yaml.influx, username: 'rigline', password: 'x' },
    }
    expect(Object.keys(adapted)).toEqual(Object.keys(yaml))
    expect(ingestConfig.parse(adapted)).toMatchObject({ groups: ['main'] })
    await writeFile(join(home, 'ingest.yaml'), stringify(adapted))
    const ingest = startProgram(['ingest', '--config', join(home, 'ingest.yaml')], { level: 'info' })
    onTestFinished(async () => void (await ingest.stop()))
    await waitFor('ingest to be at Mosquitto', 30_000, async () =>
      /ingest-1/.test(said.match(/New client connected.*/)?.[0] ?? ''),
    )
    const health = `http://127.0.0.1:${httpPort}/health`
    // The very words of the image's HEALTHCHECK. InfluxDB's name is not known here: its sink waits, which is no illness.
    const check = /"-e", "(fetch.*)"\]/.exec(read('Dockerfile'))![1]!.replace('http://127.0.0.1:8686/health', health)
    await waitFor('ingest to be healthy', 20_000, () =>
      run(process.execPath, ['-e', check]).then(
        () => true,
        () => false,
      ),
    )
    expect((await fetch(`http://127.0.0.1:${httpPort}/v1/rigs`)).status).toBe(401)
  }, 90_000)
})
