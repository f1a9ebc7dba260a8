import { once } from 'node:events'
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { startTcpProxy } from './tcp-proxy.ts'
import type { InfluxLink, Random } from './types.ts'

// HTTP between ingest and InfluxDB, which can answer in InfluxDB's place, or lose its answers; in front of it the link itself.

export interface InfluxProxy extends InfluxLink {
  readonly port: number
  /** What was answered to writes: by status, `timeout` among them. */
  readonly answered: ReadonlyMap<string, number>
  close(): Promise<void>
}

interface Answering {
  with_: Parameters<InfluxLink['answer']>[0]
  after: boolean
  share: number
  random: Random | undefined
}

interface Answer {
  status: number
  headers: IncomingMessage['headers']
  body: Buffer
}

const bodies: Record<400 | 429 | 500 | 503, { message: string; headers?: Record<string, string> }> = {
  400: { message: 'unable to parse the points: an answer of the harness' },
  429: { message: 'too many requests', headers: { 'retry-after': '1' } },
  500: { message: 'internal error' },
  503: { message: 'engine: cache-max-memory-size exceeded' },
}

/** Listens on `port` (0: a free one) of loopback; `target`: the URL of InfluxDB. */
export async function startInfluxProxy(target: string, port = 0): Promise<InfluxProxy> {
  const agent = new Agent({ keepAlive: true })
  const answered = new Map<string, number>()
  let answering: Answering | undefined
  let onWritten: (() => void | Promise<void>) | undefined

  const forward = async (incoming: IncomingMessage, body: Buffer): Promise<Answer> => {
    const { connection: _, ...headers } = incoming.headers
    const { method = 'GET', url = '/' } = incoming
    const outgoing = request(new URL(url, target), { method, headers, agent })
    outgoing.end(body)
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage]
    return { status: response.statusCode ?? 502, headers: response.headers, body: await buffer(response) }
  }

  const reply = (outgoing: ServerResponse, { status, headers, body }: Answer) => {
    const { 'transfer-encoding': _, connection: __, ...kept } = headers
    // Of 204 there is no length.
    outgoing.writeHead(status, status === 204 ? kept : { ...kept, 'content-length': String(body.length) })
    outgoing.end(body)
  }

  const replyInstead = (outgoing: ServerResponse, with_: Answering['with_']) => {
    // The client gives up by itself, and closes the connection.
    if (with_ === 'timeout') return
    const { message, headers = {} } = bodies[with_]
    const body = Buffer.from(JSON.stringify({ error: message }))
    reply(outgoing, { status: with_, headers: { 'content-type': 'application/json', ...headers }, body })
  }

  const handle = async (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const body = await buffer(incoming)
    const isWrite = /^\/(api\/v2\/)?write\b/.test(incoming.url ?? '')
    const chosen = isWrite ? answering : undefined
    const instead = chosen && (chosen.share >= 1 || (chosen.random?.next() ?? 0) < chosen.share) ? chosen : undefined
    const count = (status: string) => isWrite && answered.set(status, (answered.get(status) ?? 0) + 1)
    if (!instead || instead.after) {
      const answer = await forward(incoming, body)
      const then = isWrite && answer.status < 300 ? onWritten : undefined
      if (then) {
        onWritten = undefined
        await then()
      }
      if (!instead) {
        count(String(answer.status))
        reply(outgoing, answer)
        return
      }
    }
    count(String(instead.with_))
    replyInstead(outgoing, instead.with_)
  }

  const server = createServer((incoming, outgoing) => {
    // InfluxDB is not there: as if this were its own port. Or the client has gone.
    handle(incoming, outgoing).catch(() => incoming.socket.resetAndDestroy())
  })
  server.keepAliveTimeout = 60_000
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const link = await startTcpProxy({ port: typeof address === 'object' && address ? address.port : 0 }, port)
  return {
    port: link.port,
    answered,
    cut: link.cut,
    halfOpen: link.halfOpen,
    slow: link.slow,
    heal() {
      answering = undefined
      link.heal()
    },
    answer(with_, { after = false, share = 1, random } = {}) {
      answering = { with_, after, share, random }
    },
    onceWritten(then) {
      onWritten = then
    },
    async close() {
      await link.close()
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
      agent.destroy()
    },
  }
}
