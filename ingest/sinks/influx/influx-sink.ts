import type { Logger } from '../../../common/log.ts'
import { createThrottle } from '../../../common/log.ts'
import type { Quarantine } from '../../quarantine.ts'
import type { JournalEnvelope, Sink } from '../sink.ts'
import type { InfluxTransport } from './answer.ts'
import { type InfluxConfig, influxVersion } from './config.ts'
import { createFieldNames, type FieldStore } from './field-names.ts'
import { createInflux1 } from './influx-1.ts'
import { createInflux2 } from './influx-2.ts'
import { createLayouts } from './layouts.ts'
import { noCounts } from './line-protocol.ts'
import { createPatience } from './patience.ts'
import { replayLines } from './replay-lines.ts'
import { createWrite, type Write } from './write.ts'

// The sink that writes to InfluxDB: batches, and what boards need beside them. Schemas are the lake's alone.

/** Readings held for one flush: some writes, so that encoding one goes on while InfluxDB takes another. */
const writesPerFlush = 24

export interface InfluxSinkContext {
  catalog: FieldStore
  quarantine: Pick<Quarantine, 'put'>
  log: Logger
}

export const createInfluxTransport = (config: InfluxConfig): InfluxTransport =>
  influxVersion(config) === 1 ? createInflux1(config) : createInflux2(config)

export function createInfluxSink(config: InfluxConfig, { catalog, quarantine, log }: InfluxSinkContext): Sink {
  const transport = createInfluxTransport(config)
  const names = createFieldNames(catalog)
  const patience = createPatience(transport.target, log)
  const saySeldom = createThrottle()
  const counts = noCounts()
  const counters = { writes: 0, retries: 0, refused_lines: 0, beyond_retention: 0, renamed_fields: 0 }

  let held: JournalEnvelope[] = []
  let heldRows = 0
  let heldBytes = 0
  let isPrepared = false

  const layouts = createLayouts(names)
  const context = { config, transport, names, layouts, patience, quarantine, counts, counters, log, saySeldom }
  // One more than may be under way: it is made while InfluxDB takes the others.
  const idle: Write[] = Array.from({ length: config.writesInFlight + 1 }, () => createWrite(context))

  /** Creates the database and learns its fields: once, as soon as InfluxDB is there. */
  const prepare = async (signal: AbortSignal) => {
    const prepared = await patience.until(async () => {
      const answer = await transport.prepare()
      // One who may write need not be one who may create: the first write will tell.
      return answer.outcome === 'wait' && /\((401|403):/.test(answer.reason) ? { outcome: 'stored' } : answer
    }, signal)
    if (prepared.outcome === 'refused') log.error(`${transport.target} cannot be prepared: ${prepared.reason}`)
    try {
      names.adopt(await transport.fields())
    } catch (error) {
      log.warn({ err: error }, `${transport.target}: its fields can't be listed; going by the catalog`)
    }
    isPrepared = true
  }

  /** Cuts what is held into writes, some of them under way at a time. */
  const writeAll = async (signal: AbortSignal) => {
    const underWay = new Map<Promise<void>, Write>()
    const failures: unknown[] = []
    let next = 0
    while (next < held.length && failures.length === 0) {
      const write = idle.pop()
      if (!write) {
        await Promise.race(underWay.keys())
        continue
      }
      next = write.take(held, next)
      const mustWait = () =>
        underWay.size >= config.writesInFlight || [...underWay.values()].some(({ spans }) => spans.meets(write.spans))
      while (mustWait()) await Promise.race(underWay.keys())
      const done = write
        .store(signal)
        .catch((error: unknown) => failures.push(error))
        .then(() => {
          idle.push(write)
          underWay.delete(done)
        })
      underWay.set(done, write)
    }
    await Promise.all(underWay.keys())
    if (failures.length > 0) throw failures[0]
  }

  return {
    name: 'influx',
    flushWhenIdle: true,
    flushAtSegmentEnd: false,
    add(envelope) {
      const { type } = envelope.body
      if (type === 'schema' || type === 'unknown' || (type === 'batch' && !envelope.schema)) return
      held.push(envelope)
      if (envelope.body.type !== 'batch' || !envelope.schema) {
        heldRows++
        heldBytes += envelope.bytes.length + 1024
        return
      }
      heldRows += envelope.body.batch.rows
      heldBytes += envelope.body.batch.rows * (32 + envelope.schema.channels.length * 24)
    },
    full: () => heldRows >= config.writeLines * writesPerFlush || heldBytes >= config.writeBytes * writesPerFlush,
    async flush(signal) {
      if (held.length === 0) return
      if (!isPrepared) await prepare(signal)
      await writeAll(signal)
      held = []
      heldRows = 0
      heldBytes = 0
    },
    writeLines: (lines, signal) => replayLines(transport, lines, signal),
    status() {
      const left = Object.fromEntries(
        Object.entries(counts.left).map(([rule, count]) => [`not_representable_${rule}`, count]),
      )
      const waitingFor = patience.waitingFor()
      return {
        state: waitingFor === undefined ? 'running' : 'waiting',
        ...(waitingFor === undefined ? {} : { waitingFor }),
        counters: { ...counters, lines: counts.lines, values: counts.values, ...left },
      }
    },
    async close() {
      transport.close()
    },
  }
}
