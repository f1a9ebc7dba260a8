import { type Command, Option } from 'commander'

// `rigline agent run start | stop | mark | correct | list`: on the rig itself, with or without a network or a running agent.

/** What commander hands over: options under their long names. */
type Options = Record<string, string | string[] | boolean | undefined>

const after = `
The mark is written into the agent's data folder. A running agent spools it at once, like a reading; otherwise
the next one does. Times are ISO 8601 with an offset (2026-05-01T12:00:00+09:00), now, or
back from now (-90s, -15m, -2h).`

/** `run`: the command of the agent itself, whose --config counts for these too. */
export function addMarkCommands(run: Command): void {
  const sub = (name: string, description: string) =>
    run.command(name).description(description).configureHelp({ showGlobalOptions: true }).addHelpText('after', after)

  entered(
    facts(
      sub('start', 'begin a run on this rig, or join one; prints its name').option(
        '--run <name>',
        'its name; absent: one is drawn',
      ),
    ),
  ).action((_: Options, command: Command) => enter(command, { do: 'start' }))

  entered(
    sub('stop', "end this rig's part of a run").option(
      '--run <name>',
      'which; absent: the one that is open on this rig',
    ),
  ).action((_: Options, command: Command) => enter(command, { do: 'stop' }))

  entered(
    sub('mark', 'mark a moment or an interval; prints the id of the marker')
      .argument('[label]', 'what is there, in a few words')
      .option('--run <name>', 'of which run; absent: of the one that is open on this rig then')
      .option('--from <time>', 'when; absent: now')
      .option('--to <time>', 'until when: an interval')
      .option('--marker <id>', 'an earlier marker: this is its next version, and what is not said stays as it was')
      .option('--withdrawn', 'the earlier marker no longer counts'),
  ).action((label: string | undefined, _: Options, command: Command) =>
    enter(command, { do: 'mark', ...(label === undefined ? {} : { label }) }),
  )

  entered(
    facts(sub('correct', 'say what was wrong about a run: its next version').requiredOption('--run <name>', 'which'))
      .addOption(new Option('--clear <fact...>', 'take these facts back').choices(factKeys))
      .option('--from <time>', 'the whole run begins no earlier')
      .option('--to <time>', 'the whole run ends no later')
      .option('--withdrawn', 'the run no longer counts'),
  ).action((_: Options, command: Command) => enter(command, { do: 'correct' }))

  sub('list', 'what was entered on this rig last, what waits for the agent, what it could not take').action(
    async (_: Options, command: Command) => {
      const { listMarks } = await import('./list-marks.ts')
      await listMarks(command.optsWithGlobals<{ config: string }>().config)
    },
  )
}

const factKeys = ['operator', 'subject', 'cabin', 'firmware', 'calibrations', 'tags', 'description']

const facts = (command: Command): Command =>
  command
    .option('--operator <who>', 'who runs it')
    .option('--subject <pseudonym>', 'who is in it: a pseudonym, never a name')
    .option('--cabin <cabin>', 'the cabin or the set-up')
    .option('--firmware <version>', "the bench's firmware")
    .option('--calibration <id...>', 'calibrations in force')
    .option('--tag <tag...>', 'tags')
    .option('--description <text>', 'what it is about')

const entered = (command: Command): Command =>
  command
    .option('--text <text>', 'a remark, or why')
    .option('--author <who>', 'who enters this; absent: the user of this computer')
    .option('--time <time>', 'when it happened; absent: now')

async function enter(command: Command, mark: object): Promise<void> {
  const { config, calibration, tag, clear = [], ...rest } = command.optsWithGlobals<Options & { config: string }>()
  const { enterMark } = await import('./enter-mark.ts')
  const cleared = Object.fromEntries((clear as string[]).map((key) => [key, null]))
  const lists = { ...(calibration ? { calibrations: calibration } : {}), ...(tag ? { tags: tag } : {}) }
  // Checked there, against the schema of the files.
  await enterMark(config, { ...mark, ...rest, ...lists, ...cleared } as Parameters<typeof enterMark>[1])
}
