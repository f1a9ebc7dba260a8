import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { pino } from 'pino'
import { type Agent, startAgent } from '../agent/agent.ts'
import { agentConfig } from '../agent/config.ts'
import type { FleetAgent, FleetOptions } from './fleet.ts'
import { createSynthetic } from './synthetic.ts'

// Many agents in one process, each with its own spool and connection: 200 processes of 75 MB are more than a test may take. Started by
// bench/fleet.ts with its options as JSON; says how it is when asked.

const lookEveryMs = 100

const options = JSON.parse(process.argv[2]!) as FleetOptions
const agents: { agent: Agent; seen: FleetAgent }[] = []

async function startOne(rig: string): Promise<void> {
  const folder = join(options.folder, rig)
  mkdirSync(folder, { recursive: true })
  const seen: FleetAgent = {
    rig,
    connectedAtMs: [],
    samples: [],
    caughtUpAtMs: 0,
    unconfirmed: 0,
    resent: 0,
    refused: 0,
  }
  const log = pino(
    { level: 'info' },
    {
      write(line: string) {
        const { msg, level } = JSON.parse(line) as { msg: string; level: number }
        if (msg === 'connected') {
          seen.connectedAtMs.push(Date.now())
          seen.caughtUpAtMs = 0
        }
        if (level >= 50) process.stderr.write(`${rig}: ${line}`)
      },
    },
  )
  const { rowsPerS, ageMaxMs } = options
  const config = agentConfig.parse({
    rig,
    group: 'bench',
    broker: { url: options.url },
    data: folder,
    batch: { rowsMax: Math.max(1, Math.round((rowsPerS * ageMaxMs) / 1000)), ageMaxMs },
    // Replaced by the synthetic source.
    sources: [{ type: 'system' }],
  })
  const agent = await startAgent(config, '.', log, async (_config, context) =>
    createSynthetic({ stream: 'bench', rows: Number.MAX_SAFE_INTEGER, rowsPerS, pastS: options.pastS }, context),
  )
  agents.push({ agent, seen })
}

/** What is under way while all is well. */
const liveEnvelopes = Math.ceil(2000 / options.ageMaxMs)
let looked = 0

function look(): void {
  const nowMs = Date.now()
  for (const { agent, seen } of agents) {
    const { receiptSamplesMs, unconfirmed, resent, refused } = agent.counters()
    for (const ms of receiptSamplesMs.slice(seen.samples.length)) seen.samples.push({ atMs: nowMs, ms })
    Object.assign(seen, { unconfirmed, resent, refused })
    if (unconfirmed <= liveEnvelopes && seen.connectedAtMs.length > 0) seen.caughtUpAtMs ||= nowMs
  }
  looked++
}

for (let i = 0; i < options.agents; i++) await startOne(`rig-${i}`)
const timer = setInterval(look, lookEveryMs)
process.on('message', async (message) => {
  if (message === 'end') {
    clearInterval(timer)
    await Promise.all(agents.map(({ agent }) => agent.close(20_000)))
  }
  look()
  const answer = { looked, agents: agents.map(({ seen }) => seen), memoryBytes: process.memoryUsage.rss() }
  // Once it is out: the last one is large.
  process.send?.(answer, () => {
    if (message === 'end') process.disconnect()
  })
})
process.send?.('ready')
