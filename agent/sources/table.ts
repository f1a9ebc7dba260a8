import * as z from 'zod'
import { edfConfig, openEdf } from './edf.ts'
import { linesConfig, openLines } from './lines.ts'
import { openReplay, replayConfig } from './replay.ts'
import { openSimulated, simulatedConfig } from './simulated.ts'
import type { Source, SourceContext } from './source.ts'
import { openSystem, systemConfig } from './system.ts'
import { openWfdb, wfdbConfig } from './wfdb.ts'

// All sources: a line in each of the two lists.

export const sourceConfig = z.discriminatedUnion(
  'type',
  [edfConfig, wfdbConfig, linesConfig, replayConfig, simulatedConfig, systemConfig],
  { error: 'expected a source with "type": edf, wfdb, lines, replay, simulated or system' },
)
export type SourceConfig = z.infer<typeof sourceConfig>

export function openSource(config: SourceConfig, context: SourceContext): Promise<Source> {
  switch (config.type) {
    case 'edf':
      return openEdf(config, context)
    case 'lines':
      return openLines(config, context)
    case 'replay':
      return openReplay(config, context)
    case 'simulated':
      return openSimulated(config, context)
    case 'system':
      return openSystem(config, context)
    case 'wfdb':
      return openWfdb(config, context)
  }
}
