import type { Command } from 'commander'

// What is typed for the broker and for access. Everything heavy is loaded when a command runs.

const accessOption = ['--access <file>', 'the access file (RIGLINE_ACCESS)'] as const
const accessDefault = () => process.env.RIGLINE_ACCESS ?? 'access.yaml'
const mosquittoOption = ['--mosquitto <folder>', "write Mosquitto's password and ACL files there as well"] as const
const stdinOption = ['--secret-stdin', 'take the secret from standard input instead of drawing one'] as const

interface RigOptions {
  access: string
  group: string
  mosquitto?: string
  secretStdin?: boolean
}

/** Adds `broker`, `rig`, `token` and `access` to the program. */
export function addBrokerCommands(program: Command): void {
  program
    .command('broker')
    .description('run the MQTT broker on its own')
    .option(
      '-c, --config <file>',
      'the configuration (RIGLINE_CONFIG); without it the defaults',
      process.env.RIGLINE_CONFIG,
    )
    .action(told(async (options: { config?: string }) => (await import('./run.ts')).runBroker(options.config)))
  addRigCommands(program)
  addTokenCommands(program)
  addAccessCommands(program)
}

function addRigCommands(program: Command): void {
  const rig = program.command('rig').description('the rigs whose agents may connect')
  rig
    .command('add <name>')
    .description("add a rig and print its agent's secret, this once")
    .requiredOption('-g, --group <group>', 'the group whose ingest serves it')
    .option(...accessOption, accessDefault())
    .option(...mosquittoOption)
    .option(...stdinOption)
    .action(
      told(async (name: string, options: RigOptions) =>
        (await import('./access-commands.ts')).addRigCommand(name, options),
      ),
    )
  rig
    .command('rotate <name>')
    .description('give a rig a new secret; the old one ends at once')
    .option(...accessOption, accessDefault())
    .option(...mosquittoOption)
    .option(...stdinOption)
    .action(
      told(async (name: string, options: RigOptions) =>
        (await import('./access-commands.ts')).rotateRigCommand(name, options),
      ),
    )
  rig
    .command('list')
    .description('print the rigs, a line each: name, group')
    .option(...accessOption, accessDefault())
    .action(told(async (options: RigOptions) => (await import('./access-commands.ts')).listRigs(options)))
  rig
    .command('remove <name>')
    .description('take away a rig; its agent is cut off')
    .option(...accessOption, accessDefault())
    .option(...mosquittoOption)
    .action(
      told(async (name: string, options: RigOptions) =>
        (await import('./access-commands.ts')).removeRigCommand(name, options),
      ),
    )
}

function addTokenCommands(program: Command): void {
  const token = program.command('token').description('the tokens for HTTP')
  token
    .command('add <name>')
    .description('add a token and print it, this once')
    .requiredOption('-r, --role <role>', 'engineer, researcher or viewer')
    .option(...accessOption, accessDefault())
    .action(
      told(async (name: string, options: { access: string; role: string }) =>
        (await import('./access-commands.ts')).addTokenCommand(name, options),
      ),
    )
  token
    .command('list')
    .description('print the tokens, a line each: name, role, when it was made')
    .option(...accessOption, accessDefault())
    .action(told(async (options: { access: string }) => (await import('./access-commands.ts')).listTokens(options)))
  token
    .command('remove <name>')
    .description('take away a token')
    .option(...accessOption, accessDefault())
    .action(
      told(async (name: string, options: { access: string }) =>
        (await import('./access-commands.ts')).removeTokenCommand(name, options),
      ),
    )
}

function addAccessCommands(program: Command): void {
  const access = program.command('access').description('ingests that run apart from their broker, and Mosquitto')
  access
    .command('add-ingest <name>')
    .description('add an ingest and print its secret, this once')
    .requiredOption('-g, --group <group...>', 'the groups it serves')
    .option(...accessOption, accessDefault())
    .option(...mosquittoOption)
    .action(
      told(async (name: string, options: { access: string; group: string[]; mosquitto?: string }) =>
        (await import('./access-commands.ts')).addIngestCommand(name, options),
      ),
    )
  access
    .command('remove-ingest <name>')
    .description('take away an ingest')
    .option(...accessOption, accessDefault())
    .option(...mosquittoOption)
    .action(
      told(async (name: string, options: { access: string; mosquitto?: string }) =>
        (await import('./access-commands.ts')).removeIngestCommand(name, options),
      ),
    )
  access
    .command('mosquitto <folder>')
    .description("write Mosquitto's files anew; passwords only of those added or rotated with --mosquitto")
    .option(...accessOption, accessDefault())
    .action(
      told(async (folder: string, options: { access: string }) =>
        (await import('./access-commands.ts')).mosquittoCommand(folder, options),
      ),
    )
}

/** Tells a mistake in a few words on standard error: exit 2 for arguments and configuration, 1 for the rest. */
function told<A extends unknown[]>(action: (...args: A) => Promise<void>): (...args: A) => Promise<void> {
  return async (...args) => {
    try {
      await action(...args)
    } catch (error) {
      const { name, message } = error as Error
      process.stderr.write(`${message}\n`)
      process.exitCode = name === 'ConfigError' || name === 'AccessEditError' ? 2 : 1
    }
  }
}
