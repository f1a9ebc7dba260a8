import { execFile } from 'node:child_process'
import { closeSync, constants, open as openFile } from 'node:fs'
import { stat } from 'node:fs/promises'
import { Socket } from 'node:net'
import { isatty, ReadStream } from 'node:tty'
import { promisify } from 'node:util'
import { createBackoff } from './backoff.ts'
import { createBlockQueue } from './block-queue.ts'
import type { InputOf, LineInput } from './input.ts'

// Lines from standard input and from devices. Both are paused while the agent does not ask.

const queueBytesMax = 256 * 1024

/** Its end is the end of the source. */
export function createStdin(stdin: NodeJS.ReadableStream = process.stdin): LineInput {
  const queue = createBlockQueue(queueBytesMax)
  let state: 'running' | 'ended' = 'running'
  let started = false
  const onData = (bytes: Buffer | string) => {
    queue.push({ feed: 0, bytes: Buffer.from(bytes) })
    if (queue.full()) stdin.pause()
  }
  const onEnd = () => {
    if (state === 'ended') return
    state = 'ended'
    queue.push({ feed: 0, bytes: Buffer.alloc(0), last: 'complete' })
    queue.end()
  }
  return {
    async *blocks(signal) {
      if (!started) {
        started = true
        stdin.on('data', onData)
        stdin.on('end', onEnd)
        stdin.on('error', onEnd)
      }
      yield* queue.blocks(signal, () => stdin.resume())
    },
    status: () => ({ state, detail: '' }),
    async close() {
      stdin.off('data', onData)
      stdin.off('end', onEnd)
      stdin.off('error', onEnd)
      stdin.pause()
      queue.end()
    },
  }
}

/** A device that is not there, or goes away, is waited for. */
export function createSerial(config: InputOf<'serial'>): LineInput {
  const { path, baud } = config
  const queue = createBlockQueue(queueBytesMax)
  const backoff = createBackoff()
  let stream: Socket | undefined
  let feeds = 0
  let stopped = false
  let trouble = 'is being opened'

  const attempt = async () => {
    try {
      const opened = await openDevice(path, baud)
      if (stopped) opened.destroy()
      else follow(opened)
    } catch (error) {
      wait((error as NodeJS.ErrnoException).code === 'ENOENT' ? 'is not there' : (error as Error).message)
    }
  }
  const wait = (reason: string) => {
    if (stopped) return
    trouble = reason
    stream = undefined
    backoff.again(attempt)
  }
  const follow = (opened: Socket) => {
    const feed = ++feeds
    let reason = 'has gone'
    stream = opened
    opened.on('data', (bytes: Buffer) => {
      backoff.reset()
      queue.push({ feed, bytes, midway: opened instanceof ReadStream })
      if (queue.full()) opened.pause()
    })
    opened.on('error', (error) => {
      reason = error.message
    })
    opened.on('end', () => opened.destroy())
    opened.on('close', () => {
      queue.push({ feed, bytes: Buffer.alloc(0), last: 'torn' })
      wait(reason)
    })
  }

  let started = false
  return {
    async *blocks(signal) {
      if (!started) {
        started = true
        void attempt()
      }
      yield* queue.blocks(signal, () => stream?.resume())
    },
    status: () =>
      stream
        ? { state: 'running', detail: `reads ${path}` }
        : { state: 'waiting', detail: `waits for ${path}: ${trouble}` },
    async close() {
      stopped = true
      backoff.stop()
      stream?.destroy()
      queue.end()
    },
  }
}

/**
 * Opens without waiting for a carrier or a writer. A terminal is set raw, and without echo: what a device says must not
 * be sent back to it. A pipe is opened for writing, too, so that it does not end between one writer and the next.
 */
async function openDevice(path: string, baud: number | undefined): Promise<Socket> {
  const pipe = (await stat(path)).isFIFO()
  const fd = await promisify(openFile)(
    path,
    (pipe ? constants.O_RDWR : constants.O_RDONLY | constants.O_NOCTTY) | constants.O_NONBLOCK,
  )
  try {
    if (pipe) return new Socket({ fd, readable: true, writable: false })
    if (!isatty(fd)) throw new Error('is neither a serial device nor a named pipe; files have input.type: file')
    await setRaw(path, baud)
    return new ReadStream(fd)
  } catch (error) {
    closeSync(fd)
    throw error
  }
}

async function setRaw(path: string, baud: number | undefined): Promise<void> {
  const speed = baud === undefined ? [] : [String(baud)]
  const device = process.platform === 'darwin' ? '-f' : '-F'
  const settings = ['raw', '-echo', 'clocal', 'cs8', '-parenb', '-cstopb']
  await promisify(execFile)('stty', [device, path, ...speed, ...settings]).catch(
    (cause: Error & { stderr?: string }) => {
      throw new Error(`stty ${[device, path, ...speed].join(' ')}: ${(cause.stderr || cause.message).trim()}`, {
        cause,
      })
    },
  )
}
