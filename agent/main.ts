#!/usr/bin/env node
import { Command } from 'commander'
import { version } from '../common/program.ts'
import { runProgram } from '../common/run-program.ts'
import { addAgentCommands } from './commands.ts'

// The agent alone, bundled into one file that needs Node and nothing else: rigline-agent.mjs agent --config agent.yaml

const program = new Command('rigline-agent').version(version).showHelpAfterError().exitOverride()
addAgentCommands(program)
await runProgram(program)
