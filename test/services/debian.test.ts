import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { findProgramIn, freePort, temporaryFolder } from './debian.ts'

const run = promisify(execFile)
const debian = existsSync('/etc/debian_version') && existsSync('/usr/bin/apt-get')

describe.skipIf(!debian)(`programs out of Debian's packages${debian ? '' : ' [skipped: this is no Debian]'}`, () => {
  it('unpacks what is not on the PATH, with the libraries that are not installed, and runs it', async (context) => {
    const cache = await temporaryFolder()
    // A package database in which neither it nor libraries of its own are installed.
    const status = join(cache, 'status')
    const packages = readFileSync('/var/lib/dpkg/status', 'utf8').split('\n\n')
    const others = packages.filter((text) => !/^Package: (mosquitto|libmosquitto1|libdlt2)$/m.test(text))
    await writeFile(status, others.join('\n\n'))

    const places = { path: '', cache, ci: false, apt: ['-o', `Dir::State::status=${status}`] }
    const [first, second] = await Promise.all([findProgramIn('mosquitto', places), findProgramIn('mosquitto', places)])
    if ('missing' in first && /Could not resolve|Unable to fetch|Failed to fetch/.test(first.missing)) {
      context.skip(`Debian's archive cannot be reached: ${first.missing}`)
    }
    expect(first).toEqual(second)
    if ('missing' in first) throw new Error(first.missing)
    expect(first.path.startsWith(cache)).toBe(true)
    expect(first.env?.LD_LIBRARY_PATH).toContain(cache)
    const said = await run(first.path, ['-h'], { env: { ...first.env } }).catch((error) => error)
    expect(said.stdout).toMatch(/mosquitto version 2/)
  })

  it('says why there is none and the line to type, and does not try again at once', async () => {
    const cache = await temporaryFolder()
    const places = {
      path: '',
      cache,
      ci: false,
      apt: ['-o', 'Dir::Etc::sourcelist=/dev/null', '-o', 'Dir::Etc::sourceparts=/dev/null'],
    }
    const answer = await findProgramIn('mosquitto', places)
    expect(answer).toEqual({
      missing: expect.stringMatching(/could not be fetched .*sudo apt-get install -y mosquitto/),
    })
    const began = performance.now()
    expect(await findProgramIn('mosquitto', places)).toEqual(answer)
    expect(performance.now() - began).toBeLessThan(1000)
  })
})

describe('freePort', () => {
  it('gives a port that can be listened on, that the kernel gives to nobody, and not the same again', async () => {
    const port = await freePort()
    const server = createServer().listen(port, '127.0.0.1')
    await once(server, 'listening')
    server.close()
    await once(server, 'close')
    expect(port).toBeLessThan(32_768)
    expect(await freePort()).not.toBe(port)
  })

  it('passes over one that is taken', async () => {
    const taken = (await freePort()) + 1
    const server = createServer().listen(taken, '127.0.0.1')
    await once(server, 'listening')
    expect(await freePort()).not.toBe(taken)
    server.close()
    await once(server, 'close')
  })
})
