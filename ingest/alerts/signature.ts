import { createHmac } from 'node:crypto'

/** What `rigline-signature` says of a body sent at this time: HMAC-SHA256 over both, so that neither can be exchanged. */
export function signBody(secret: string, body: string, nowMs: number): string {
  const t = Math.floor(nowMs / 1000)
  return `t=${t},v1=${createHmac('sha256', secret).update(`${t}.${body}`).digest('hex')}`
}
