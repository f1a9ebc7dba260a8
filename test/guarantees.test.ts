import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { packageRoot } from '../common/program.ts'
import { allFaults as faults } from './faults/faults/table.ts'

// docs/guarantees.md promises; each row names the test that shows it, and this keeps the names true. The tests themselves run with all others.

interface Row {
  fault: string
  /** [file, title] of each test that is named. */
  shownBy: [string, string][]
  kinds: string[]
}

const page = readFileSync(join(packageRoot, 'docs/guarantees.md'), 'utf8')

const rows: Row[] = page
  .split('\n')
  .filter((line) => line.startsWith('| ') && !/^\| (fault|---)/.test(line))
  .map((line) => {
    const cells = line.split(' | ')
    const last = cells.at(-1) ?? ''
    return {
      fault: cells[0]!.slice(2),
      shownBy: [...last.matchAll(/`(test\/[^`]+)`(?: "([^"]+)")?/g)].map((match) => [match[1]!, match[2] ?? '']),
      kinds: [...last.matchAll(/`([a-z0-9_]+)`/g)].map((match) => match[1]!),
    }
  })

describe('docs/guarantees.md', () => {
  it('has a row for each kind of fault that the harness makes', () => {
    expect(rows.length).toBeGreaterThan(20)
    const named = new Set(rows.flatMap(({ kinds }) => kinds))
    expect(faults.map(({ kind }) => kind).filter((kind) => !named.has(kind))).toEqual([])
    expect([...named].filter((kind) => !faults.some((fault) => fault.kind === kind))).toEqual([])
  })

  it.each(rows.map((row) => [row.fault, row] as const))('names tests that are there: %s', (_, { shownBy, kinds }) => {
    expect(shownBy.length + kinds.length).toBeGreaterThan(0)
    for (const [file, title] of shownBy) {
      expect(existsSync(join(packageRoot, file)), file).toBe(true)
      expect(title, `${file} needs the title of a test`).not.toBe('')
      expect(readFileSync(join(packageRoot, file), 'utf8').includes(title), `${file} has no test "${title}"`).toBe(true)
    }
  })
})
