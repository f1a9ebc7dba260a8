import { join } from 'node:path'
import { expect, it } from 'vitest'
import { runAgent } from '../../bench/rig.ts'
import { describeWith, temporaryFolder } from '../services/debian.ts'
import { influxQuery, startInfluxd } from '../services/influxd.ts'
import { runCommand, type Station, startStation, waitFor } from '../services/rigline.ts'
import { childOf } from '../soak/proc.ts'

// InfluxDB away for longer than the journal may hold: receipts go on, the lake takes all, and InfluxDB is refilled from it.

const mib = 1024 * 1024

const influxState = async (station: Station) => {
  const { sinks } = await station.sinks()
  return sinks.find(({ name }) => name === 'influx')!
}

const verify = async (station: Station) => {
  const { code, stdout } = await runCommand(['verify', '--config', join(station.folder, 'ingest.yaml'), '--json'], {
    timeoutMs: 60_000,
  })
  return { code, report: JSON.parse(stdout) }
}

await describeWith('influxd', 'InfluxDB away for longer than the journal holds', () => {
  it('receipts go on, the journal stays in its bound, and all is refilled from the lake, whoever is killed meanwhile', async () => {
    const folder = await temporaryFolder()
    const influxd = await startInfluxd()
    const database = 'outage'
    const station = await startStation({
      folder,
      ingest: {
        influx: { url: influxd.url, database, timeoutMs: 2000 },
        journal: { bytesMax: 8 * mib, segmentAgeMaxS: 1 },
      },
    })
    try {
      let rows = 0
      const agents: { rows: number; rig: string }[] = []
      /** Not all at once: an agent that ends before it is connected has nobody to hand it to. */
      const deliver = async (rig: string, count: number, rowsPerS = 20_000) => {
        agents.push({ rig, rows: count })
        rows += count
        await runAgent({
          ...{ rig, url: station.mqtt, stream: '부하', rowsMax: 200, ageMaxMs: 50, rows: count, rowsPerS },
          folder: join(folder, rig),
        })
      }
      await deliver('before', 5_000, 1_000)
      await station.caughtUp('influx')

      await influxd.kill()
      let journalBytesMost = 0
      const watch = setInterval(async () => {
        const { ingest } = await station.rigs().catch(() => ({ ingest: { counters: { journalBytes: 0 } } }))
        journalBytesMost = Math.max(journalBytesMost, ingest.counters.journalBytes)
      }, 100)
      // More than the journal holds: that this ends says that all of it has receipts.
      await deliver('during-1', 150_000)
      // Ingest dies with notes made and the sink in the middle of what is gone.
      await station.ingest.kill()
      await station.startIngest()
      await deliver('during-2', 60_000)
      clearInterval(watch)
      expect(journalBytesMost).toBeGreaterThan(2 * mib)
      expect(journalBytesMost).toBeLessThanOrEqual(8.1 * mib)
      const away = await influxState(station)
      expect(away.owedRows).toBeGreaterThan(80_000)
      expect(away.owedBytes).toBeGreaterThan(mib)
      expect(await (await fetch(`${station.http}/metrics`)).text()).toMatch(
        /rigline_sink_owed_rows\{sink="influx"\} \d{5}/,
      )

      await influxd.restart()
      // Not before InfluxDB is live again: then the lake gives what is owed. Its process is killed in the middle.
      let refilling = 0
      await waitFor('the refill to begin', 60_000, async () => {
        const { counters } = await influxState(station)
        refilling = childOf(station.ingest.child.pid!, 'refill-process') ?? 0
        return refilling > 0 && (counters.refilled_rows ?? 0) > 0
      })
      process.kill(refilling, 'SIGKILL')
      expect((await verify(station)).report.agree).toBe(true)
      await waitFor('another refill', 30_000, async () => {
        const { counters, owedRows } = await influxState(station)
        // A fast machine may be through before the look that found it.
        return counters.refill_restarts === 1 || owedRows === 0
      })
      await deliver('after', 5_000, 1_000)
      await station.caughtUp('influx')
      await waitFor('the refill to end', 120_000, async () => (await influxState(station)).owedRows === 0)

      const series = await influxQuery(influxd.url, 'SELECT count(c0) FROM "부하" GROUP BY rig', { database })
      const counted = Object.fromEntries(
        series.map(({ values, ...one }) => [(one as { tags?: { rig: string } }).tags?.rig, values[0]![1]]),
      )
      expect(counted).toEqual(Object.fromEntries(agents.map(({ rig, rows }) => [rig, rows])))
      // The command does the same for any span of time, beside a running ingest.
      await influxQuery(influxd.url, 'DROP MEASUREMENT "부하"', { database })
      expect((await verify(station)).code).toBe(1)
      const refill = await runCommand(
        ['refill', 'influx', '--config', join(folder, 'ingest.yaml'), '--from', '-1h', '--json'],
        { timeoutMs: 120_000 },
      )
      expect(JSON.parse(refill.stdout)).toMatchObject({ refused: 0, beyondRetention: 0 })
      expect(JSON.parse(refill.stdout).rows).toBeGreaterThanOrEqual(rows)
      expect(refill.stderr).toMatch(/^refill: [\d,]+ rows of the lake are in InfluxDB, [\d,]+ points in/m)
      expect(refill.code).toBe(0)
      const whole = await verify(station)
      expect(whole.code).toBe(0)
      expect(whole.report).toMatchObject({ agree: true, influx: { compared: true, owedRows: 0 } })
      expect((await influxState(station)).counters.damaged_bytes).toBe(0)
    } finally {
      await station.close()
      await influxd.close()
    }
  }, 400_000)
})
