#!/usr/bin/env node
import { Command } from 'commander'
import { describeError, exitCodeOf } from '../common/failure.ts'
import { version } from '../common/program.ts'
import { addAgentCommands } from './commands.ts'

// The agent alone, bundled into one file that needs Node and nothing else: rigline-agent.mjs agent --config agent.yaml

const program = new Command('rigline-agent').version(version).showHelpAfterError().exitOverride()
addAgentCommands(program)
try {
  await program.parseAsync()
} catch (error) {
  const text = describeError(error)
  if (text) process.stderr.write(`${text}\n`)
  process.exit(exitCodeOf(error))
}
