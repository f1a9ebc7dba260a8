import { resolve } from 'node:path'
import type { Logger } from '../../../common/log.ts'
import { sleep } from '../replay/pace.ts'
import { type FollowedFile, followFile } from './followed-file.ts'
import type { Block, InputOf, LineInput } from './input.ts'
import { type ToRead, whereToGoOn } from './rotated.ts'

// A file that grows, followed as `tail -F` does: through renaming and a new file of the same name, and through
// truncation (logrotate's copytruncate). What is written between logrotate's copy and its truncation is lost, as always.

const pollMs = 100

export interface FileInputOptions {
  folder: string
  log: Logger
  resume?: { position: number; origin: string } | undefined
}

export function createFileInput(config: InputOf<'file'>, options: FileInputOptions): LineInput {
  const path = resolve(options.folder, config.path)
  let waiting: ToRead[] | undefined
  let current: FollowedFile | undefined
  let notice = ''
  let trouble = 'not opened yet'

  /** What is to be read first; undefined while that cannot be told. */
  const plan = async (): Promise<ToRead[] | undefined> => {
    if (!options.resume) return []
    const found = await whereToGoOn(path, options.resume)
    notice = found?.notice ?? ''
    if (notice) options.log.warn({ path, was: options.resume.origin }, notice)
    return found?.files
  }

  const openNext = async (): Promise<FollowedFile | undefined> => {
    const first = waiting === undefined
    waiting ??= await plan()
    if (!waiting) {
      trouble = 'there is no such file, or it cannot be read'
      return undefined
    }
    const next = waiting.shift() ?? { path, offset: 0 }
    try {
      const atEnd = first && !options.resume && config.from === 'end'
      const opened = await followFile(next.path, atEnd ? 'end' : next.offset, next.known)
      // Rotated between the look and the opening: look again.
      if (!opened) waiting = undefined
      trouble = ''
      return opened
    } catch (error) {
      if (next.known) waiting = undefined
      const { code, message } = error as NodeJS.ErrnoException
      trouble = code === 'ENOENT' ? 'there is no such file yet' : message
      return undefined
    }
  }

  /** Reads on; undefined if there is nothing yet. A failing disk or server is waited for. */
  const read = async (file: FollowedFile): Promise<Block | undefined> => {
    try {
      if (await file.wasTruncated()) {
        const last = file.last()
        file.restart()
        return last
      }
      const block = await file.read()
      trouble = ''
      return block
    } catch (error) {
      trouble = (error as Error).message
      return undefined
    }
  }

  async function* blocks(signal: AbortSignal): AsyncGenerator<Block[]> {
    let replaced = false
    while (!signal.aborted) {
      current ??= await openNext()
      const block = current && (await read(current))
      if (block) {
        yield [block]
        replaced = false
        continue
      }
      if (current && trouble === '') {
        // Whoever writes may have the old file open a moment longer: it is left when nothing came between two looks.
        const looked = replaced
        replaced = await current.isReplaced(path)
        if (waiting!.length > 0 || (looked && replaced)) {
          yield [current.last()]
          await current.close()
          current = undefined
          replaced = false
          continue
        }
      }
      await sleep(pollMs, signal)
    }
  }

  return {
    blocks,
    status: () =>
      trouble === ''
        ? { state: 'running', detail: notice }
        : { state: 'waiting', detail: `waits for ${path}: ${trouble}` },
    async close() {
      const file = current
      current = undefined
      await file?.close()
    },
  }
}
