import { join } from 'node:path'
import { silentLog } from '../../common/log.ts'
import { lakeDefaults } from '../../ingest/sinks/lake/lake-config.ts'
import { openLakeSink } from '../../ingest/sinks/lake/lake-sink.ts'
import { encodeEnvelope } from '../../protos/envelope.ts'
import { toHex } from '../../protos/hex.ts'
import { encodeSchema } from '../../protos/schema.ts'
import { hashSchema } from '../../protos/schema-hash.ts'
import type { Body, Schema } from '../../protos/types.ts'
import { openGround, startRunner } from './run-sink-setup.ts'

// A data folder as ingest leaves it, and sinks that run on it, for the tests of verify.

export const spoolA = '01HZZZZZZZZZZZZZZZZZZZZZZA'
export const rig = '서울-1'

export async function openData() {
  const ground = await openGround()
  const runners: ReturnType<typeof startRunner>[] = []
  return {
    ...ground,
    saveSchema: (schema: Schema) =>
      ground.catalog.saveSchema(toHex(hashSchema(encodeSchema(schema))), rig, encodeSchema(schema)),
    put: (seq: number, body: Body, more: { rig?: string; spool?: string; predecessor?: string } = {}) =>
      ground.appendBytes(encodeEnvelope({ rig, spool: spoolA, seq, body, ...more })),
    /** Lets the lake take all that is in the journal now. */
    async lakeTakesAll() {
      const config = {
        ...lakeDefaults,
        lakeFolder: join(ground.folder, 'lake'),
        journalFolder: ground.journalFolder,
      }
      const sink = await openLakeSink(config, { ...ground, log: silentLog })
      const runner = startRunner(ground, sink)
      runners.push(runner)
      runner.synced()
      await runner.flush()
      await runner.close()
    },
  }
}
