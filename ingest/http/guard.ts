import type { MiddlewareHandler } from 'hono'
import type { Role } from '../../common/access-file.ts'
import { createThrottle, type Logger } from '../../common/log.ts'
import { isLoopback } from '../../common/loopback.ts'
import type { ApiEnv } from './api.ts'
import { problem } from './problem.ts'

// Who may ask. A browser cannot set headers on a WebSocket, and a token in an address ends up in logs and histories: so a
// WebSocket may offer its token as a subprotocol, `rigline.bearer.TOKEN`, beside `rigline.v1`, which is the one chosen.

export type VerifyToken = (token: string) => { name: string; role: Role } | undefined

export const liveProtocol = 'rigline.v1'
export const bearerProtocolPrefix = 'rigline.bearer.'

export interface GuardOptions {
  anonymous: boolean
  verifyToken?: VerifyToken | undefined
  log?: Logger | undefined
  /** Counts refusals. */
  onRefused?: () => void
}

/**
 * Lets whoever has a token through and says who that is; without one, only where anonymous, and under a local name: then
 * everybody is an engineer. What a role may do is each route's to say.
 */
export function createGuard({ anonymous, verifyToken, log, onRefused }: GuardOptions): MiddlewareHandler<ApiEnv> {
  const throttle = createThrottle()
  return async (c, next) => {
    const { hostname, host } = new URL(c.req.url)
    const refuse = (status: 401 | 403, detail: string) => {
      onRefused?.()
      throttle(`${status}`, (heldBack) => log?.warn({ status, path: c.req.path, detail, heldBack }, 'request refused'))
      if (status === 401) c.header('www-authenticate', 'Bearer realm="rigline"')
      return problem(c, status, detail)
    }

    // A page of another site can open a WebSocket to here in a reader's browser; that browser says so.
    const origin = c.req.header('origin')
    if (c.req.header('upgrade') !== undefined && origin !== undefined && hostOf(origin) !== host) {
      return refuse(403, `a WebSocket from ${origin} is not taken here; open the page of ${host}`)
    }

    const token = bearerOf(c.req.header('authorization')) ?? protocolToken(c.req.header('sec-websocket-protocol'))
    if (token !== undefined && verifyToken) {
      const who = verifyToken(token)
      if (who) {
        c.set('who', who)
        return next()
      }
      return refuse(401, 'this token is not known; "rigline token" makes one')
    }
    if (!anonymous) {
      return refuse(401, 'a token is needed: send "Authorization: Bearer TOKEN"; "rigline token" makes one')
    }
    // A foreign name that has been made to point to 127.0.0.1 (DNS rebinding) would open this to that name's pages.
    if (!isLoopback(hostname))
      return refuse(403, `asked for as ${hostname}; without a token use 127.0.0.1 or localhost`)
    c.set('who', { name: 'anonymous', role: 'engineer' })
    return next()
  }
}

const bearerOf = (header: string | undefined): string | undefined => /^Bearer +(\S+) *$/i.exec(header ?? '')?.[1]

const protocolToken = (header: string | undefined): string | undefined =>
  header
    ?.split(',')
    .map((each) => each.trim())
    .find((each) => each.startsWith(bearerProtocolPrefix))
    ?.slice(bearerProtocolPrefix.length)

function hostOf(origin: string): string | undefined {
  try {
    return new URL(origin).host
  } catch {
    return undefined
  }
}
