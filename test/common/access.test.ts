import { existsSync, readFileSync, statSync } from 'node:fs'
import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { pino } from 'pino'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type Access, openAccess } from '../../common/access.ts'
import { addIngest, addRig, addToken, removeRig, removeToken, rotateRig } from '../../common/access-edit.ts'
import { readAccess } from '../../common/access-file.ts'
import { createVerifier, drawSecret, hashChosenSecret, hashDrawnSecret } from '../../common/credentials.ts'
import { silentLog } from '../../common/log.ts'
import { temporaryFolder } from '../services/debian.ts'

const newFile = async () => join(await temporaryFolder(), 'etc', 'access.yaml')
const open = async (file: string, log = silentLog): Promise<Access> => {
  const access = await openAccess(file, log, 10)
  onTestFinished(() => access.close())
  return access
}
const changed = (access: Access) =>
  new Promise<void>((resolve) => {
    const stop = access.onChange(() => {
      stop()
      resolve()
    })
  })

describe('access file', () => {
  it('lets in those who were added, with the secret that was returned once and is kept nowhere', async () => {
    const file = await newFile()
    const rig = await addRig(file, { rig: '차량-1', group: '시뮬레이터' })
    const ingest = await addIngest(file, { name: 'ingest-1', groups: ['시뮬레이터', 'main'] })
    const token = await addToken(file, { name: 'kim', role: 'researcher' })
    expect(statSync(file).mode & 0o777).toBe(0o600)
    for (const secret of [rig, ingest, token]) {
      expect(Buffer.from(secret, 'base64url').length).toBeGreaterThanOrEqual(16)
      expect(readFileSync(file, 'utf8')).not.toContain(secret)
    }
    const access = await open(file)
    expect(await access.verifyRig('차량-1', rig)).toEqual({ group: '시뮬레이터' })
    expect(await access.verifyRig('차량-1', Buffer.from(rig))).toEqual({ group: '시뮬레이터' })
    expect(await access.verifyIngest('ingest-1', ingest)).toEqual({ groups: ['시뮬레이터', 'main'] })
    expect(access.verifyToken(token)).toEqual({ name: 'kim', role: 'researcher' })
    for (const wrong of ['', ingest, token, `${rig}x`, rig.slice(1)]) {
      expect(await access.verifyRig('차량-1', wrong)).toBeUndefined()
    }
    expect(await access.verifyRig('nobody', rig)).toBeUndefined()
    expect(await access.verifyRig('ingest-1', ingest)).toBeUndefined()
    expect(await access.verifyIngest('차량-1', rig)).toBeUndefined()
    expect(access.verifyToken(rig)).toBeUndefined()
  })

  it('takes a changed file over, and refuses one with mistakes while the one before stays', async () => {
    const file = await newFile()
    const first = await addRig(file, { rig: 'rig-a', group: 'main' })
    const lines: string[] = []
    let refused = () => {}
    const hasRefused = new Promise<void>((resolve) => (refused = resolve))
    const sink = new Writable({
      write(chunk, _encoding, done) {
        lines.push(String(chunk))
        if (String(chunk).includes('refused')) refused()
        done()
      },
    })
    const access = await open(file, pino(sink))

    const rotated = changed(access)
    const second = await rotateRig(file, 'rig-a')
    await rotated
    expect(await access.verifyRig('rig-a', first)).toBeUndefined()
    expect(await access.verifyRig('rig-a', second)).toEqual({ group: 'main' })

    const good = readFileSync(file, 'utf8')
    await writeFile(`${file}.edited`, `${good}\nrigz: []\n`)
    await rename(`${file}.edited`, file)
    await hasRefused
    expect(lines.join('')).toContain('rigz: unknown key')
    expect(lines.join('')).not.toContain(second)
    expect(await access.verifyRig('rig-a', second)).toEqual({ group: 'main' })

    const mended = changed(access)
    await writeFile(`${file}.edited`, good.replaceAll('rig-a', 'rig-b'))
    await rename(`${file}.edited`, file)
    await mended
    expect(await access.verifyRig('rig-b', second)).toEqual({ group: 'main' })
    expect(await access.verifyRig('rig-a', second)).toBeUndefined()
  })

  it('keeps what people wrote beside the entries, and every one of many changes at once', async () => {
    const file = await newFile()
    await addRig(file, { rig: 'rig-0', group: 'main' })
    await writeFile(file, `# Our rigs, third floor\n${readFileSync(file, 'utf8')}ingests:\n`)
    await Promise.all(Array.from({ length: 8 }, (_, i) => addRig(file, { rig: `rig-${i + 1}`, group: 'main' })))
    await addIngest(file, { name: 'ingest-1', groups: ['main'] })
    expect(readFileSync(file, 'utf8')).toMatch(/^# Our rigs, third floor\n/)
    expect(
      readAccess(file)
        .rigs.map((rig) => rig.rig)
        .sort(),
    ).toEqual(Array.from({ length: 9 }, (_, i) => `rig-${i}`))
    expect(existsSync(`${file}.lock`)).toBe(false)
  })

  it('leaves the file as it is where a change cannot be made, and says why', async () => {
    const file = await newFile()
    await addRig(file, { rig: 'rig-a', group: 'main' })
    await addToken(file, { name: 'kim', role: 'viewer' })
    const before = readFileSync(file, 'utf8')
    await expect(addRig(file, { rig: 'rig-a', group: 'main' })).rejects.toThrow(/"rig-a" is there already/)
    await expect(addIngest(file, { name: 'rig-a', groups: ['main'] })).rejects.toThrow(/"rig-a" is there already/)
    await expect(addRig(file, { rig: 'a/b', group: 'main' })).rejects.toThrow(/was left as it is:\n.*letters, digits/)
    await expect(addRig(file, { rig: 'rig-b', group: 'ingest' })).rejects.toThrow(/reserved/)
    await expect(removeRig(file, 'rig-x')).rejects.toThrow(/no "rig-x" among its rigs; there is: rig-a/)
    await expect(removeToken(file, 'lee')).rejects.toThrow(/there is: kim/)
    expect(readFileSync(file, 'utf8')).toBe(before)
  })

  it('tells all mistakes of a file at once, and what to do when there is none', async () => {
    const file = join(await temporaryFolder(), 'access.yaml')
    expect(() => readAccess(file)).toThrow(/there is no such file; "rigline rig add/)
    await writeFile(
      file,
      `rigs:
  - { rig: a, group: main, secret: hunter2 }
  - { rig: b/c, group: ingest, secret: '${hashDrawnSecret('x')}' }
ingests: [{ name: a, groups: [], secret: '${hashDrawnSecret('y')}' }]
tokens: [{ name: kim, role: admin, hash: '${hashDrawnSecret('z')}', created: '2026-01-01' }]
`,
    )
    expect(() => readAccess(file)).toThrow(
      expect.objectContaining({
        problems: [
          expect.stringMatching(/^rigs\[0\]\.secret: expected a hash .* never the secret/),
          expect.stringMatching(/^rigs\[1\]\.rig: expected letters/),
          expect.stringMatching(/^rigs\[1\]\.group: "ingest" is reserved/),
          expect.stringMatching(/^ingests\[0\]\.groups: expected at least one group/),
          expect.stringMatching(/^tokens\[0\]\.role: expected one of engineer, researcher, viewer/),
        ],
      }),
    )
  })
})

describe('chosen secrets', () => {
  it('are stretched with a salt of their own, checked without blocking, and not again for each reconnect', async () => {
    const [one, two] = await Promise.all([
      hashChosenSecret('correct horse battery'),
      hashChosenSecret('correct horse battery'),
    ])
    expect(one).not.toBe(two)
    const { verify } = createVerifier()
    let ticks = 0
    const ticking = setInterval(() => ticks++, 1)
    const began = performance.now()
    expect(await verify('correct horse battery', one)).toBe(true)
    const onceMs = performance.now() - began
    clearInterval(ticking)
    expect(ticks).toBeGreaterThan(0)
    const again = performance.now()
    const answers = await Promise.all(Array.from({ length: 200 }, () => verify('correct horse battery', one)))
    expect(answers.every(Boolean)).toBe(true)
    expect(performance.now() - again).toBeLessThan(onceMs * 20)
    expect(await verify('wrong horse battery', one)).toBe(false)
  })

  it('open the door for a rig as drawn ones do', async () => {
    const file = await newFile()
    expect(await addRig(file, { rig: 'rig-a', group: 'main' }, 'correct horse battery')).toBe('correct horse battery')
    const access = await open(file)
    expect(await access.verifyRig('rig-a', 'correct horse battery')).toEqual({ group: 'main' })
    expect(await access.verifyRig('rig-a', 'correct horse')).toBeUndefined()
  })

  it('are not looked for in vain: an unknown name is answered as a wrong secret is', async () => {
    expect(await createVerifier().verify(drawSecret(), undefined)).toBe(false)
  })
})
