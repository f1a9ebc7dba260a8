import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { storableName } from '../../ingest/sinks/influx/escape.ts'
import { createInflux1 } from '../../ingest/sinks/influx/influx-1.ts'
import {
  encodeBatch,
  fieldBytes,
  type LineEnds,
  noCounts,
  seriesBytes,
} from '../../ingest/sinks/influx/line-protocol.ts'
import { createLineWriter } from '../../ingest/sinks/influx/line-writer.ts'
import { type InfluxRows, readInfluxRows } from '../../ingest/sinks/influx/read-back.ts'
import type { Schema } from '../../protos/types.ts'
import { describeWith } from '../services/debian.ts'
import { type Influxd, startInfluxd } from '../services/influxd.ts'
import { f64, makeBatch, makeConfig, schemaOf, text } from './influx-setup.ts'

// Names and texts of any kind through a real InfluxDB and back: more than schemas allow.

const character = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.constantFrom(
      ',',
      ' ',
      '=',
      '"',
      "'",
      '\\',
      '\n',
      '\t',
      '\r',
      '#',
      '\0',
      '/',
      '.',
      '한',
      '글',
      '🚗',
      'a',
    ),
  },
  { weight: 1, arbitrary: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }) },
)
const anyText = fc.array(character, { maxLength: 12 }).map((parts) => parts.join(''))
const anyName = fc.array(character, { minLength: 1, maxLength: 12 }).map((parts) => parts.join(''))

await describeWith('influxd', 'escaping, against a real InfluxDB 1.x', () => {
  let influxd: Influxd
  beforeAll(async () => {
    influxd = await startInfluxd()
  })
  afterAll(() => influxd.close())

  it('brings every name and text through that line protocol can carry', async () => {
    const config = makeConfig({ url: influxd.url, database: 'escaping' })
    const transport = createInflux1(config)
    expect(await transport.prepare()).toEqual({ outcome: 'stored' })
    let at = 0n
    await fc.assert(
      fc.asyncProperty(
        anyName,
        anyName,
        anyName,
        anyText,
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        async (stream, rig, name, words, value) => {
          at++
          const schema: Schema = { stream, channels: [] }
          const fields = [`${storableName(name)}1`, `${storableName(name)}2`]
          const batch = { ...makeBatch(schemaOf('s', { a: 'f64' }), [at], [f64(value), text(words)]) }
          const writer = createLineWriter()
          const lines: LineEnds = { ends: new Uint32Array(4), count: 0 }
          encodeBatch(batch, schema, seriesBytes(stream, rig, 0), fieldBytes(fields), writer, lines, noCounts())
          expect(await transport.write(writer.view(), new AbortController().signal)).toEqual({ outcome: 'stored' })

          const span = { stream: storableName(stream), rig: storableName(rig), fromNs: at, toNs: at }
          const found: InfluxRows[] = []
          for await (const rows of readInfluxRows(config, span)) found.push(rows)
          expect(found).toHaveLength(1)
          expect([...found[0]!.times]).toEqual([at])
          const stored = fields.map((field) => found[0]!.columns[found[0]!.fields.indexOf(field)]?.[0])
          expect(Object.is(stored[0], value)).toBe(true)
          expect(stored[1]).toBe(words)
        },
      ),
      { numRuns: 400 },
    )
    transport.close()
  })
})
