import { startInfluxProxy } from './influx-proxy.ts'
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts'
import type { InfluxLink, Link } from './types.ts'

/** What lies between the processes. */
export interface Links {
  rigs: ReadonlyMap<string, Link>
  rigPort(rig: string): number
  ingest: Link
  ingestPort: number
  influx: InfluxLink
  influxPort: number
  close(): Promise<void>
}

export interface LinksOptions {
  mqttPort: number
  influxPort: number
  rigs: readonly string[]
}

export async function startLinks({ mqttPort, influxPort, rigs }: LinksOptions): Promise<Links> {
  const ofRigs = new Map<string, TcpProxy>()
  for (const rig of rigs) ofRigs.set(rig, await startTcpProxy({ port: mqttPort }))
  const ingest = await startTcpProxy({ port: mqttPort })
  const influx = await startInfluxProxy(`http://127.0.0.1:${influxPort}`)
  return {
    rigs: ofRigs,
    rigPort(rig) {
      const link = ofRigs.get(rig)
      if (!link) throw new Error(`rig ${rig} has no link; there are ${[...ofRigs.keys()].join(', ')}`)
      return link.port
    },
    ingest,
    ingestPort: ingest.port,
    influx,
    influxPort: influx.port,
    close: async () => void (await Promise.all([...ofRigs.values(), ingest, influx].map((link) => link.close()))),
  }
}
