import { resolve as resolvePath } from 'node:path'
import * as z from 'zod'
import { createPlayer } from './replay/play.ts'
import { checkRecording, recordingKeys } from './replay/recording-config.ts'
import type { OpenSource } from './source.ts'
import { openWfdbRecord } from './wfdb/record.ts'

// A WFDB record (as PhysioNet keeps them) as a source: its signals as streams, its annotations as markers.

const annotator = z.string().regex(/^[A-Za-z0-9_]{1,64}$/, { error: 'expected an extension such as atr' })

export const wfdbConfig = z
  .strictObject({
    type: z.literal('wfdb').describe('A WFDB record: a header, signal files of formats 16 and 212, annotations.'),
    record: z
      .string()
      .min(1)
      .describe('The record: its header without or with .hea; relative to the folder of this configuration.'),
    annotations: z
      .union([annotator, z.array(annotator).max(16)])
      .default([])
      .describe('Annotators whose annotations become markers, such as atr: the extensions of their files.'),
    ...recordingKeys,
  })
  .superRefine(checkRecording)

export type WfdbConfig = z.infer<typeof wfdbConfig>

/**
 * Throws if the header, a signal file or an annotation file is not there or is none. What a signal file lacks at its end is
 * declared as a Gap.
 */
export const openWfdb: OpenSource<WfdbConfig> = async (config, context) => {
  const path = resolvePath(context.folder, config.record.endsWith('.hea') ? config.record : `${config.record}.hea`)
  const annotators = typeof config.annotations === 'string' ? [config.annotations] : config.annotations
  const recording = await openWfdbRecord({
    path,
    what: `wfdb "${context.name}": ${path}`,
    annotators,
    config,
    log: context.log,
  })
  try {
    return createPlayer(recording, config, context)
  } catch (error) {
    await recording.close()
    throw error
  }
}
