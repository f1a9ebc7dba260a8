import { parseArgs } from 'node:util'
import { allFaults } from './faults/table.ts'
import { runProgram } from './program.ts'
import { runRounds, type Summary } from './run.ts'
import { planRounds } from './schedule.ts'
import { rigKinds, startWorld } from './world.ts'

// npm run faults: real processes under load, a schedule of faults drawn from a seed, then quiet, and an account that counts from the seed.
// Exit code 0: nothing lost, twice, wrong or declared without a reason, and verify agrees; 1: not so; 2: wrong arguments; 130: Ctrl-C.

const usage = `npm run faults -- [--rounds N] [--seed S] [--json] [--only kind,kind] [--keep FOLDER] [--list]
  --rounds  rounds of 1 to 3 faults each (10)
  --seed    the same seed: the same faults at the same moments, the same data (drawn, and printed)
  --only    these kinds of faults alone
  --keep    where the logs and data of the run are kept; without it they are, in a temporary folder, only if it fails
  --json    nothing but the last line, a JSON object, on standard output
  --list    the kinds of faults`

function readArguments() {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '10' },
      seed: { type: 'string' },
      help: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      only: { type: 'string' },
      keep: { type: 'string' },
      list: { type: 'boolean', default: false },
      folder: { type: 'string' },
    },
  })
  const rounds = Number(values.rounds)
  if (!Number.isInteger(rounds) || rounds < 0 || rounds > 100_000) {
    throw new Error(`--rounds ${values.rounds}: expected a whole number up to 100000`)
  }
  const wanted = values.only?.split(',').filter(Boolean)
  const unknown = wanted?.filter((kind) => !allFaults.some((fault) => fault.kind === kind)) ?? []
  if (unknown.length > 0) throw new Error(`--only ${unknown.join(',')}: no such fault; --list shows them`)
  const faults = allFaults.filter(({ kind }) => wanted?.includes(kind) ?? true)
  return { ...values, rounds, faults, seed: values.seed ?? String(Math.floor(Math.random() * 2 ** 32)) }
}

async function runHarness({ rounds, seed, faults, json, keep }: ReturnType<typeof readArguments>, folder: string) {
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop.abort())
  const log = (text: string) => void (json ? process.stderr : process.stdout).write(`${text}\n`)
  log(`seed ${seed}`)
  const plan = planRounds({ seed, rounds, faults, rigs: rigKinds })
  let summary: Summary | undefined
  const world = await startWorld({ folder, seed, log })
  try {
    summary = await runRounds(world, plan, { seed, signal: stop.signal, log })
  } finally {
    await world.close(keep !== undefined || !summary?.ok)
  }
  for (const problem of summary.problems) log(problem)
  process.stdout.write(`${JSON.stringify(summary)}\n`)
  return stop.signal.aborted ? 130 : summary.ok ? 0 : 1
}

await runProgram({
  name: 'faults',
  usage,
  readArguments,
  answer: ({ list }) => (list ? allFaults.map(({ kind }) => kind).join('\n') : undefined),
  run: runHarness,
})
