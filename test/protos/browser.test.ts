import { join } from 'node:path'
import { createContext, runInContext } from 'node:vm'
import { build } from 'esbuild'
import { expect, test } from 'vitest'
import { packageRoot } from '../../common/program.ts'
import { encodeEnvelope } from '../../protos/envelope.ts'
import { toHex } from '../../protos/hex.ts'
import { encodeSchema } from '../../protos/schema.ts'

// The page reads envelopes itself: the codecs must run where there is no Buffer, process or require.

test('envelopes and schemas are read in a browser', async () => {
  const entry = `
    import { decodeBody, encodeEnvelope, readHeader } from './protos/envelope.ts'
    import { decodeSchema } from './protos/schema.ts'
    import { splitBundle, encodeBundle } from './protos/bundle.ts'
    import { physicalValues } from './protos/physical.ts'
    import './protos/messages.ts'
    import './protos/fit.ts'
    import './protos/ucum.ts'
    import { fromHex } from './protos/hex.ts'
    globalThis.read = (hex, schemaHex) => {
      const bytes = fromHex(hex)
      const [envelope] = splitBundle(encodeBundle([bytes]))
      const header = readHeader(envelope)
      const { body, problems } = decodeBody(envelope, header)
      const again = encodeEnvelope({ ...header, body })
      const schema = decodeSchema(fromHex(schemaHex))
      const values = physicalValues(body.batch.columns[0], schema.channels[0])
      return JSON.stringify({
        rig: header.rig, seq: header.seq, time: String(body.batch.times[1]), values: [...values], problems,
        same: again.length === bytes.length && again.every((byte, i) => byte === bytes[i]),
      })
    }`
  const { outputFiles } = await build({
    stdin: { contents: entry, resolveDir: packageRoot, sourcefile: join(packageRoot, 'page.ts') },
    bundle: true,
    platform: 'browser',
    format: 'iife',
    target: 'es2022',
    write: false,
    logLevel: 'silent',
  })
  const page = createContext({ TextDecoder, TextEncoder })
  runInContext(outputFiles[0]!.text, page)

  const schema = encodeSchema({ stream: 'ecg', channels: [{ name: '심전도', kind: 'int', gain: 0.5 }] })
  const bytes = encodeEnvelope({
    rig: '차량-01',
    spool: '01JZ8Q4T3X5V6W7Y8Z9ABCDEFG',
    seq: 2 ** 40,
    body: {
      type: 'batch',
      batch: {
        schema: new Uint8Array(32),
        rows: 2,
        era: 0,
        times: BigInt64Array.of(1_700_000_000_000_000_001n, 1_700_000_000_000_000_003n),
        monotonicNs: 1n,
        bootId: new Uint8Array(16),
        notRising: false,
        position: 0,
        origin: '긴 이름'.repeat(50),
        columns: [{ kind: 'int', values: Float64Array.of(-7, 900) }],
      },
    },
  })
  expect(JSON.parse(page.read(toHex(bytes), toHex(schema)))).toEqual({
    rig: '차량-01',
    seq: 2 ** 40,
    time: '1700000000000000003',
    values: [-3.5, 450],
    problems: [],
    same: true,
  })
})
