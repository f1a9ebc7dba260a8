import { spawn } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { envelopeBytesMax } from '../../protos/types.ts'
import { findProgram, freePort, makeFolder } from './debian.ts'
import { takesConnections } from './takes-connections.ts'

export interface Mosquitto {
  port: number
  /** Everything it has said so far. */
  output(): string
  /** Makes it read its password and ACL files again. */
  reload(): void
  close(): Promise<void>
}

/**
 * A real Mosquitto on a free port of 127.0.0.1, ready when this resolves. With `files` (written by writeMosquittoFiles)
 * everybody needs a password and has the ACL's rights; without, anybody may do anything.
 */
export async function startMosquitto(options: { files?: { passwords: string; acl: string } } = {}): Promise<Mosquitto> {
  const program = await findProgram('mosquitto')
  if ('missing' in program) throw new Error(program.missing)
  const { folder, remove } = await makeFolder()
  const { files } = options
  const access = files
    ? ['allow_anonymous false', `password_file ${files.passwords}`, `acl_file ${files.acl}`]
    : ['allow_anonymous true']

  for (let attempt = 1; ; attempt++) {
    const port = await freePort()
    const lines = [
      `listener ${port} 127.0.0.1`,
      // Started as root it would become another user, who cannot read the test's files.
      `user ${userInfo().username}`,
      'persistence false',
      'set_tcp_nodelay true',
      `max_packet_size ${envelopeBytesMax + 1024}`,
      'log_dest stderr',
      ...access,
    ]
    const configuration = join(folder, 'mosquitto.conf')
    await writeFile(configuration, `${lines.join('\n')}\n`)
    const child = spawn(program.path, ['-c', configuration], {
      env: { ...process.env, ...program.env },
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let output = ''
    child.stderr.on('data', (chunk) => {
      output = (output + chunk).slice(-100_000)
    })
    let failure: string | undefined
    const ended = new Promise<void>((resolve) => {
      child.once('error', (error) => {
        failure = error.message
        resolve()
      })
      child.once('exit', (code, signal) => {
        failure = `ended with ${signal ?? code}: ${output.trim()}`
        resolve()
      })
    })
    const stop = async () => {
      if (failure === undefined) child.kill('SIGTERM')
      const late = setTimeout(() => child.kill('SIGKILL'), 5000)
      await ended
      clearTimeout(late)
    }
    while (failure === undefined && !(await takesConnections(port))) await sleep(20)
    if (failure === undefined) {
      return {
        port,
        output: () => output,
        reload: () => void child.kill('SIGHUP'),
        async close() {
          await stop()
          await remove()
        },
      }
    }
    // The port may have been taken by another test in between.
    if (!/in use/i.test(failure) || attempt >= 5) {
      await remove()
      throw new Error(`mosquitto ${failure}`)
    }
  }
}
