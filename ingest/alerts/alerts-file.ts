import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { replaceFile } from '../../common/replace-file.ts'
import { rules } from './types.ts'

// What of the alerts outlives a restart of ingest: those that are raised, the last ones, and what was not delivered.

const alert = z.object({
  rule: z.enum(rules),
  key: z.string(),
  rig: z.string().exactOptional(),
  state: z.enum(['raised', 'cleared']),
  sinceMs: z.number(),
  atMs: z.number(),
  text: z.string(),
})

const fileSchema = z.object({
  format: z.literal(1),
  raised: z.array(alert),
  recent: z.array(alert),
  waiting: z.array(
    z.object({ id: z.string(), key: z.string(), body: z.string(), atMs: z.number(), tries: z.number() }),
  ),
})

export type AlertsKept = Omit<z.infer<typeof fileSchema>, 'format'>

/** Empty if there is no such file yet. Throws if it can't be read. */
export function readAlerts(file: string): AlertsKept {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return { raised: [], recent: [], waiting: [] }
    throw cause
  }
  return fileSchema.parse(JSON.parse(text))
}

export interface AlertsFile {
  /** Writes soon; several in a short time at once. */
  save(): void
  /** Resolves when all is written that was said. */
  saved(): Promise<void>
}

/** Never throws: `onError` is told, and the next save tries again. */
export function createAlertsFile(file: string, read: () => AlertsKept, onError: (error: unknown) => void): AlertsFile {
  let again = false
  let writing: Promise<void> | undefined
  const write = async () => {
    while (again) {
      again = false
      await replaceFile(file, `${JSON.stringify({ format: 1, ...read() })}\n`, 0o600).catch(onError)
    }
  }
  const save = () => {
    again = true
    writing ??= write().finally(() => {
      writing = undefined
    })
  }
  return { save, saved: () => writing ?? Promise.resolve() }
}
