import { fork } from 'node:child_process'
import { cpSync, mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { packageRoot } from '../../common/program.ts'

// The programs are started again and again; a build meanwhile must not change them. So the harness copies what is built, and runs itself
// and all the others from the copy.

const variable = 'FAULTS_FROM_COPY'

export const runsFromCopy = (): boolean => process.env[variable] === '1'

/** Runs a harness (`program` of dist/) from a copy in `folder`; resolves with its exit code. */
export async function runFromCopy(folder: string, args: string[], program: 'faults' | 'soak'): Promise<number> {
  const copy = join(folder, 'program')
  mkdirSync(copy, { recursive: true })
  cpSync(join(packageRoot, 'dist'), join(copy, 'dist'), { recursive: true })
  cpSync(join(packageRoot, 'package.json'), join(copy, 'package.json'))
  for (const name of ['node_modules', '.cache', 'agent', 'dashboards']) {
    symlinkSync(join(packageRoot, name), join(copy, name))
  }
  const child = fork(join(copy, 'dist', `${program}.js`), [...args, '--folder', folder], {
    stdio: 'inherit',
    execArgv: [],
    env: { ...process.env, [variable]: '1' },
  })
  // Ctrl-C reaches both, by the terminal; a signal to this one alone is passed on. The harness says its last line in any case.
  const pass = () => void child.kill('SIGINT')
  process.on('SIGINT', pass)
  process.on('SIGTERM', pass)
  return await new Promise((resolve) => child.once('exit', (code) => resolve(code ?? 1)))
}

/** Ends the harness when the process that started it has gone. */
export function endWithParent(end: () => void): void {
  process.once('disconnect', end)
  process.channel?.unref()
}
