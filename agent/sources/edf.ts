import { resolve as resolvePath } from 'node:path'
import * as z from 'zod'
import { openEdfFile } from './edf/file.ts'
import { createPlayer } from './replay/play.ts'
import { checkRecording, recordingKeys } from './replay/recording-config.ts'
import type { OpenSource } from './source.ts'

// An EDF or EDF+ file as a source: a stream for each rate of its signals, its annotations as markers.

export const edfConfig = z
  .strictObject({
    type: z.literal('edf').describe('An EDF or EDF+ file: signals of 16 bits, annotations.'),
    file: z.string().min(1).describe('The EDF file; relative to the folder of this configuration.'),
    annotations: z.boolean().default(true).describe('Whether its annotations become markers (EDF+).'),
    ...recordingKeys,
  })
  .superRefine(checkRecording)

export type EdfConfig = z.infer<typeof edfConfig>

/**
 * Throws if the file is not there, is no EDF, or its header cannot be. Data records that it lacks at its end are declared as a
 * Gap.
 */
export const openEdf: OpenSource<EdfConfig> = async (config, context) => {
  const path = resolvePath(context.folder, config.file)
  const recording = await openEdfFile({
    path,
    what: `edf "${context.name}": ${path}`,
    annotations: config.annotations,
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
