import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { openCrashGuard } from '../../ingest/sinks/lake/crash-guard.ts'
import { segmentA } from './lake-setup.ts'

/** Processes that write envelopes 0 to 99 and die of number `deadly`; returns what was refused and written, and the deaths. */
function live(folder: string, deadly: number, deathsMax = 30) {
  const written: number[] = []
  const refused: number[] = []
  const at = (number: number) => ({ segment: segmentA, offset: number * 10 })
  let next = 0
  for (let deaths = 0; deaths < deathsMax; deaths++) {
    const guard = openCrashGuard(folder)
    const run = (): boolean => {
      let part: number[] = []
      let number = next
      while (number < 100 || part.length > 0) {
        if (number < 100) {
          try {
            guard.check(at(number))
            part.push(number)
          } catch {
            refused.push(number)
          }
          number++
        }
        if (part.length < Math.min(40, guard.envelopesMax) && number < 100) continue
        if (part.length > 0) {
          guard.begin(at(part[0]!), at(part.at(-1)! + 1), part.length)
          if (part.includes(deadly)) return false
          guard.end()
        }
        written.push(...part)
        part = []
        next = number
      }
      return true
    }
    if (run()) return { written, refused, deaths }
  }
  throw new Error('it never got past the deadly envelope')
}

it.each([0, 17, 39, 40, 99])('goes on without the envelope that kills it, number %i', (deadly) => {
  const folder = mkdtempSync(join(tmpdir(), 'rigline-guard-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const { written, refused, deaths } = live(folder, deadly)
  expect(new Set(refused)).toEqual(new Set([deadly]))
  expect(written).toEqual(Array.from({ length: 100 }, (_, i) => i).filter((number) => number !== deadly))
  expect(deaths).toBeLessThanOrEqual(10)
})

it('refuses nothing after a single death, which may have been the power', () => {
  const folder = mkdtempSync(join(tmpdir(), 'rigline-guard-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const at = (offset: number) => ({ segment: segmentA, offset })
  openCrashGuard(folder).begin(at(0), at(10), 1)
  const guard = openCrashGuard(folder)
  guard.check(at(0))
  expect(guard.envelopesMax).toBe(Number.POSITIVE_INFINITY)
})
