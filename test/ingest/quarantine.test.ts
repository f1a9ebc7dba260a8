import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterEach, expect, test } from 'vitest'
import { openQuarantine } from '../../ingest/quarantine.ts'

const folders: string[] = []
const newFolder = () => {
  const folder = mkdtempSync(join(tmpdir(), 'rigline-quarantine-'))
  folders.push(folder)
  return folder
}
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

const entry = (by: string, bytes = 1000) => ({
  by,
  reason: '읽을 수 없음',
  detail: '',
  content: 'envelope' as const,
  bytes: Buffer.alloc(bytes, 7),
})

test('says which entry had to make room, loudly where nobody else has it', () => {
  const lines: Record<string, unknown>[] = []
  const log = pino({ base: null }, { write: (line: string) => void lines.push(JSON.parse(line)) })
  const quarantine = openQuarantine(newFolder(), 8000, log)
  const lost = { ...entry('lake'), rig: '서울-1', spool: 'S', seq: 7 }
  const id = quarantine.put(lost)
  for (let i = 0; i < 5; i++) quarantine.put(entry('influx'))
  for (let i = 0; i < 5; i++) quarantine.put(entry('receive'))
  expect(quarantine.ids()).not.toContain(id)
  expect(lines).toMatchObject([
    { level: 50, entry: id, by: 'lake', rig: '서울-1', spool: 'S', seq: 7 },
    { level: 40, by: 'receive' },
  ])
})

test('does not let what cannot be read push out what was receipted', () => {
  const folder = newFolder()
  const quarantine = openQuarantine(folder, 40_000)
  const ids = [quarantine.put(entry('lake')), quarantine.put(entry('influx'))]
  for (let i = 0; i < 100; i++) quarantine.put(entry('receive'))
  expect(quarantine.dropped).toBeGreaterThan(80)
  // Another process, as a sink is, sees the same and keeps to the same bounds.
  const other = openQuarantine(folder, 40_000)
  expect(ids.map((id) => other.read(id).by)).toEqual(['lake', 'influx'])
  const received = other.list().filter(({ by }) => by === 'receive')
  expect(received.length).toBeGreaterThan(8)
  expect(received.length).toBeLessThan(15)
  for (let i = 0; i < 100; i++) other.put(entry('lake'))
  expect(other.list().filter(({ by }) => by === 'receive')).toEqual(received)
  expect(other.list().filter(({ by }) => by === 'lake').length).toBeLessThan(15)
})

test('gives back and removes what it was given, whoever put it there', () => {
  const quarantine = openQuarantine(newFolder())
  const ids = ['receive', 'lake'].map((by) => quarantine.put(entry(by, 3)))
  expect(quarantine.ids()).toEqual(ids)
  for (const id of ids) {
    expect(quarantine.read(id)).toMatchObject({ id, reason: '읽을 수 없음' })
    expect([...quarantine.read(id).bytes]).toEqual([7, 7, 7])
    quarantine.remove(id)
    expect(() => quarantine.read(id)).toThrow(/ENOENT/)
  }
  expect(quarantine.list()).toEqual([])
})
