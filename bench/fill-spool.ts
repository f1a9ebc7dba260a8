import { openSpool } from '../agent/spool.ts'
import { createLog } from '../common/log.ts'
import { encodeSchema } from '../protos/schema.ts'
import { hashSchema } from '../protos/schema-hash.ts'
import { channels, syntheticSchema } from './synthetic.ts'

// Fills an agent's spool to so many bytes, as an outage of days leaves it: batches of 100 rows of 8 doubles. Started by the benches with its
// options as JSON.

export interface FillOptions {
  folder: string
  rig: string
  bytes: number
}

const { folder, rig, bytes } = JSON.parse(process.argv[2]!) as FillOptions
const log = createLog('fill-spool')
log.level = 'warn'
const spool = await openSpool({
  folder,
  rig,
  group: 'bench',
  bytesMax: 2 * bytes,
  segmentBytesMax: 2 * 1024 * 1024,
  log,
  onDurable() {},
  onVolatile() {},
} as Parameters<typeof openSpool>[0])
const rows = 100
const schema = encodeSchema(syntheticSchema('bench'))
const schemaHash = hashSchema(schema)
void spool.add({ type: 'schema', bytes: schema })
const startNs = BigInt(Date.now() - 86_400_000) * 1_000_000n
const columns = Array.from({ length: channels }, (_, c) => ({
  kind: 'f64' as const,
  values: Float64Array.from({ length: rows }, (_, i) => Math.sin(c + i) * 100),
}))
for (let i = 0; spool.bytes() < bytes; i++) {
  const times = BigInt64Array.from({ length: rows }, (_, row) => startNs + BigInt(i * rows + row) * 1_000_000n)
  const batch = {
    schema: schemaHash,
    rows,
    era: 0,
    times,
    monotonicNs: 1n,
    bootId: new Uint8Array(16),
    notRising: false,
    position: 0,
    origin: '',
    columns,
  }
  const state = { era: 0, position: 0, origin: '', lastNs: times[rows - 1]! }
  void spool.add({ type: 'batch', batch }, { stream: 'bench', state })
  if (i % 100 === 0) await spool.drained(8 * 1024 * 1024)
}
await spool.drained(0)
await spool.close()
