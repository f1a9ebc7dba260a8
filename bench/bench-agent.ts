import { startAgent } from '../agent/agent.ts'
import { agentConfig } from '../agent/config.ts'
import { createLog } from '../common/log.ts'
import { createSynthetic, type SyntheticOptions } from './synthetic.ts'

// The agent as a process of its own, with the synthetic source: started by the benches with its options as JSON.

export interface BenchAgentOptions extends SyntheticOptions {
  rig: string
  folder: string
  url: string
  rowsMax: number
  ageMaxMs: number
}

export interface BenchAgentResult {
  type: 'done'
  readings: number
  /** From the first row to the last receipt. */
  seconds: number
  receiptSamplesMs: number[]
  resent: number
}

const options = JSON.parse(process.argv[2]!) as BenchAgentOptions
const config = agentConfig.parse({
  rig: options.rig,
  group: 'bench',
  broker: { url: options.url },
  data: options.folder,
  batch: { rowsMax: options.rowsMax, ageMaxMs: options.ageMaxMs },
  spool: { bytesMax: 8 * 1024 ** 3 },
  // Replaced by the synthetic source.
  sources: [{ type: 'system' }],
})
const log = createLog('bench-agent')
log.level = 'warn'
const startMs = performance.now()
const agent = await startAgent(config, '.', log, async (_config, context) => createSynthetic(options, context))
process.on('message', () => process.send?.({ type: 'counters', counters: agent.counters() }))
await agent.ended
const drainMs = 120_000
const before = agent.counters()
await agent.close(drainMs)
const after = agent.counters()
if (after.unconfirmed > 2) throw new Error(`${after.unconfirmed} envelopes are not confirmed after ${drainMs} ms`)
const result: BenchAgentResult = {
  type: 'done',
  readings: before.readings,
  seconds: (performance.now() - startMs) / 1000,
  receiptSamplesMs: after.receiptSamplesMs,
  resent: after.resent,
}
process.send?.(result, () => process.exit(0))
