// Generates protos/generated from protos/rigline.proto. With --check: says whether what is committed is up to date.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const check = process.argv.includes('--check')
const folder = check ? mkdtempSync(join(tmpdir(), 'rigline-protos-')) : 'protos/generated'
const options =
  '-t static-module -w esm --dts --no-verify --no-convert --no-delimited --no-typeurl --no-service --force-long'
execFileSync(
  process.execPath,
  [
    'node_modules/protobufjs-cli/bin/pbjs',
    ...options.split(' '),
    '-o',
    join(folder, 'rigline.js'),
    'protos/rigline.proto',
  ],
  { stdio: 'inherit' },
)
if (check) {
  const stale = ['rigline.js', 'rigline.d.ts'].filter(
    (name) => readFileSync(join(folder, name), 'utf8') !== readFileSync(join('protos/generated', name), 'utf8'),
  )
  rmSync(folder, { recursive: true })
  if (stale.length > 0) {
    console.error(`protos/generated/${stale.join(', ')} is not what protos/rigline.proto gives: run "npm run protos"`)
    process.exit(1)
  }
}
