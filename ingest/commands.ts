import type { Command } from 'commander'

/** `rigline ingest`. */
export function addIngestCommands(program: Command): void {
  program
    .command('ingest')
    .description('run ingest: journal, receipts, sinks, live page')
    .option('-c, --config <file>', 'its configuration', process.env.RIGLINE_CONFIG ?? 'ingest.yaml')
    .action(async ({ config }: { config: string }) => {
      const { runIngest } = await import('./run.ts')
      await runIngest(config)
    })
}
