import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { temporaryFolder } from '../services/debian.ts'
import { runCommand } from '../services/rigline.ts'

// Each mistake in a configuration: all of them at once, each with its path and what is allowed; exit code 2, before any connection.

const good = `
rig: bench-1
group: main
broker: { url: mqtt://127.0.0.1:1 }
sources: [{ type: system }]
`

async function check(kind: string, text: string, env: NodeJS.ProcessEnv = {}) {
  const file = join(await temporaryFolder(), `${kind}.yaml`)
  writeFileSync(file, text)
  return await runCommand(['config', 'check', kind, file], { env })
}

describe('config check', () => {
  test('a good one', async () => {
    const { code, stdout, stderr } = await check('agent', good)
    expect(code, stderr).toBe(0)
    expect(stdout).toContain('good')
  })

  test('every mistake at once, with its path, what was found and what is allowed', async () => {
    const { code, stderr } = await check(
      'agent',
      `
rig: "a/b"
group: ingest
broker: { url: "http://x", keepaliveS: many, sekret: x }
spool: { bytesMax: 12 }
colour: red
sources: [{ type: telepathy }]
`,
    )
    expect(code).toBe(2)
    for (const text of [
      'rig: a name of letters',
      '"a/b"',
      'group: "ingest" is reserved',
      'broker.url: expected mqtt://',
      'broker.keepaliveS',
      'broker.sekret: unknown key',
      'spool.bytesMax',
      'colour: unknown key',
      'sources[0]',
      'lines, replay, simulated or system',
    ]) {
      expect(stderr, text).toContain(text)
    }
  })

  test("a key of a section that stands at the top, and one that isn't there", async () => {
    const { code, stderr } = await check('up', 'alerts: { disk: { days: 3 } }\nhistory: { threads: 1 }\ncolour: red\n')
    expect(code).toBe(2)
    expect(stderr).toMatch(/ alerts: it belongs under ingest: write ingest: \{ alerts: \.\.\. \}\n/)
    expect(stderr).toContain('history: it belongs under ingest')
    expect(stderr).toContain('colour: unknown key')
    const nothing = await check('agent', good.replace('rig: bench-1\n', ''))
    expect(nothing.stderr).toMatch(/ rig: is needed, found nothing\n/)
  })

  test.each([
    ['no such file', undefined, 'no such file'],
    ['no YAML', 'rig: [', 'not valid YAML'],
    ['a list in place of keys', '- a\n', 'expected keys and values'],
    ['an empty file', '', 'rig'],
    ['a missing key', good.replace('rig: bench-1', ''), 'rig'],
    ['no source', good.replace('[{ type: system }]', '[]'), 'at least one source'],
    ['a missing key of a source', good.replace('{ type: system }', '{ type: replay }'), 'sources[0].file'],
    [
      'a key of another source',
      good.replace('{ type: system }', '{ type: system, file: x }'),
      'sources[0].file: unknown key',
    ],
  ])('%s', async (_title, text, expected) => {
    const result =
      text === undefined
        ? await runCommand(['config', 'check', 'agent', '/nowhere/agent.yaml'])
        : await check('agent', text)
    expect(result.code).toBe(2)
    expect(result.stderr).toContain(expected)
  })

  test('the other programs', async () => {
    const ingest = await check('ingest', 'groups: []\nbroker: { url: x }\njournal: { bytesMax: 1 }\n')
    expect(ingest.code).toBe(2)
    for (const path of ['groups', 'broker.url', 'journal.bytesMax']) expect(ingest.stderr).toContain(path)
    const broker = await check('broker', 'listeners: { tcp: { port: 99999, host: 0.0.0.0, anonymous: true } }\n')
    expect(broker.code).toBe(2)
    expect(broker.stderr).toContain('listeners.tcp.port')
    const open = await check('broker', 'listeners: { tcp: { host: 0.0.0.0, anonymous: true } }\n')
    expect(open.stderr).toContain('listeners.tcp.anonymous')
    const up = await check('up', 'ingest: { influx: { url: ftp://x } }\n')
    expect(up.stderr).toContain('ingest.influx.url')
    expect((await runCommand(['config', 'check', 'toaster', 'x'])).stderr).toContain('agent, broker, ingest, up')
  })

  test('the environment over the file', async () => {
    const { code, stderr } = await check('agent', good, { RIGLINE_SPOOL__BYTES_MAX: '7' })
    expect(code).toBe(2)
    expect(stderr).toContain('spool.bytesMax')
  })

  test('a program refuses before it connects anywhere', async () => {
    const file = join(await temporaryFolder(), 'agent.yaml')
    writeFileSync(file, good.replace('group: main', 'group: main\nnonsense: 1'))
    const { code, stderr } = await runCommand(['agent', '--config', file], { timeoutMs: 10_000 })
    expect(code).toBe(2)
    expect(stderr).toContain('nonsense: unknown key')
  })

  test('the reference names every key with its meaning', async () => {
    const { code, stdout } = await runCommand(['config', 'reference', 'agent'])
    expect(code).toBe(0)
    for (const key of ['spool.bytesMax', 'broker.url', 'sources[](replay).file']) expect(stdout).toContain(key)
  })
})
