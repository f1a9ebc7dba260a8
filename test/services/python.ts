import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { packageRoot } from '../../common/program.ts'

// Python with the libraries in which researchers read our files: in a virtual environment in .cache/, made when first
// asked for. The product needs none of it.

const run = promisify(execFile)
const libraries = ['pandas==3.1.1', 'polars==2.1.0', 'pyarrow==26.0.1', 'tzdata==2026.6']

export type Python = { path: string } | { missing: string }

let found: Promise<Python> | undefined

/** The interpreter, or why there is none and what to type. Asked once a process. */
export function findPython(): Promise<Python> {
  found ??= makeEnvironment()
  return found
}

async function makeEnvironment(): Promise<Python> {
  const folder = join(packageRoot, '.cache', 'python')
  const python = join(folder, 'bin', 'python')
  if (existsSync(python)) return { path: python }
  const aside = `${folder}-${process.pid}`
  try {
    await mkdir(join(packageRoot, '.cache'), { recursive: true })
    await run('python3', ['-m', 'venv', aside], { timeout: 120_000 })
    await run(
      join(aside, 'bin', 'python'),
      ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--only-binary', ':all:', ...libraries],
      { timeout: 600_000 },
    )
    // Programs in it name the folder they were made in; the interpreter itself can move.
    await rename(aside, folder)
    return { path: python }
  } catch (error) {
    await rm(aside, { recursive: true, force: true })
    if (existsSync(python)) return { path: python }
    const reason = String((error as { stderr?: string }).stderr || (error as Error).message)
      .trim()
      .split('\n')
      .at(-1)
    return {
      missing: `no Python with ${libraries.join(', ')} (${reason}); to have it: install python3 and python3-venv, with PyPI in reach`,
    }
  }
}

/** Runs lines of Python in a folder; returns what they print. Throws with what Python says. */
export async function runPython(python: string, lines: string, cwd: string): Promise<string> {
  const { stdout } = await run(python, ['-c', lines], { cwd, timeout: 120_000, maxBuffer: 16 * 1024 * 1024 })
  return stdout
}
