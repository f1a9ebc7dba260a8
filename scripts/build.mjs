// Bundles the programs into dist/: the command line with what it starts in workers and child processes, the page, and the agent as one file
// that needs Node alone. Native packages (DuckDB, SQLite) stay outside: they are loaded from node_modules.
import { chmodSync, existsSync, readFileSync, rmSync } from 'node:fs'
import { build } from 'esbuild'
import { buildPage } from './build-page.mjs'

const agentOnly = process.argv.includes('--agent')
const { version } = JSON.parse(readFileSync('package.json', 'utf8'))

const node = {
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  sourcemap: 'linked',
  define: { RIGLINE_VERSION: JSON.stringify(version) },
  // Some packages are CommonJS inside and call require.
  banner: {
    js: "import { createRequire as rl_createRequire } from 'node:module';const require = rl_createRequire(import.meta.url);",
  },
  external: ['@duckdb/*', 'libsql', 'bufferutil', 'utf-8-validate', 'vitest'],
  legalComments: 'linked',
  logLevel: 'warning',
}

// [entry, name in dist/]
const programs = [
  ['cli.ts', 'cli'],
  ['ingest/sinks/influx/influx-worker.ts', 'influx-worker'],
  ['ingest/sinks/lake/lake-process.ts', 'lake-process'],
  ['bench/bench.ts', 'bench'],
  ['bench/bench-agent.ts', 'bench-agent'],
].filter(([entry]) => existsSync(entry))

if (!agentOnly) {
  rmSync('dist', { recursive: true, force: true })
  await build({
    ...node,
    splitting: true,
    entryPoints: programs.map(([input, output]) => ({ in: input, out: output })),
    outdir: 'dist',
    chunkNames: 'chunks/[name]-[hash]',
  })
  await buildPage('dist')
}
if (existsSync('agent/main.ts')) {
  await build({
    ...node,
    minifySyntax: true,
    minifyWhitespace: true,
    sourcemap: false,
    entryPoints: ['agent/main.ts'],
    outfile: 'dist/rigline-agent.mjs',
  })
  chmodSync('dist/rigline-agent.mjs', 0o755)
}
