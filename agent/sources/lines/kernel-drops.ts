import { readFileSync } from 'node:fs'

// Linux counts the datagrams that it dropped because nobody took them out of a socket's buffer: the last column of
// /proc/net/udp and udp6 (proc_pid_net(5)). Elsewhere nobody tells.

/** Datagrams dropped by the kernel on sockets bound to this port; 0 where it does not tell. */
export function kernelDrops(port: number, family: 'IPv4' | 'IPv6'): number {
  let table: string
  try {
    table = readFileSync(family === 'IPv4' ? '/proc/net/udp' : '/proc/net/udp6', 'latin1')
  } catch {
    return 0
  }
  const hex = port.toString(16).toUpperCase().padStart(4, '0')
  return table
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((columns) => columns[1]?.endsWith(`:${hex}`))
    .reduce((sum, columns) => sum + (Number(columns.at(-1)) || 0), 0)
}
