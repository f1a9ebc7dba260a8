import type { Command } from 'commander'
import { describeError, exitCodeOf } from './failure.ts'

/** Runs a command line to its end. What goes wrong is told on standard error in words, with the exit code of failure.ts. */
export async function runProgram(program: Command): Promise<void> {
  try {
    await program.parseAsync()
  } catch (error) {
    const text = describeError(error)
    if (text) process.stderr.write(`${text}\n`)
    process.exit(exitCodeOf(error))
  }
}
