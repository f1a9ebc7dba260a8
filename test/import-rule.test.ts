import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

// Imports go one way (docs/ARCHITECTURE.md): parts know common and protos, never each other. Only up.ts, demo.ts and the
// commands at the root wire several parts.

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..')

const allowed: Record<string, string[]> = {
  protos: [],
  common: ['protos'],
  agent: ['common', 'protos'],
  broker: ['common', 'protos'],
  ingest: ['common', 'protos'],
  dashboards: ['protos', 'ingest/http'],
}

/** What the page may import of protos: nothing that needs Node. */
const nodeOnly = /from 'node:/

function sourceFiles(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
}

function importsOf(file: string): { path: string; typeOnly: boolean }[] {
  const text = readFileSync(join(root, file), 'utf8')
  const found = [...text.matchAll(/(import|export)\s+(type\s)?[^'";]*?from\s+'(\.[^']+)'|import\('(\.[^']+)'\)/g)]
  return found.map((match) => ({
    path: relative(root, resolve(root, dirname(file), match[3] ?? match[4]!)),
    typeOnly: match[2] !== undefined,
  }))
}

describe('imports go one way', () => {
  for (const [folder, others] of Object.entries(allowed)) {
    test(`${folder} imports ${others.join(' and ') || 'nothing else'}`, () => {
      const files = sourceFiles(folder)
      const wrong = files.flatMap((file) =>
        importsOf(file)
          .filter(({ path }) => ![folder, ...others].some((other) => path.startsWith(`${other}/`)))
          .map(({ path }) => `${file} -> ${path}`),
      )
      expect(wrong).toEqual([])
    })
  }

  test('dashboards take only types from ingest, and nothing that needs Node', () => {
    const seen = new Set<string>()
    const queue = sourceFiles('dashboards')
    expect(queue.length).toBeGreaterThan(0)
    for (const file of queue) {
      if (seen.has(file)) continue
      seen.add(file)
      expect(readFileSync(join(root, file), 'utf8'), file).not.toMatch(nodeOnly)
      for (const { path, typeOnly } of importsOf(file)) {
        if (path.startsWith('ingest/')) expect(typeOnly, `${file} -> ${path}`).toBe(true)
        else if (path.endsWith('.ts')) queue.push(path)
      }
    }
  })

  test('only the root wires several parts', () => {
    for (const file of readdirSync(root).filter((name) => name.endsWith('.ts'))) {
      const parts = new Set(importsOf(file).map(({ path }) => path.split('/')[0]))
      if (parts.size > 2) expect(['cli.ts', 'up.ts', 'demo.ts', 'config-commands.ts']).toContain(file)
    }
  })
})

test('work is limited in time by common/time-limit.ts: Node 20 may collect an AbortSignal.timeout before it fires', () => {
  const folders = Object.keys(allowed).filter((folder) => folder !== 'dashboards')
  const using = folders
    .flatMap(sourceFiles)
    .filter((file) => /^(?!\s*(\/\/|\*)).*AbortSignal\.timeout/m.test(readFileSync(join(root, file), 'utf8')))
  expect(using).toEqual([])
})
