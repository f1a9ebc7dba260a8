import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { builtProgram } from '../../common/program.ts'
import type { Position } from '../../common/segment-log-types.ts'
import { type Control, killedFile, poisonedFile } from './control-file.ts'
import type { NamedPoint } from './types.ts'

// The harness's side of the preload.

export interface ControlFile {
  /** For the program's environment, over the harness's own. */
  readonly env: { FAULTS_CONTROL: string; NODE_OPTIONS: string }
  /** What is undefined is as if it had never been set. */
  set(change: { [K in keyof Control]?: Control[K] | undefined }): void
  /** Resolves when the process is about to end by itself; rejects after timeoutMs, and then it will not. */
  killAt(point: NamedPoint, times: number, timeoutMs: number): Promise<void>
  /**
   * From now on the lake's process dies (SIGSEGV) when it writes one envelope, about `share` (0 to 1) into the next part that it writes.
   * `position`: which, as soon as it has met it. `heal`: it does not any more.
   */
  poison(share: number): { position(): Position | undefined; heal(): void }
}

let ids = 0

/** `folder` is created if missing; it must outlive the program and lie outside of its data. */
export function openControl(folder: string): ControlFile {
  mkdirSync(folder, { recursive: true })
  const file = join(folder, 'faults-control.json')
  let control: Control = {}
  const set: ControlFile['set'] = (change) => {
    const entries = Object.entries({ ...control, ...change })
    control = Object.fromEntries(entries.filter(([, value]) => value !== undefined))
    writeFileSync(`${file}.new`, JSON.stringify(control))
    renameSync(`${file}.new`, file)
  }
  set({})
  return {
    env: {
      FAULTS_CONTROL: file,
      NODE_OPTIONS: `--import ${pathToFileURL(builtProgram('faults-preload')).href}`,
    },
    set,
    async killAt(point, times, timeoutMs) {
      const id = `${process.pid}-${++ids}`
      const killed = killedFile(file, id)
      set({ kill: { id, point, times } })
      const until = performance.now() + timeoutMs
      while (!existsSync(killed) && performance.now() < until) await sleep(10)
      set({ kill: undefined })
      // It may have read the control file just now.
      if (!existsSync(killed)) await sleep(100)
      if (!existsSync(killed)) throw new Error(`${point} was not reached ${times} times within ${timeoutMs} ms`)
      rmSync(killed)
    },
    poison(share) {
      const id = `${process.pid}-${++ids}`
      set({ poison: { id, share } })
      return {
        position: () =>
          existsSync(poisonedFile(file, id))
            ? (JSON.parse(readFileSync(poisonedFile(file, id), 'utf8')) as Position)
            : undefined,
        heal: () => set({ poison: undefined }),
      }
    },
  }
}
