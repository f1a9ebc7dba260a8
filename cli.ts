import { Command } from 'commander'
import { addAgentCommands } from './agent/commands.ts'
import { addBrokerCommands } from './broker/commands.ts'
import { version } from './common/program.ts'
import { runProgram } from './common/run-program.ts'
import { addConfigCommands } from './config-commands.ts'
import { addDemoCommand } from './demo.ts'
import { addCatalogCommands } from './ingest/catalog-commands.ts'
import { addIngestCommands } from './ingest/commands.ts'
import { addCompletenessCommand } from './ingest/completeness-commands.ts'
import { addExportCommand } from './ingest/export-commands.ts'
import { addQuarantineCommands } from './ingest/quarantine-commands.ts'
import { addRefillCommand } from './ingest/refill-commands.ts'
import { addRunCommands } from './ingest/run-commands.ts'
import { addVerifyCommand } from './ingest/verify/commands.ts'
import { addUpCommand } from './up.ts'

// Dispatches only: each folder owns its commands.

const program = new Command('rigline')
  .description('Collects telemetry of test rigs: agents, broker, ingest, lake.')
  .version(version)
  .exitOverride()

addUpCommand(program)
addDemoCommand(program)
addAgentCommands(program)
addBrokerCommands(program)
addIngestCommands(program)
addVerifyCommand(program)
addExportCommand(program)
addCompletenessCommand(program)
addRunCommands(program)
addQuarantineCommands(program)
addRefillCommand(program)
addCatalogCommands(program)
addConfigCommands(program)

pointToOwnHelp(program, 'rigline')
await runProgram(program)

/** A mistake in the arguments of a command is told with the command's own help. */
function pointToOwnHelp(command: Command, path: string): void {
  command.showHelpAfterError(`(see "${path} --help")`)
  for (const one of command.commands) pointToOwnHelp(one, `${path} ${one.name()}`)
}
