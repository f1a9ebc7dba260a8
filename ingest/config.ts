import * as z from 'zod'
import { mqttConfig } from '../common/mqtt-config.ts'
import { isName, nameRule } from '../protos/topics.ts'
import { alertsConfig } from './alerts/config.ts'
import { historyDefaults } from './history/start-history.ts'
import { httpConfig } from './http/config.ts'
import { retentionConfig } from './retention/config.ts'
import { influxConfig } from './sinks/influx/config.ts'
import { lakeDefaults } from './sinks/lake/lake-config.ts'

// Ingest's configuration: ingest.yaml, and the section `ingest` of rigline.yaml. The descriptions are the manual.

const mib = 1024 * 1024
const groupName = z
  .string()
  .refine((text) => isName(text) && text !== 'ingest', { error: `a name of ${nameRule}, and not "ingest"` })

const journalSection = z
  .strictObject({
    bytesMax: z
      .number()
      .int()
      .min(8 * mib)
      .default(16 * 1024 * mib)
      .describe(
        'Bytes on disk that the journal may take. Beyond three quarters InfluxDB is not waited for: it is refilled from the lake. At the limit receipts stop and the agents hold their data.',
      ),
    segmentBytesMax: z
      .number()
      .int()
      .min(mib)
      .default(32 * mib)
      .describe('Size of one segment of the journal, an eighth of the journal at most.'),
    segmentAgeMaxS: z
      .number()
      .min(1)
      .max(3600)
      .default(60)
      .describe('Age at which a segment closes and becomes files of the lake.'),
  })
  .prefault({})

const lakeSection = z
  .strictObject({
    memoryBytesMax: z
      .int()
      .min(128 * mib)
      .default(lakeDefaults.memoryBytesMax)
      .describe('Memory that DuckDB may take while it writes Parquet files.'),
    threads: z.int().min(1).max(64).default(lakeDefaults.threads).describe('Threads of DuckDB.'),
    partBytesMax: z
      .int()
      .min(mib)
      .default(lakeDefaults.partBytesMax)
      .describe('Decoded bytes of a segment that become one set of files.'),
    retention: retentionConfig
      .prefault({})
      .describe('What goes from the lake, and leaves a Gap. Without its keys nothing does.'),
  })
  .prefault({})

const historySection = z
  .strictObject({
    memoryBytesMax: z
      .int()
      .min(64 * mib)
      .default(historyDefaults.memoryBytesMax)
      .describe('Memory that DuckDB may take while it answers questions about stored readings.'),
    threads: z.int().min(1).max(64).default(historyDefaults.threads).describe('Threads of DuckDB for answers.'),
    tailBytesMax: z
      .int()
      .min(8 * mib)
      .default(historyDefaults.tailBytesMax)
      .describe("Memory for the index of the journal's part that the lake has not taken yet."),
  })
  .prefault({})

/** Everything but the broker's address, which `up` knows by itself. */
export const ingestSection = z.strictObject({
  name: z
    .string()
    .refine(isName, { error: `a name of ${nameRule}` })
    .default('ingest-1')
    .describe('Name of this ingest, also its user name at the broker.'),
  groups: z
    .array(groupName)
    .min(1)
    .default(['main'])
    .describe('The groups of rigs it serves. Each group has one ingest: a second one takes over and the first exits.'),
  data: z.string().default('./ingest-data').describe('Folder for journal, lake, catalog and quarantine.'),
  journal: journalSection,
  influx: influxConfig.optional().describe('The InfluxDB to write to. Without it the lake is the only store.'),
  lake: lakeSection,
  history: historySection,
  http: httpConfig.prefault({}),
  alerts: alertsConfig.prefault({}).describe('When an alert is raised, and whom it is told.'),
  access: z.string().optional().describe('access.yaml: the tokens for the HTTP API.'),
  quarantineBytesMax: z
    .number()
    .int()
    .min(mib)
    .default(256 * mib)
    .describe('Bytes of what could not be read or stored; beyond them the oldest make room.'),
  parkBytesMax: z
    .number()
    .int()
    .min(mib)
    .default(64 * mib)
    .describe('Bytes of envelopes that wait for their schema, for each sink.'),
})

export const ingestConfig = ingestSection.extend({ broker: mqttConfig })

export type IngestConfig = z.infer<typeof ingestConfig>
