import { isIP } from 'node:net'

/** Whether a host name or address is one that only this machine reaches. Brackets around IPv6 are fine. */
export function isLoopback(host: string): boolean {
  const name = host.replace(/^\[(.*)\]$/, '$1').toLowerCase()
  return name === 'localhost' || name === '::1' || (isIP(name) === 4 && name.startsWith('127.'))
}
