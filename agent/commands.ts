import type { Command } from 'commander'
import { addMarkCommands } from './marks/commands.ts'

/** `rigline agent`, `rigline agent run start` and its like, `rigline agent check`. */
export function addAgentCommands(program: Command): void {
  const agent = program.command('agent').description('run the agent of a rig, or try its sources')
  const run = agent
    .command('run', { isDefault: true })
    .description('run the agent until SIGTERM; with start, stop, mark, correct or list: enter runs and markers')
    .option('-c, --config <file>', 'its configuration', process.env.RIGLINE_CONFIG ?? 'agent.yaml')
    .action(async ({ config }: { config: string }) => {
      const { runAgent } = await import('./run.ts')
      await runAgent(config)
    })
  addMarkCommands(run)
  agent
    .command('check')
    .description('run every source for some seconds without publishing and print what it read')
    .argument('<file>', 'the configuration of the agent')
    .option('-s, --seconds <n>', 'how long', '5')
    .action(async (file: string, { seconds }: { seconds: string }) => {
      const { checkSources } = await import('./check.ts')
      await checkSources(file, seconds)
    })
}
