import { existsSync } from 'node:fs'
import * as z from 'zod'

// When ingest raises an alert, and whom it tells: the section `alerts` of its configuration.

const mib = 1024 * 1024
const on = z.boolean().default(true).describe('false: this rule raises nothing.')
const seconds = (least: number, usual: number, text: string) =>
  z
    .number()
    .min(least)
    .max(7 * 24 * 3600)
    .default(usual)
    .describe(text)

const webhook = z
  .strictObject({
    url: z
      .string()
      .refine((text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol), {
        error: 'expected an address that begins with http:// or https://',
      })
      .refine((text) => !URL.canParse(text) || new URL(text).username + new URL(text).password === '', {
        error: 'expected an address without user and password: the signature shows who sends',
      })
      .describe('Where each alert is sent when it is raised and when it is cleared: POST with JSON.'),
    secret: z.string().min(16).optional().describe('Signs what is sent; 16 letters or more. Better: secretFile.'),
    secretFile: z
      .string()
      .refine((file) => existsSync(file), {
        error: 'there is no such file; paths start at the folder of the configuration',
      })
      .optional()
      .describe('A file that holds the secret, readable by this program alone.'),
  })
  .refine(({ secret, secretFile }) => (secret === undefined) !== (secretFile === undefined), {
    error: 'expected secret or secretFile, one of them: what is sent is signed with it',
  })

export const alertsConfig = z.strictObject({
  webhook: webhook.optional().describe('Without it alerts are log lines, and GET /v1/alerts.'),
  clearAfterS: seconds(0, 10, 'An alert is cleared when all has been well for so long.'),
  rigs: z
    .strictObject({
      on,
      offlineAfterS: seconds(
        1,
        120,
        'rig_offline: nothing of a rig was stored for so long, and for three of its health reports.',
      ),
      staleAfterS: seconds(1, 60, 'rig_stale: a stream that ought to be live has had no row for so long.'),
      forgetAfterD: z
        .number()
        .min(0)
        .max(3650)
        .default(7)
        .describe('A rig that is silent for so many days is not watched any more until it comes back.'),
    })
    .prefault({}),
  gaps: z
    .strictObject({
      on,
      longerThanS: seconds(0, 0, 'gap: a rig declared a Gap longer than this. Not for what retention removes.'),
      clearAfterS: seconds(1, 600, 'Cleared when no further one came for so long.'),
    })
    .prefault({}),
  sinks: z
    .strictObject({
      on,
      behindBytes: z
        .int()
        .min(1)
        .default(256 * mib)
        .describe('sink_lagging: a sink has more bytes of the journal to go than this ...'),
      waitingS: seconds(1, 120, '... or has been waiting for its store, or not running, for so long.'),
    })
    .prefault({}),
  disk: z
    .strictObject({
      on,
      days: z
        .number()
        .min(0)
        .max(3650)
        .default(7)
        .describe('disk: at the rate of the last hours the disk of the data folder is full in fewer days ...'),
      freeBytes: z
        .int()
        .min(0)
        .default(2048 * mib)
        .describe('... or has fewer bytes free than this.'),
    })
    .prefault({}),
  quarantine: z
    .strictObject({
      on,
      entries: z.int().min(1).default(1).describe('quarantine: so many entries or more came ...'),
      withinS: seconds(1, 600, '... within so long.'),
    })
    .prefault({}),
  broker: z
    .strictObject({
      on,
      disconnectedS: seconds(
        1,
        60,
        'broker: ingest has not been connected to its broker for so long. Rigs are not judged meanwhile.',
      ),
    })
    .prefault({}),
})

export type AlertsConfig = z.infer<typeof alertsConfig>
