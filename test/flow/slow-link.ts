import type { AddressInfo } from 'node:net'
import { connect, createServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

// TCP through a link of so many bytes a second, each way, shared by all its connections, and so much delay.

export interface SlowLink {
  port: number
  bytesPerS: number
  /** What went towards the server. */
  sentBytes(): number
  close(): Promise<void>
}

/** So much is on its way between two looks at the clock. */
const sliceMs = 5

export async function startSlowLink(targetPort: number, bytesPerS: number, delayMs: number): Promise<SlowLink> {
  const sockets = new Set<Socket>()
  let sent = 0
  const carry = (from: Socket, to: Socket, line: { freeAtMs: number }, count: (bytes: number) => void) => {
    const pump = async () => {
      for await (const chunk of from) {
        const bytes = chunk as Buffer
        const step = Math.max(1, Math.round((bytesPerS * sliceMs) / 1000))
        for (let at = 0; at < bytes.length; at += step) {
          const slice = bytes.subarray(at, at + step)
          line.freeAtMs = Math.max(line.freeAtMs, performance.now()) + (slice.length / bytesPerS) * 1000
          const waitMs = line.freeAtMs - performance.now()
          if (waitMs > 0) await sleep(waitMs)
          count(slice.length)
          setTimeout(() => to.write(slice), delayMs)
        }
      }
      setTimeout(() => to.end(), delayMs)
    }
    pump().catch(() => to.destroy())
  }
  const up = { freeAtMs: 0 }
  const down = { freeAtMs: 0 }
  const server = createServer((near) => {
    const far = connect(targetPort, '127.0.0.1')
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.setNoDelay(true)
      socket.on('error', () => {})
      socket.once('close', () => {
        sockets.delete(socket)
        near.destroy()
        far.destroy()
      })
    }
    carry(near, far, up, (bytes) => {
      sent += bytes
    })
    carry(far, near, down, () => {})
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    bytesPerS,
    sentBytes: () => sent,
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
