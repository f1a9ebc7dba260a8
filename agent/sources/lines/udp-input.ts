import { createSocket, type Socket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import { createBackoff } from './backoff.ts'
import { createBlockQueue } from './block-queue.ts'
import type { InputOf, LineInput, Lost } from './input.ts'
import { kernelDrops } from './kernel-drops.ts'

// Lines from UDP: a datagram holds whole lines, with or without a newline at its end. UDP has no back pressure, so what
// the bounded queue cannot take is dropped, and counted.

/** How often the kernel is asked what it dropped. */
const lookEveryMs = 1000

/** What the kernel keeps for us between two looks, if it allows that much. */
const kernelBytes = 4 * 1024 * 1024

export function createUdpInput(config: InputOf<'udp'>): LineInput {
  const queue = createBlockQueue(config.queueBytesMax)
  const backoff = createBackoff()
  let socket: Socket | undefined
  let listening = ''
  let bound: { port: number; family: 'IPv4' | 'IPv6' } | undefined
  let trouble = ''
  let dropped = 0
  let stopped = false
  const lostSoFar = () => dropped + (bound ? kernelDrops(bound.port, bound.family) : 0)
  /** Datagrams known to be lost when it was looked at last, and those that nobody was told of. */
  let known = 0
  let lookedAtMs = performance.now()
  let lost: Lost | undefined

  const look = () => {
    const nowMs = performance.now()
    const count = lostSoFar()
    // A socket that was opened anew counts from 0 again.
    if (count > known) {
      lost = { messages: count - known + (lost?.messages ?? 0), fromMs: lost?.fromMs ?? lookedAtMs, toMs: nowMs }
      queue.nudge()
    }
    known = count
    lookedAtMs = nowMs
  }
  let looking: NodeJS.Timeout | undefined

  const listen = () => {
    if (stopped) return
    looking ??= setInterval(look, lookEveryMs).unref()
    const opened = createSocket({ type: isIPv6(config.host) ? 'udp6' : 'udp4', recvBufferSize: kernelBytes })
    socket = opened
    opened.on('message', (bytes) => {
      if (queue.full()) dropped++
      else queue.push({ feed: 0, bytes, last: 'complete' })
    })
    opened.on('listening', () => {
      const { address, port, family } = opened.address()
      bound = { port, family: family === 'IPv6' ? 'IPv6' : 'IPv4' }
      listening = `${address}:${port}`
      backoff.reset()
    })
    opened.on('error', (error) => {
      listening = ''
      trouble = error.message
      opened.close()
      backoff.again(listen)
    })
    opened.bind(config.port, config.host)
  }

  return {
    async *blocks(signal) {
      if (!socket) listen()
      yield* queue.blocks(signal)
    },
    takeLost() {
      const taken = lost
      lost = undefined
      return taken
    },
    status() {
      if (!listening)
        return {
          state: 'waiting',
          detail: trouble ? `cannot listen on ${config.host}:${config.port}: ${trouble}` : 'not listening yet',
        }
      const count = lostSoFar()
      const lostText = count > 0 ? `; ${count} datagrams dropped, because the agent could not take them` : ''
      return { state: 'running', detail: `listening on ${listening}${lostText}` }
    },
    async close() {
      stopped = true
      clearInterval(looking)
      backoff.stop()
      queue.end()
      const open = listening !== '' ? socket : undefined
      listening = ''
      await new Promise<void>((resolve) => {
        if (open) open.close(() => resolve())
        else resolve()
      })
    },
  }
}
