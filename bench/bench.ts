import { parseArgs } from 'node:util'
import { benchBacklog } from './backlog.ts'
import { benchCatchUp } from './catch-up.ts'
import { benchHistory } from './history.ts'
import { benchAgentMemory, benchIngestMemory } from './memory.ts'
import { benchLatency, benchPath } from './path.ts'
import { benchAgentRestart } from './restart.ts'
import { benchIngestRestart } from './restart-ingest.ts'
import type { Result } from './rig.ts'
import { benchInflux, benchLake } from './sinks.ts'
import { benchViewers } from './viewers.ts'
import { benchWire } from './wire.ts'

// npm run bench -- [--json] [--only NAME] [--memory-minutes M]: one measurement after the other, never two at once.

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    only: { type: 'string' },
    'memory-minutes': { type: 'string', default: '1' },
  },
})

const benches: Record<string, () => Result[] | Promise<Result[]>> = {
  wire: benchWire,
  path: () => benchPath(4_000_000),
  latency: () => benchLatency(15),
  viewers: () => benchViewers(15),
  lake: () => benchLake(5_000_000),
  influx: () => benchInflux(3_000_000),
  'catch-up': () => benchCatchUp(),
  history: () => benchHistory(),
  backlog: () => benchBacklog(),
  'restart-agent': () => benchAgentRestart(),
  'restart-ingest': () => benchIngestRestart(),
  'agent-memory': () => benchAgentMemory(30),
  'ingest-memory': () => benchIngestMemory(Number(values['memory-minutes'])),
}

const names = values.only ? values.only.split(',') : Object.keys(benches)
for (const name of names) {
  const bench = benches[name]
  if (!bench) {
    process.stderr.write(`there is no bench "${name}": ${Object.keys(benches).join(', ')}\n`)
    process.exit(2)
  }
  for (const result of await bench()) {
    const { value, unit, baseline, ratio, note } = result
    process.stdout.write(
      values.json
        ? `${JSON.stringify(result)}\n`
        : `${result.name.padEnd(18)} ${value} ${unit}, baseline ${baseline}, ratio ${ratio}${note ? `  (${note})` : ''}\n`,
    )
  }
}
process.exit(0)
