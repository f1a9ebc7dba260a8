import type { Command } from 'commander'
import { describeError, exitCodeOf } from './failure.ts'

/** Runs a command line to its end. What goes wrong is told on standard error in words, with the exit code of failure.ts. */
export async function runProgram(program: Command): Promise<void> {
  // `| head` has read enough.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0)
    throw error
  })
  try {
    await program.parseAsync()
  } catch (error) {
    const text = describeError(error)
    if (text) process.stderr.write(`${text}\n`)
    process.exit(exitCodeOf(error))
  }
}
