import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { WebSocket } from 'ws'
import type { Random } from '../faults/types.ts'
import { mainPlans } from './rigs.ts'
import { type Action, isLive, type Soak } from './soak.ts'

// Those who look: exports, charts, lists and metrics, watchers that come and go, and readers that break off.

const answerMs = 60_000
/** Ingest says that it has no room at the moment, or that history is being started. */
const busyStatuses = [429, 503]

async function read(soak: Soak, path: string, breakOffMs?: number): Promise<string[]> {
  const signal = AbortSignal.timeout(breakOffMs ?? answerMs)
  try {
    const response = await fetch(`${soak.station.httpUrl}${path}`, { signal })
    const bytes = (await response.arrayBuffer()).byteLength
    if (busyStatuses.includes(response.status)) return ['busy']
    if (!response.ok) throw new Error(`${path} answers ${response.status}`)
    return [`${bytes} bytes`]
  } catch (error) {
    if (breakOffMs !== undefined && signal.aborted) return ['broken off']
    throw error
  }
}

const reading = (kind: string, path: (rig: string, random: Random) => string): Action => ({
  kind,
  async run(soak, random) {
    const rigs = soak.rigs.filter((rig) => isLive(rig) && !rig.taken)
    return rigs.length === 0 ? undefined : await read(soak, path(encodeURIComponent(random.pick(rigs).rig), random))
  },
})

const readings = (rig: string, seconds: number, random: Random) => {
  const from = new Date(Date.now() - seconds * 1000).toISOString()
  return `/v1/readings?rig=${rig}&stream=${encodeURIComponent(random.pick(mainPlans).stream)}&from=${from}`
}

const exported = reading(
  'export',
  (rig, random) =>
    `${readings(rig, random.int(5, 60), random)}&format=${random.pick(['csv', 'arrow', 'parquet', 'json'])}`,
)
const chart = reading('chart', (rig, random) => `${readings(rig, random.int(10, 600), random)}&points=500`)
const gaps = reading('gaps', (rig) => `/v1/gaps?rig=${rig}`)
const streams = reading('streams', (rig) => `/v1/streams?rig=${rig}`)
const lists = reading('lists', (rig, random) =>
  random.pick(['/v1/rigs', `/v1/rigs/${rig}`, '/v1/runs', '/v1/quarantine', '/v1/alerts', '/metrics', '/v1/sinks']),
)

const brokenOff: Action = {
  kind: 'export_broken_off',
  async run(soak, random) {
    const rig = soak.rigs.find(isLive)
    if (!rig) return undefined
    return await read(soak, `${readings(encodeURIComponent(rig.rig), 600, random)}&format=csv`, random.int(5, 200))
  },
}

const watcher: Action = {
  kind: 'watcher',
  async run({ station }, random) {
    const socket = new WebSocket(`${station.httpUrl.replace('http', 'ws')}/v1/live?last=10`)
    let frames = 0
    socket.on('message', () => frames++)
    try {
      await once(socket, 'open', { signal: AbortSignal.timeout(answerMs) })
      await sleep(random.int(500, 3000))
    } finally {
      socket.on('error', () => {})
      socket.terminate()
    }
    return [`${frames} frames`]
  },
}

export const readActions: readonly Action[] = [exported, chart, gaps, streams, lists, brokenOff, watcher]
