import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { builtProgram } from '../../common/program.ts'
import { type InfluxProxy, startInfluxProxy } from '../faults/influx-proxy.ts'
import { type Processes, startProcesses } from '../faults/processes.ts'
import { startTcpProxy, type TcpProxy } from '../faults/tcp-proxy.ts'
import type { Process } from '../faults/types.ts'
import { createInfluxd, database, nodeProgram, writeYaml } from '../faults/world.ts'
import { freePort } from '../services/debian.ts'
import { takesConnections } from '../services/takes-connections.ts'

// What stays while rigs come and go: broker, ingest, InfluxDB, and the links between them. None of Rigline's is started again, so that
// its memory is that of one long life.

export const group = 'soak'
const mib = 1024 * 1024

/** The usual minute has twelve of these: files of the lake, and rows of the catalog, come twelve times as fast. */
export const segmentAgeS = 5
export const usualSegmentAgeS = 60
export const limits = { journalBytesMax: 256 * mib, quarantineBytesMax: 4 * mib, spoolSegmentBytesMax: 256 * 1024 }

export interface Station {
  folder: string
  processes: Processes
  broker: Process
  ingest: Process & { data: string }
  influx: Process
  ingestFile: string
  mqttPort: number
  httpUrl: string
  influxUrl: string
  ingestLink: TcpProxy
  influxLink: InfluxProxy
  startedMs: number
  close(): Promise<void>
}

export async function startStation(folder: string): Promise<Station> {
  mkdirSync(folder, { recursive: true })
  const processes = startProcesses(join(folder, 'logs'))
  const [mqtt, http, influx, influxRpc] = [await freePort(), await freePort(), await freePort(), await freePort()]
  const httpUrl = `http://127.0.0.1:${http}`
  const influxUrl = `http://127.0.0.1:${influx}`
  const ingestLink = await startTcpProxy({ port: mqtt })
  const influxLink = await startInfluxProxy(influxUrl)

  const brokerFile = writeYaml(join(folder, 'broker.yaml'), { listeners: { tcp: { port: mqtt, anonymous: true } } })
  const broker = processes.create({
    name: 'broker',
    command: () => nodeProgram(builtProgram('cli'), ['broker', '--config', brokerFile]),
    ready: () => takesConnections(mqtt),
  })
  const influxd = await createInfluxd(join(folder, 'influxd'), { influx, influxRpc }, processes.create)
  const ingestFile = writeYaml(join(folder, 'ingest.yaml'), {
    groups: [group],
    data: 'ingest',
    broker: { url: `mqtt://127.0.0.1:${ingestLink.port}`, keepaliveS: 5 },
    http: { port: http, anonymous: true },
    influx: { url: `http://127.0.0.1:${influxLink.port}`, database, timeoutMs: 3000 },
    journal: { bytesMax: limits.journalBytesMax, segmentAgeMaxS: segmentAgeS },
    quarantineBytesMax: limits.quarantineBytesMax,
  })
  const ingest = processes.create({
    name: 'ingest',
    command: () => nodeProgram(builtProgram('cli'), ['ingest', '--config', ingestFile]),
    ready: async () => (await fetch(`${httpUrl}/v1/sinks`, { signal: AbortSignal.timeout(5000) })).ok,
  })
  const close = async () => {
    await processes.close()
    await Promise.all([ingestLink.close(), influxLink.close()])
  }
  const station: Station = {
    folder,
    processes,
    broker,
    ingest: withData(ingest, join(folder, 'ingest')),
    influx: influxd,
    ingestFile,
    mqttPort: mqtt,
    httpUrl,
    influxUrl,
    ingestLink,
    influxLink,
    startedMs: Date.now(),
    close,
  }
  try {
    await Promise.all([broker.start(), influxd.start()])
    await ingest.start()
    return station
  } catch (error) {
    await close()
    throw error
  }
}

/** A spread would read its getters once. */
const withData = <P extends Process>(process: P, data: string): P & { data: string } => Object.assign(process, { data })

/** What ingest answers, as JSON. Throws with its words where it refuses. */
export async function ask<T>({ httpUrl }: Pick<Station, 'httpUrl'>, path: string, body?: unknown): Promise<T> {
  const response = await fetch(`${httpUrl}${path}`, {
    signal: AbortSignal.timeout(30_000),
    ...(body === undefined
      ? {}
      : { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`${path} answers ${response.status}: ${text.slice(0, 500)}`)
  return JSON.parse(text) as T
}
