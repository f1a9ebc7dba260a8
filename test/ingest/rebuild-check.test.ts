import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { checkCatalog } from '../../ingest/catalog/check-catalog.ts'
import { openSqlite } from '../../ingest/catalog/sqlite.ts'
import { verify } from '../../ingest/verify/verify.ts'
import { runCommand } from '../services/rigline.ts'
import { openRuns } from './runs-setup.ts'

// What ingest does at its start with a catalog that cannot be relied on.

const hint = (folder: string) => `rigline catalog rebuild --data ${folder}`

/** A data folder as an ingest has left it, with enough in its catalog for several pages. */
async function openFolder() {
  const ground = await openRuns()
  for (let i = 0; i < 200; i++) {
    await ground.fromRig('자동차-2', { type: 'run.started', run: `r${i}`, rigs: [], facts: { operator: '김' } })
  }
  await ground.close()
  return { folder: ground.folder, file: join(ground.folder, 'catalog.sqlite') }
}

it('relies on the one that is there, and on none where there is nothing else', async () => {
  const { folder, file } = await openFolder()
  expect(checkCatalog(folder)).toBe('good')
  rmSync(file)
  rmSync(`${file}-wal`, { force: true })
  expect(checkCatalog(folder)).toBe('missing')
  // One that has just been made, beside a journal that is older.
  openSqlite(file).close()
  expect(checkCatalog(folder)).toBe('missing')
  const other = join(folder, 'other')
  mkdirSync(other)
  expect(checkCatalog(other)).toBe('new')
  // Cut short at the first start of all.
  writeFileSync(join(other, 'catalog.sqlite'), '')
  expect(checkCatalog(other)).toBe('new')
})

it('refuses a damaged one, and says what to do', async () => {
  const { folder, file } = await openFolder()
  const whole = join(folder, 'whole')
  const sql = openSqlite(file)
  sql.all('PRAGMA wal_checkpoint(TRUNCATE)')
  sql.close()
  copyFileSync(file, whole)
  const damages: [what: string, damage: () => void][] = [
    ['empty', () => truncateSync(file, 0)],
    ['half', () => truncateSync(file, readFileSync(file).length >> 1)],
    ['cut in its header', () => truncateSync(file, 50)],
    ['foreign', () => writeFileSync(file, 'a,b,c\n'.repeat(1000))],
    [
      'flipped',
      () => {
        const bytes = readFileSync(file)
        for (let at = 4096; at < bytes.length; at += 64) bytes[at]! ^= 0xff
        writeFileSync(file, bytes)
      },
    ],
  ]
  for (const [what, damage] of damages) {
    for (const ending of ['-wal', '-shm']) rmSync(file + ending, { force: true })
    copyFileSync(whole, file)
    expect(checkCatalog(folder), what).toBe('good')
    damage()
    expect(() => checkCatalog(folder), what).toThrow(/damaged/)
    expect(() => checkCatalog(folder), what).toThrow(hint(folder))
    await expect(verify({ dataFolder: folder }), what).rejects.toThrow(hint(folder))
    const told = await runCommand(['verify', '--data', folder])
    expect([told.code, told.stderr], what).toEqual([1, expect.stringContaining(hint(folder))])
    expect(told.stderr, what).not.toMatch(/ at /)
  }
})

it('is made by nobody but ingest itself', async () => {
  const { folder, file } = await openFolder()
  for (const ending of ['', '-wal', '-shm']) rmSync(file + ending, { force: true })
  expect(() => openSqlite(file, { mustExist: true })).toThrow(/no catalog/)
  expect(() => openSqlite(file, { readOnly: true })).toThrow(/no catalog/)
  expect(existsSync(file)).toBe(false)
  expect(checkCatalog(folder)).toBe('missing')
})

it('takes no database of somebody else for a catalog', async () => {
  const { folder, file } = await openFolder()
  for (const ending of ['', '-wal', '-shm']) rmSync(file + ending, { force: true })
  const { default: Database } = await import('libsql')
  const foreign = new Database(file, {})
  foreign.exec('CREATE TABLE x (y)')
  foreign.close()
  expect(() => checkCatalog(folder)).toThrow(/no catalog/)
})

it('knows a copy from before the journal was cut', async () => {
  const { folder, file } = await openFolder()
  const sql = openSqlite(file)
  sql.run("UPDATE cursors SET segment = '01H00000000000000000000000' WHERE reader = 'ranges'")
  sql.close()
  expect(checkCatalog(folder)).toBe('old')
})

it('tells whoever verifies a folder without one what to do', async () => {
  const { folder, file } = await openFolder()
  for (const ending of ['', '-wal', '-shm']) rmSync(file + ending, { force: true })
  const told = await runCommand(['verify', '--data', folder])
  expect([told.code, told.stderr]).toEqual([1, expect.stringContaining(hint(folder))])
})
