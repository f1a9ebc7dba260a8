import { createSocket } from 'node:dgram'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { addIngest, addRig } from '../../common/access-edit.ts'
import { describeWith, findProgram, freePort, makeFolder } from '../services/debian.ts'
import { type Influxd, startInfluxd } from '../services/influxd.ts'
import { type Mosquitto, startMosquitto } from '../services/mosquitto.ts'
import {
  type AgentProgram,
  deliveredAll,
  runCommand,
  type Station,
  startAgentProgram,
  startStation,
  waitFor,
} from '../services/rigline.ts'
import { ecgSource, readEcg, readSolar, recordings, recordingsMissing, solarSource } from './recordings.ts'
import { expectEcg, readInflux, readLake, type StoredRow } from './stored.ts'

// Real recordings through real processes: agent -> broker -> ingest -> InfluxDB 1.6 and the lake, read back and compared
// value by value, bit by bit.

const group = 'flow'
const database = 'flow'

interface Broker {
  station(folder: string, influxUrl: string): Promise<{ station: Station; secrets: Record<string, string> }>
  close(): Promise<void>
}

/** Our own broker, with credentials. */
const aedesBroker = (): Broker => ({
  async station(folder, influxUrl) {
    const access = join(folder, 'access.yaml')
    const secrets: Record<string, string> = {}
    for (const rig of ['ecg-1', 'car-1', 'solar-1']) secrets[rig] = await addRig(access, { rig, group })
    const secret = await addIngest(access, { name: 'ingest-1', groups: [group] })
    return { station: await startStation({ folder, access, secret, ...ingestAt(influxUrl) }), secrets }
  },
  async close() {},
})

/** Mosquitto, with the files that `rig add --mosquitto` writes. */
function mosquittoBroker(): Broker {
  let mosquitto: Mosquitto | undefined
  return {
    async station(folder, influxUrl) {
      const access = join(folder, 'access.yaml')
      const files = join(folder, 'mosquitto')
      const secrets: Record<string, string> = {}
      const take = (text: string) => /secret: "?([\w-]+)"?/.exec(text)?.[1] ?? ''
      for (const rig of ['ecg-1', 'car-1', 'solar-1']) {
        const added = await runCommand(['rig', 'add', rig, '--group', group, '--access', access, '--mosquitto', files])
        expect(added.code, added.stderr).toBe(0)
        secrets[rig] = take(added.stdout)
      }
      const ingest = await runCommand([
        'access',
        'add-ingest',
        'ingest-1',
        '--group',
        group,
        '--access',
        access,
        '--mosquitto',
        files,
      ])
      expect(ingest.code, ingest.stderr).toBe(0)
      mosquitto = await startMosquitto({
        files: { passwords: join(files, 'passwords'), acl: join(files, 'acl') },
      })
      const secret = take(ingest.stdout)
      return {
        station: await startStation({ folder, mqttPort: mosquitto.port, secret, ...ingestAt(influxUrl) }),
        secrets,
      }
    },
    close: async () => mosquitto?.close(),
  }
}

const ingestAt = (influxUrl: string) => ({
  group,
  ingest: { influx: { url: influxUrl, database }, journal: { segmentAgeMaxS: 2 } },
})

await describeWith('influxd', 'recordings over our own broker', () => wholePath(aedesBroker()))
const influxd = await findProgram('influxd')
if ('missing' in influxd)
  describe.skip(`recordings over Mosquitto [skipped: ${influxd.missing}]`, () => wholePath(mosquittoBroker()))
else await describeWith('mosquitto', 'recordings over Mosquitto', () => wholePath(mosquittoBroker()))

function wholePath(broker: Broker): void {
  describe.skipIf(recordingsMissing)(recordingsMissing ? `skipped: ${recordingsMissing}` : 'end to end', () => {
    let influxd: Influxd
    let station: Station
    let secrets: Record<string, string>
    let folder: { folder: string; remove(): Promise<void> }
    const agents: AgentProgram[] = []

    beforeAll(async () => {
      folder = await makeFolder()
      influxd = await startInfluxd()
      ;({ station, secrets } = await broker.station(folder.folder, influxd.url))
    })
    afterAll(async () => {
      for (const agent of agents) await agent.stop()
      await station?.close()
      await broker.close()
      await influxd?.close()
      await folder?.remove()
    })

    const startAgent = (rig: string, sources: Record<string, unknown>[]) => {
      const agent = startAgentProgram({
        folder: folder.folder,
        rig,
        group,
        mqtt: station.mqtt,
        secret: secrets[rig]!,
        sources,
      })
      agents.push(agent)
      return agent
    }

    const stored = async (rig: string, stream: string, rows: number): Promise<Record<string, StoredRow[]>> => {
      await station.caughtUp('influx')
      // The lake's last file comes when its journal segment closes.
      await waitFor(`${rows} rows in the lake`, 60_000, async () => {
        return (await readLake(station.data, rig, stream)).length >= rows
      })
      return {
        lake: await readLake(station.data, rig, stream),
        influx: await readInflux(influxd.url, database, rig, stream),
      }
    }

    test('the ECG of MIT-BIH record 100: 108,000 rows, every bit', async () => {
      const expected = readEcg()
      await deliveredAll(startAgent('ecg-1', [ecgSource()]), expected.length)
      for (const [sink, rows] of Object.entries(await stored('ecg-1', 'ecg', expected.length))) {
        expectEcg(rows, expected, sink)
      }
    })

    test('the SURFRAD day: minutes, with what was not measured left out', async () => {
      const expected = readSolar()
      expect(expected.length).toBe(1440)
      await deliveredAll(startAgent('solar-1', [solarSource()]), expected.length)
      for (const [sink, rows] of Object.entries(await stored('solar-1', 'solar', expected.length))) {
        expect(
          rows.map(({ timeNs, values }) => ({
            timeNs,
            downwelling: values.downwelling,
            direct: values.direct ?? null,
            pressure: values.pressure ?? null,
          })),
          sink,
        ).toEqual(expected)
      }
    })

    test('the GNSS log over UDP: positions and speeds as an independent reading of the sentences gives them', async () => {
      const port = await freePort()
      const agent = startAgent('car-1', [
        { type: 'lines', name: 'gnss', format: 'nmea', input: { type: 'udp', port }, nmea: { time: 'device' } },
      ])
      await waitFor('the agent to listen', 20_000, async () =>
        readFileSync('/proc/net/udp', 'utf8').includes(portHex(port)),
      )
      const lines = readFileSync(recordings.gnss, 'latin1').split(/\r?\n/).filter(Boolean)
      const socket = createSocket('udp4')
      // A datagram a sentence, in the pace that a loopback socket's buffer takes.
      for (const [i, line] of lines.entries()) {
        await new Promise<void>((resolve) => socket.send(`${line}\r\n`, port, '127.0.0.1', () => resolve()))
        if (i % 50 === 49) await new Promise((resolve) => setTimeout(resolve, 5))
      }
      socket.close()
      const expected = readPositions(lines)
      expect(expected.length).toBeGreaterThan(500)
      await deliveredAll(agent, expected.length)
      for (const [sink, rows] of Object.entries(await stored('car-1', 'gnss_position', expected.length))) {
        expect(rows.length, sink).toBe(expected.length)
        rows.forEach(({ values }, i) => {
          expect(Math.abs((values.latitude as number) - expected[i]!.latitude), sink).toBeLessThan(1e-9)
          expect(Math.abs((values.longitude as number) - expected[i]!.longitude), sink).toBeLessThan(1e-9)
          expect(Number(values.satellites), sink).toBe(expected[i]!.satellites)
        })
      }
    })

    test('verify agrees for every rig, from the command line', async () => {
      await station.caughtUp('influx')
      const result = await runCommand(['verify', '--config', join(folder.folder, 'ingest.yaml'), '--json'])
      expect(result.code, `${result.stdout}\n${result.stderr}`).toBe(0)
      expect(JSON.parse(result.stdout)).toMatchObject({ agree: true })
    })
  })
}

/** How /proc/net/udp writes 127.0.0.1 and a port. */
const portHex = (port: number) => `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`

/** GGA sentences with a fix: degrees and minutes to degrees, by hand. */
function readPositions(lines: string[]): { latitude: number; longitude: number; satellites: number }[] {
  const degrees = (text: string, width: number, hemisphere: string) =>
    (Number(text.slice(0, width)) + Number(text.slice(width)) / 60) *
    (hemisphere === 'S' || hemisphere === 'W' ? -1 : 1)
  return lines
    .filter((line) => /^\$..GGA,/.test(line))
    .map((line) => line.split(','))
    .filter((fields) => fields[2] !== '')
    .map((fields) => ({
      latitude: degrees(fields[2]!, 2, fields[3]!),
      longitude: degrees(fields[4]!, 3, fields[5]!),
      satellites: Number(fields[7]),
    }))
}
