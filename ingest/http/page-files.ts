import { readFileSync } from 'node:fs'
import { join } from 'node:path'

// The page as it is built: three files in dist/, read when first asked for.

const files: Record<string, { file: string; type: string }> = {
  '/': { file: 'page.html', type: 'text/html; charset=utf-8' },
  '/page.js': { file: 'page.js', type: 'text/javascript; charset=utf-8' },
  '/page.css': { file: 'page.css', type: 'text/css; charset=utf-8' },
}

export const pagePaths = Object.keys(files)

/** Returns the function that gives a file of the page; undefined if it has not been built. */
export function createPageFiles(folder: string): (path: string) => { text: string; type: string } | undefined {
  const read = new Map<string, { text: string; type: string }>()
  return (path) => {
    const known = files[path]
    if (!known) return undefined
    let found = read.get(path)
    if (!found) {
      try {
        found = { text: readFileSync(join(folder, known.file), 'utf8'), type: known.type }
      } catch {
        return undefined
      }
      read.set(path, found)
    }
    return found
  }
}
