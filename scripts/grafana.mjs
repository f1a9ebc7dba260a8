// Writes the boards of dashboards/grafana as JSON, one folder a query language. With --check: says whether they are current.
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { build } from 'esbuild'

const folder = 'dashboards/grafana'
const bundle = await build({
  entryPoints: [`${folder}/files.ts`],
  bundle: true,
  write: false,
  format: 'esm',
  platform: 'neutral',
  logLevel: 'warning',
})
const { boardFiles } = await import(
  `data:text/javascript;base64,${Buffer.from(bundle.outputFiles[0].text).toString('base64')}`
)
const files = boardFiles()

if (process.argv.includes('--check')) {
  const stale = Object.entries(files).filter(([path, board]) => !isDeepStrictEqual(readBoard(path), board))
  for (const [path] of stale) console.error(`${join(folder, path)} is not what its sources say: run npm run grafana`)
  process.exit(stale.length === 0 ? 0 : 1)
}

for (const [path, board] of Object.entries(files)) {
  mkdirSync(dirname(join(folder, path)), { recursive: true })
  writeFileSync(join(folder, path), `${JSON.stringify(board, null, 2)}\n`)
}
execFileSync(
  'node_modules/.bin/biome',
  ['format', '--write', ...Object.keys(files).map((path) => join(folder, path))],
  {
    stdio: ['ignore', 'ignore', 'inherit'],
  },
)

function readBoard(path) {
  try {
    return JSON.parse(readFileSync(join(folder, path), 'utf8'))
  } catch {
    return undefined
  }
}
