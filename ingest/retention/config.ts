import * as z from 'zod'

// The section `lake.retention` of ingest's configuration.

export const retentionConfig = z.strictObject({
  ageMaxDays: z
    .number()
    .min(1 / 24)
    .max(36_500)
    .optional()
    .describe('Files of streams go when all in them came to ingest longer ago than this. Without it: never.'),
  bytesMax: z
    .int()
    .min(1024 * 1024)
    .optional()
    .describe(
      'Bytes that the lake may have; beyond them the files that came first go; streams keep half of it, however much the tables beside them take. Without it: as many as there are.',
    ),
})

export type RetentionConfig = z.infer<typeof retentionConfig>
