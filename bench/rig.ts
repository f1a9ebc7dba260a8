import { fork } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { builtProgram } from '../common/program.ts'
import type { BenchAgentOptions, BenchAgentResult } from './bench-agent.ts'

export interface Result {
  name: string
  value: number
  unit: string
  /** What the same machine reaches without Rigline, or the limit that the value is held against. */
  baseline: number
  ratio: number
  note?: string
}

export const round = (value: number, digits = 3): number => Number(value.toPrecision(digits))

/** A temporary folder; BENCH_FOLDER says on which disk. */
export async function withFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(process.env.BENCH_FOLDER ?? tmpdir(), 'rigline-bench-'))
  try {
    return await work(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Runs an agent with the synthetic source to its end. */
export async function runAgent(options: BenchAgentOptions): Promise<BenchAgentResult> {
  const child = fork(builtProgram('bench-agent'), [JSON.stringify(options)], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  return await new Promise<BenchAgentResult>((resolve, reject) => {
    child.on('message', (message: BenchAgentResult) => {
      if (message.type === 'done') resolve(message)
    })
    child.once('exit', (code) => reject(new Error(`the agent ended with code ${code}`)))
  })
}
