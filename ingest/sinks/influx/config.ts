import * as z from 'zod'

// The section `influx` of ingest's configuration.

export const influxConfig = z
  .strictObject({
    url: z
      .url({
        protocol: /^https?$/,
        error: 'must be a URL that begins with http:// or https://, like http://127.0.0.1:8086',
      })
      .describe('Where InfluxDB listens, like http://127.0.0.1:8086.'),
    version: z
      .literal([1, 2], 'must be 1 or 2')
      .optional()
      .describe('The InfluxDB line: 1 for 1.x, 2 for 2.x and 3.x. Without it: 2 if there is a token, else 1.'),
    database: z
      .string()
      .min(1)
      .default('rigline')
      .describe('1.x: the database; created if it is missing and the user may do so.'),
    username: z.string().optional().describe('1.x: user name, where InfluxDB asks for one.'),
    password: z.string().optional().describe('1.x: the password of that user.'),
    retention: z
      .string()
      .regex(/^(INF|(\d+(ns|us|ms|s|m|h|d|w))+)$/, 'must be a duration of InfluxDB, like 90d, 26w or INF')
      .optional()
      .describe(
        "1.x: how long InfluxDB keeps readings, like 90d; set on the database's default policy at start. Without it: as it is.",
      ),
    token: z.string().min(1).optional().describe('2.x: the token, with the right to write to the bucket.'),
    org: z.string().min(1).optional().describe('2.x: the organization.'),
    bucket: z.string().min(1).optional().describe('2.x: the bucket. It must exist; without the key: rigline.'),
    writeLines: z.int().min(1).max(100_000).default(5_000).describe('Lines in one write, at most.'),
    writeBytes: z
      .int()
      .min(1024)
      .max(16_000_000)
      .default(2_000_000)
      .describe('Bytes after which a write is sent (InfluxDB 1.x refuses more than 25 MB).'),
    writesInFlight: z.int().min(1).max(8).default(3).describe('Writes under way at once.'),
    gzip: z.boolean().optional().describe('Compress writes. Without it: unless InfluxDB is on this machine.'),
    timeoutMs: z.int().min(100).max(600_000).default(30_000).describe('How long one write may take, ms.'),
  })
  .superRefine((config, context) => {
    if (influxVersion(config) !== 2) return
    for (const key of ['token', 'org'] as const) {
      if (config[key] === undefined) {
        context.addIssue({ code: 'custom', path: [key], message: 'is needed for InfluxDB 2.x', input: undefined })
      }
    }
  })

export type InfluxConfig = z.infer<typeof influxConfig>

export const influxVersion = ({ version, token }: Pick<InfluxConfig, 'version' | 'token'>): 1 | 2 =>
  version ?? (token === undefined ? 1 : 2)

/** Whether writes are worth compressing: not on the way to this machine itself. */
export function usesGzip({ gzip, url }: Pick<InfluxConfig, 'gzip' | 'url'>): boolean {
  const host = new URL(url).hostname
  return gzip ?? !(host === 'localhost' || host === '[::1]' || host.startsWith('127.'))
}

export const bucketOf = (config: Pick<InfluxConfig, 'bucket'>): string => config.bucket ?? 'rigline'
