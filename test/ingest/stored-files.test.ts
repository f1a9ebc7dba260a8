import type { DuckDBConnection } from '@duckdb/node-api'
import { expect, it } from 'vitest'
import { silentLog } from '../../common/log.ts'
import { createFooterCache, openStoredFiles } from '../../ingest/sinks/lake/stored-files.ts'

// What the lake knows of its own files, where reading them fails and where there are many.

const open = () =>
  openStoredFiles(
    {} as DuckDBConnection,
    '/nowhere',
    { lakeStreams: () => [], lakeLook: () => ({ cursor: undefined, tables: [] }) },
    silentLog,
  )

it('passes over a file that is damaged or gone', () => {
  const files = open()
  for (const why of [
    "Invalid Input Error: File 'a.parquet' too small to be a Parquet file",
    "Invalid Input Error: No magic bytes found at end of file 'a.parquet'",
    'IO Error: No files found that match the pattern "a.parquet"',
  ]) {
    files.unreadable('a.parquet', new Error(why))
  }
  expect(files.counters.unreadable_lookups).toBe(3)
})

it('does not pass over a file that can be read in a moment: its rows would be there twice', () => {
  const files = open()
  for (const why of [
    'Out of Memory Error: failed to allocate data of size 16.0 MiB (122.0 MiB/122.0 MiB used)',
    'IO Error: Cannot open file "a.parquet": Too many open files',
    'IO Error: Cannot open file "a.parquet": Permission denied',
    'INTERNAL Error: Attempted to dereference unique_ptr that is NULL!',
  ]) {
    expect(() => files.unreadable('a.parquet', new Error(why))).toThrow(why)
  }
  expect(files.counters.unreadable_lookups).toBe(0)
})

it('holds footers as far as their spans allow, the newest in any case', () => {
  const footers = createFooterCache(10)
  const footer = (rigs: number) => ({
    columns: [],
    spans: Array.from({ length: rigs }, (_, i) => ({ rig: `r${i}`, era: 0, minNs: '1', maxNs: '2', rows: 1 })),
  })
  for (const [path, rigs] of Object.entries({ a: 4, b: 4, c: 1 })) footers.set(path, footer(rigs))
  expect(['a', 'b', 'c'].map((path) => footers.get(path)?.spans.length)).toEqual([undefined, 4, 1])
  footers.set('wide', footer(1000))
  expect(['b', 'c', 'wide'].map((path) => footers.get(path)?.spans.length)).toEqual([undefined, undefined, 1000])
  footers.set('d', footer(1))
  expect(['wide', 'd'].map((path) => footers.get(path)?.spans.length)).toEqual([undefined, 1])
})
