import * as z from 'zod'
import { mqttConfig } from '../common/mqtt-config.ts'
import { isName, nameRule, ownRig } from '../protos/topics.ts'
import { sourceConfig } from './sources/table.ts'

// The agent's configuration: agent.yaml. The descriptions are the manual ("rigline config reference agent").

const name = (what: string) =>
  z
    .string()
    .refine(isName, { error: `a name of ${nameRule}` })
    .describe(what)
const mib = 1024 * 1024

const spoolSection = z
  .strictObject({
    bytesMax: z
      .number()
      .int()
      .min(8 * mib)
      .default(1024 * mib)
      .describe(
        'Bytes on disk that the spool may take. At the limit the oldest unconfirmed envelopes are dropped and declared as a Gap.',
      ),
    segmentBytesMax: z
      .number()
      .int()
      .min(64 * 1024)
      .default(2 * mib)
      .describe('Size of one file of the spool.'),
    keepConfirmed: z
      .boolean()
      .default(false)
      .describe(
        'Keep on disk, within bytesMax, what ingest has confirmed, so that an ingest that lost its disk is served again; the oldest makes room.',
      ),
  })
  .refine(({ bytesMax, segmentBytesMax }) => bytesMax >= 4 * segmentBytesMax, {
    path: ['segmentBytesMax'],
    error: 'must be a quarter of bytesMax at most: whole segments make room',
  })
  .prefault({})

const batchSection = z
  .strictObject({
    rowsMax: z.number().int().min(1).max(65_536).default(500).describe('A batch closes at this many rows ...'),
    ageMaxMs: z.number().int().min(1).max(60_000).default(100).describe('... or when its first row is this old.'),
  })
  .prefault({})

const marksSection = z
  .strictObject({
    folder: z
      .string()
      .min(1)
      .optional()
      .describe(
        "Folder into which the bench's control program writes starts and stops of runs and markers (docs/runs.md); this rig's alone, created if it is missing.",
      ),
  })
  .prefault({})

export const agentConfig = z.strictObject({
  rig: name('Name of the rig; it never changes, wherever the rig stands.').refine((text) => text !== ownRig, {
    error: `"${ownRig}" is reserved`,
  }),
  group: name('The group of rigs that one ingest serves.').refine((text) => text !== 'ingest', {
    error: '"ingest" is reserved',
  }),
  broker: mqttConfig,
  data: z.string().default('./agent-data').describe('Folder for the spool. It must be kept over restarts.'),
  spool: spoolSection,
  batch: batchSection,
  windowBytes: z
    .number()
    .int()
    .min(512 * 1024)
    .default(8 * mib)
    .describe('Bytes that may be under way without a receipt.'),
  clockEveryS: z.number().min(1).max(3600).default(10).describe("How often the clock is compared with ingest's."),
  healthEveryS: z.number().min(1).max(3600).default(10).describe('How often the agent reports its own health.'),
  marks: marksSection,
  sources: z.array(sourceConfig).min(1, { error: 'expected at least one source' }).describe('What is measured.'),
})

export type AgentConfig = z.infer<typeof agentConfig>
