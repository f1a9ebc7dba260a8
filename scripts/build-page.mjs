import { copyFileSync, mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const source = (name) => fileURLToPath(new URL(`../dashboards/${name}`, import.meta.url))

/** Builds the live page into `folder`: page.html, page.css, page.js. Nothing of it comes from elsewhere. */
export async function buildPage(folder) {
  mkdirSync(folder, { recursive: true })
  await build({
    bundle: true,
    platform: 'browser',
    target: 'es2022',
    format: 'esm',
    minify: true,
    entryPoints: [source('page.ts')],
    outfile: `${folder}/page.js`,
    logLevel: 'warning',
  })
  copyFileSync(source('index.html'), `${folder}/page.html`)
  copyFileSync(source('page.css'), `${folder}/page.css`)
}
