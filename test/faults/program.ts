import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { endWithParent, runFromCopy, runsFromCopy } from './snapshot.ts'

// What `npm run faults` and `npm run soak` have in common: wrong arguments end with 2; the harness runs from a copy of what is built, in a
// folder that stays if it fails or was named.

interface Arguments {
  help: boolean
  seed: string
  keep?: string
  /** Set by ourselves: the harness that runs from a copy. */
  folder?: string
}

interface Program<A extends Arguments> {
  name: 'faults' | 'soak'
  usage: string
  /** Throws what is wrong with them. */
  readArguments(): A
  /** Instead of a run: text to be printed. */
  answer?(args: A): string | undefined
  run(args: A, folder: string): Promise<number>
}

/** Ends the process with the exit code. */
export async function runProgram<A extends Arguments>(program: Program<A>): Promise<never> {
  process.exit(
    await runOrCopy(program).catch((error: Error) => {
      process.stderr.write(`${error.stack ?? error.message}\n`)
      return 1
    }),
  )
}

async function runOrCopy<A extends Arguments>({
  name,
  usage,
  readArguments,
  answer,
  run,
}: Program<A>): Promise<number> {
  let args: A
  try {
    args = readArguments()
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n${usage}\n`)
    return 2
  }
  const text = args.help ? usage : answer?.(args)
  if (text !== undefined) {
    process.stdout.write(`${text}\n`)
    return 0
  }
  if (runsFromCopy() && args.folder !== undefined) {
    endWithParent(() => process.exit(1))
    return await run(args, args.folder)
  }
  const folder = args.keep === undefined ? mkdtempSync(join(tmpdir(), `rigline-${name}-`)) : resolve(args.keep)
  mkdirSync(folder, { recursive: true })
  // The last --seed counts.
  const code = await runFromCopy(folder, [...process.argv.slice(2), '--seed', args.seed], name)
  rmSync(join(folder, 'program'), { recursive: true, force: true })
  if (args.keep === undefined && code !== 1) rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  else process.stderr.write(`logs and data are kept in ${folder}\n`)
  return code
}
