// Bundles the programs into dist/: the command line with what it starts in workers and child processes, the page, and the agent as one file
// that needs Node alone. Native packages (DuckDB, SQLite) stay outside: they are loaded from node_modules.
import { chmodSync, cpSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
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
  ['ingest/history/history-process.ts', 'history-process'],
  ['ingest/refill/refill-process.ts', 'refill-process'],
  ['bench/bench.ts', 'bench'],
  ['bench/bench-agent.ts', 'bench-agent'],
  ['bench/fleet-program.ts', 'fleet-program'],
  ['bench/fill-spool.ts', 'fill-spool'],
  ['test/faults/main.ts', 'faults'],
  ['test/soak/main.ts', 'soak'],
].filter(([entry]) => existsSync(entry))

// Built aside, then put in place at once: a build that fails, or runs while a program is started, leaves the last one whole.
const aside = mkdtempSync('dist-')
// mkdtemp makes it the builder's own; a service runs as another user.
chmodSync(aside, 0o755)
process.on('exit', () => rmSync(aside, { recursive: true, force: true }))
if (agentOnly && existsSync('dist')) cpSync('dist', aside, { recursive: true })
if (!agentOnly) {
  await build({
    ...node,
    splitting: true,
    entryPoints: programs.map(([input, output]) => ({ in: input, out: output })),
    outdir: aside,
    chunkNames: 'chunks/[name]-[hash]',
  })
  await build({ ...node, entryPoints: ['test/faults/preload.ts'], outfile: `${aside}/faults-preload.js` })
  await buildPage(aside)
}
if (existsSync('agent/main.ts')) {
  await build({
    ...node,
    minifySyntax: true,
    minifyWhitespace: true,
    sourcemap: false,
    entryPoints: ['agent/main.ts'],
    outfile: `${aside}/rigline-agent.mjs`,
  })
  chmodSync(`${aside}/rigline-agent.mjs`, 0o755)
}
const old = `${aside}-old`
if (existsSync('dist')) renameSync('dist', old)
renameSync(aside, 'dist')
rmSync(old, { recursive: true, force: true })
