import { Command } from 'commander'
import { addAgentCommands } from './agent/commands.ts'
import { addBrokerCommands } from './broker/commands.ts'
import { describeError, exitCodeOf } from './common/failure.ts'
import { version } from './common/program.ts'
import { addConfigCommands } from './config-commands.ts'
import { addDemoCommand } from './demo.ts'
import { addIngestCommands } from './ingest/commands.ts'
import { addVerifyCommand } from './ingest/verify/commands.ts'
import { addUpCommand } from './up.ts'

// Dispatches only: each folder owns its commands.

const program = new Command('rigline')
  .description('Collects telemetry of test rigs: agents, broker, ingest, lake.')
  .version(version)
  .showHelpAfterError('(see "rigline --help")')
  .exitOverride()

addUpCommand(program)
addDemoCommand(program)
addAgentCommands(program)
addBrokerCommands(program)
addIngestCommands(program)
addVerifyCommand(program)
addConfigCommands(program)

try {
  await program.parseAsync()
} catch (error) {
  const text = describeError(error)
  if (text) process.stderr.write(`${text}\n`)
  process.exit(exitCodeOf(error))
}
