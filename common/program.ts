import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

// Where the built programs lie. Workers and child processes run what is built, from source and from dist/ alike.

function findPackage(): { root: string; version: string } {
  let folder = dirname(fileURLToPath(import.meta.url))
  for (;;) {
    const file = join(folder, 'package.json')
    if (existsSync(file)) {
      const { name, version } = JSON.parse(readFileSync(file, 'utf8')) as { name?: string; version: string }
      if (name === 'rigline') return { root: folder, version }
    }
    const parent = dirname(folder)
    if (parent === folder) return { root: process.cwd(), version: '0.0.0' }
    folder = parent
  }
}

declare const RIGLINE_VERSION: string | undefined
const found = findPackage()
/** The release; built in by esbuild, so that the agent's one file knows it without a package.json. */
export const version: string = typeof RIGLINE_VERSION === 'string' ? RIGLINE_VERSION : found.version
export const packageRoot = found.root

/** The path of a built program: `builtProgram('lake-process')` is dist/lake-process.js. */
export const builtProgram = (name: string): string => join(packageRoot, 'dist', `${name}.js`)
