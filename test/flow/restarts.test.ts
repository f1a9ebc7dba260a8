import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { influxConfig } from '../../ingest/sinks/influx/config.ts'
import { verify } from '../../ingest/verify/verify.ts'
import { describeWith, makeFolder } from '../services/debian.ts'
import { type Influxd, startInfluxd } from '../services/influxd.ts'
import { deliveredAll, type Station, startAgentProgram, startStation, waitFor } from '../services/rigline.ts'
import { ecgSource, readEcg, recordingsMissing } from './recordings.ts'
import { expectEcg, readInflux, readLake } from './stored.ts'

// Each part is killed in the middle of a recording and started again: no row is missing, none is there twice, and no
// Gap is declared, because the source goes on where it stopped.

await describeWith('influxd', 'killed in the middle and started again', () => {
  describe.skipIf(recordingsMissing)(
    recordingsMissing ? `skipped: ${recordingsMissing}` : 'while an ECG is replayed',
    () => {
      const influx = { url: '', database: 'restarts' }
      let folder: Awaited<ReturnType<typeof makeFolder>>
      let influxd: Influxd
      let station: Station

      beforeAll(async () => {
        folder = await makeFolder()
        influxd = await startInfluxd()
        influx.url = influxd.url
        station = await startStation({ folder: folder.folder, ingest: { influx, journal: { segmentAgeMaxS: 2 } } })
      })
      afterAll(async () => {
        await station?.close()
        await influxd?.close()
        await folder?.remove()
      })

      test('agent, broker, ingest and InfluxDB, one after the other, then agent and ingest together', async () => {
        const expected = readEcg()
        // Five minutes of ECG in 25 seconds.
        const start = () =>
          startAgentProgram({
            folder: folder.folder,
            rig: 'ecg-1',
            mqtt: station.mqtt,
            sources: [ecgSource({ speed: 12 })],
            config: { spool: { segmentBytesMax: 65_536 } },
          })
        let agent = start()
        await sleep(3000)
        await agent.kill()
        agent = start()
        await sleep(2500)
        await station.broker!.kill()
        await station.startBroker()
        await sleep(2500)
        await station.ingest.kill()
        await station.startIngest()
        await sleep(2500)
        await influxd.kill()
        await sleep(1000)
        await influxd.restart()
        await sleep(1500)
        await Promise.all([agent.kill(), station.ingest.kill()])
        await station.startIngest()
        agent = start()
        await waitFor('the replay to end', 60_000, async () => (await agent.counters()).rows > 20_000)
        await sleep(500)
        await waitFor('the source to end', 60_000, async () => {
          const { rows } = await agent.counters()
          await sleep(1500)
          return rows === (await agent.counters()).rows
        })
        await deliveredAll(agent, 1)
        await agent.stop()
        await station.caughtUp('influx')
        await waitFor('the lake to hold it', 60_000, async () => {
          return (await readLake(station.data, 'ecg-1', 'ecg')).length >= expected.length
        })

        const lake = await readLake(station.data, 'ecg-1', 'ecg')
        const stored = { lake, influx: await readInflux(influx.url, influx.database, 'ecg-1', 'ecg') }
        for (const [sink, rows] of Object.entries(stored)) {
          expectEcg(rows, expected, sink)
        }
        const report = await verify({ dataFolder: join(station.data), influx: influxConfig.parse(influx) })
        expect(
          report.rigs.flatMap(({ gaps, spools }) => [
            ...gaps,
            ...spools.flatMap(({ lost, holes }) => [...lost, ...holes]),
          ]),
        ).toEqual([])
        expect(report.agree, JSON.stringify(report.rigs, null, 1).slice(0, 3000)).toBe(true)
        expect(report.rigs[0]!.spools.length).toBe(3)
      }, 180_000)
    },
  )
})
