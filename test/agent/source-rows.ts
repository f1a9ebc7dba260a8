import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import type { Row, RowChunk, Source, SourceContext } from '../../agent/sources/source.ts'
import { silentLog } from '../../common/log.ts'
import { packageRoot } from '../../common/program.ts'

// What the tests of sources share: recorded data, a context, and reading rows until there are enough.

const dataFolder = join(packageRoot, '..', 'shared', 'data')
export const dataFile = (name: string): string => join(dataFolder, name)
/** For the names of tests that need a recording: empty if it is there. */
export const missingNote = (name: string): string =>
  existsSync(dataFile(name)) ? '' : ` (skipped: no ../shared/data/${name})`

export const nowNs = (): bigint => BigInt(Date.now()) * 1_000_000n

export const createContext = (folder: string, more: Partial<SourceContext> = {}): SourceContext => ({
  name: 'test',
  log: silentLog,
  nowNs,
  folder,
  ...more,
})

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'rigline-source-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

export interface Reading {
  rows: Row[]
  chunks: RowChunk[]
  /** Resolves once there are so many rows. */
  have(count: number): Promise<Row[]>
  /** Resolves once the source's health says so. */
  says(pattern: RegExp): Promise<RegExpExecArray>
  stop(): Promise<void>
}

/** Reads a source as the agent does, in the background. */
export function read(source: Source): Reading {
  const stop = new AbortController()
  const rows: Row[] = []
  const chunks: RowChunk[] = []
  let changed = () => {}
  let failure: unknown
  const running = (async () => {
    for await (const chunk of source.rows(stop.signal)) {
      chunks.push(chunk)
      rows.push(...chunk.rows)
      changed()
    }
  })().catch((error: unknown) => {
    failure = error
    changed()
  })
  const until = async (done: () => boolean, describe: () => string): Promise<void> => {
    const deadline = performance.now() + 20_000
    while (!done()) {
      if (failure) throw failure
      if (performance.now() > deadline) throw new Error(`waited too long: ${describe()}`)
      await new Promise<void>((resolve) => {
        const timeout = setTimeout(resolve, 20)
        changed = () => {
          clearTimeout(timeout)
          resolve()
        }
      })
    }
  }
  return {
    rows,
    chunks,
    async have(count) {
      await until(
        () => rows.length >= count,
        () => `${rows.length} rows of ${count}, health ${JSON.stringify(source.health())}`,
      )
      return rows
    },
    async says(pattern) {
      const match = () => pattern.exec(JSON.stringify(source.health()))
      await until(
        () => match() !== null,
        () => `${pattern} in ${JSON.stringify(source.health())}`,
      )
      return match()!
    },
    async stop() {
      stop.abort()
      await running
      await source.close()
      if (failure) throw failure
    },
  }
}

/** All rows of a source that ends. */
export async function readAll(source: Source): Promise<Row[]> {
  const rows: Row[] = []
  for await (const chunk of source.rows(new AbortController().signal)) rows.push(...chunk.rows)
  await source.close()
  return rows
}
