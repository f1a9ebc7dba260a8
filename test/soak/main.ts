import { parseArgs } from 'node:util'
import { runProgram } from '../faults/program.ts'
import { printCatalog, printCurves } from './report.ts'
import { runSoak } from './run.ts'

// npm run soak: real processes at a steady load, rigs that come, go and change, and the curves of what may grow, as numbers.
// Exit code 0: nothing lost, and every curve within its bound; 1: not so; 2: wrong arguments; 130: Ctrl-C twice.

const minutesMax = 7 * 24 * 60
const usage = `npm run soak -- [--minutes M] [--seed S] [--json] [--keep FOLDER]
  --minutes  how long rigs come and go (10; ${minutesMax} at most); the account comes after that
             below 3 they are too short to be judged, but for what must hold at any time
  --seed     the same seed: the same data, and churn in the same order (drawn, and printed)
  --json     nothing but the last line, a JSON object, on standard output
  --keep     where logs and data are kept; without it they are, in a temporary folder, only if it fails
Ctrl-C ends the churn, counts and judges what there is; a second one ends at once.`

function readArguments() {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '10' },
      seed: { type: 'string' },
      help: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      keep: { type: 'string' },
      folder: { type: 'string' },
    },
  })
  const minutes = Number(values.minutes)
  if (!(minutes > 0 && minutes <= minutesMax)) {
    throw new Error(`--minutes ${values.minutes}: expected a number above 0, up to ${minutesMax}`)
  }
  return { ...values, minutes, seed: values.seed ?? String(Math.floor(Math.random() * 2 ** 32)) }
}

/** A terminal's Ctrl-C reaches this process twice, see snapshot.ts. */
const sameCtrlCMs = 1000

async function runHarness({ minutes, seed, json }: ReturnType<typeof readArguments>, folder: string) {
  const stop = new AbortController()
  let stoppedMs: number | undefined
  const log = (text: string) => void (json ? process.stderr : process.stdout).write(`${text}\n`)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      stoppedMs ??= performance.now()
      if (performance.now() - stoppedMs > sameCtrlCMs) process.exit(130)
      if (!stop.signal.aborted) log('ending: what there is is counted')
      stop.abort()
    })
  }
  log(`seed ${seed}, ${minutes} minutes`)
  const summary = await runSoak({ folder, seed, minutes, signal: stop.signal, log })
  log(`${printCurves(summary.curves)}\n${printCatalog(summary.catalog)}`)
  for (const problem of summary.problems) log(problem)
  process.stdout.write(`${JSON.stringify(summary)}\n`)
  return summary.ok ? 0 : 1
}

await runProgram({ name: 'soak', usage, readArguments, run: runHarness })
