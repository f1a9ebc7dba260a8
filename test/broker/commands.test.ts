import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { parse } from 'yaml'
import { openAccess } from '../../common/access.ts'
import { addRig } from '../../common/access-edit.ts'
import { silentLog } from '../../common/log.ts'
import { packageRoot } from '../../common/program.ts'
import { describeWith, temporaryFolder } from '../services/debian.ts'
import { startMosquitto } from '../services/mosquitto.ts'
import { closed, connectAs } from './connect.ts'

// The commands as they are typed: a real process, built as the program is.
let program = ''
beforeAll(async () => {
  program = join(packageRoot, '.cache', `broker-commands-${process.pid}.mjs`)
  await build({
    stdin: {
      contents: `import { Command } from 'commander'; import { addBrokerCommands } from './broker/commands.ts'
const program = new Command('rigline'); addBrokerCommands(program); await program.parseAsync()`,
      resolveDir: packageRoot,
      loader: 'ts',
    },
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    outfile: program,
  })
  return () => rm(program, { force: true })
})

async function rigline(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  try {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [program, ...args])
    return { code: 0, stdout, stderr }
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string }
    return { code, stdout, stderr }
  }
}

describe('rigline rig, token, access', () => {
  it('adds, lists, rotates and removes a rig; standard output is what goes into agent.yaml', async () => {
    const file = join(await temporaryFolder(), 'access.yaml')
    const added = await rigline('rig', 'add', 'rig-a', '--group', 'main', '--access', file)
    expect(added.code).toBe(0)
    const lines = parse(added.stdout)
    expect(lines).toMatchObject({ rig: 'rig-a', group: 'main', broker: { url: expect.stringMatching(/^mqtt:/) } })
    const access = await openAccess(file, silentLog)
    onTestFinished(() => access.close())
    expect(await access.verifyRig('rig-a', lines.broker.secret)).toEqual({ group: 'main' })
    expect((await rigline('rig', 'list', '--access', file)).stdout).toBe('rig-a\tmain\n')
    const rotated = parse((await rigline('rig', 'rotate', 'rig-a', '--access', file)).stdout)
    expect(rotated.broker.secret).not.toBe(lines.broker.secret)
    expect((await rigline('rig', 'remove', 'rig-a', '--access', file)).code).toBe(0)
    expect((await rigline('rig', 'list', '--access', file)).stdout).toBe('')
  })

  it('adds, lists and removes a token; standard output is the token alone', async () => {
    const file = join(await temporaryFolder(), 'access.yaml')
    const { stdout } = await rigline('token', 'add', 'kim', '--role', 'viewer', '--access', file)
    const access = await openAccess(file, silentLog)
    onTestFinished(() => access.close())
    expect(access.verifyToken(stdout.trim())).toEqual({ name: 'kim', role: 'viewer' })
    expect((await rigline('token', 'list', '--access', file)).stdout).toMatch(/^kim\tviewer\t\d{4}-/)
    const again = await rigline('token', 'add', 'kim', '--role', 'viewer', '--access', file)
    expect(again).toMatchObject({ code: 2, stdout: '' })
    expect(again.stderr).toMatch(/"kim" is there already; remove it first, or take another name/)
    expect(again.stderr).not.toContain('shown this once')
    expect((await rigline('token', 'remove', 'kim', '--access', file)).code).toBe(0)
  })

  it('ends with 2 and says what to do where something is wrong', async () => {
    const folder = await temporaryFolder()
    const file = join(folder, 'access.yaml')
    const cases: [string[], RegExp][] = [
      [['rig', 'add', 'a/b', '--group', 'main', '--access', file], /rig "a\/b": expected letters, digits/],
      [['rig', 'add', 'a', '--group', 'ingest', '--access', file], /reserved/],
      [['rig', 'list', '--access', file], /there is no such file; "rigline rig add/],
      [['token', 'add', 'kim', '--role', 'admin', '--access', file], /expected one of engineer, researcher, viewer/],
      [['broker', '--config', join(folder, 'broker.yaml')], /there is no such file/],
    ]
    for (const [args, said] of cases) {
      const { code, stderr, stdout } = await rigline(...args)
      expect({ args, code, stdout }).toEqual({ args, code: 2, stdout: '' })
      expect(stderr).toMatch(said)
      expect(stderr).not.toMatch(/ {4}at /)
    }
    expect(existsSync(file)).toBe(false)
    await writeFile(join(folder, 'broker.yaml'), `access: ${file}\n`)
    const { code, stderr } = await rigline('broker', '--config', join(folder, 'broker.yaml'))
    expect(code).toBe(2)
    expect(stderr).toMatch(/rigline rig add NAME/)
  })
})

describe('rigline broker', () => {
  it('lets in who is in the access file, and stops in order on SIGTERM', async () => {
    const folder = await temporaryFolder()
    const [config, file] = [join(folder, 'broker.yaml'), join(folder, 'access.yaml')]
    await writeFile(config, `listeners: { tcp: { port: 0 } }\naccess: ${file}\n`)
    const secret = await addRig(file, { rig: 'rig-a', group: 'main' })
    const child = spawn(process.execPath, [program, 'broker', '--config', config], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    onTestFinished(() => void child.kill('SIGKILL'))
    const exited = once(child, 'exit')
    let port = 0
    for await (const line of createInterface({ input: child.stderr })) {
      port = (JSON.parse(line) as { tcpPort?: number }).tcpPort ?? 0
      if (port > 0) break
    }
    const rig = await connectAs(`mqtt://127.0.0.1:${port}`, 'rig-a', secret)
    const ended = closed(rig)
    child.kill('SIGTERM')
    await ended
    expect(await exited).toEqual([0, null])
  })
})

await describeWith('mosquitto', 'rigline rig add --mosquitto', () => {
  it('writes files with which a real Mosquitto lets the rig in, and out again', async () => {
    const folder = await temporaryFolder()
    const [file, files] = [join(folder, 'access.yaml'), join(folder, 'mosquitto')]
    const shared = ['--access', file, '--mosquitto', files]
    const before = await rigline('rig', 'add', 'rig-old', '--group', 'main', '--access', file)
    expect(before.code).toBe(0)
    const added = await rigline('rig', 'add', 'rig-a', '--group', 'main', ...shared)
    expect(added.stderr).toMatch(/rig-old has no password there.*rigline rig rotate rig-old/)
    const ingest = parse((await rigline('access', 'add-ingest', 'ingest-1', '--group', 'main', ...shared)).stdout)
    const secret = parse(added.stdout).broker.secret
    expect(readFileSync(join(files, 'mosquitto.conf'), 'utf8')).toContain(`acl_file ${join(files, 'acl')}`)

    const mosquitto = await startMosquitto({ files: { passwords: join(files, 'passwords'), acl: join(files, 'acl') } })
    onTestFinished(() => mosquitto.close())
    const url = `mqtt://127.0.0.1:${mosquitto.port}`
    await connectAs(url, 'rig-a', secret)
    await connectAs(url, 'ingest-1', ingest.broker.secret)
    await expect(connectAs(url, 'rig-a', 'wrong')).rejects.toThrow(/refused/i)

    await rigline('rig', 'remove', 'rig-a', ...shared)
    mosquitto.reload()
    await expect.poll(() => connectAs(url, 'rig-a', secret).catch((error) => String(error))).toMatch(/refused/i)
  })
})
