import { setTimeout as sleep } from 'node:timers/promises'
import type { Sample } from './sample.ts'

// Takes samples by the clock until it is told to stop.

export interface Keeper {
  readonly samples: readonly Sample[]
  /** `quiet`: the last one. */
  take(quiet?: boolean): Promise<void>
  run(everyMs: number, signal: AbortSignal, onSample: (sample: Sample) => void): Promise<void>
}

const triesMax = 3

/** A look that fails is tried again: files come and go meanwhile. */
export function createKeeper(look: (quiet: boolean) => Sample, problems: string[]): Keeper {
  const samples: Sample[] = []
  const take = async (quiet = false) => {
    for (let tries = 1; ; tries++) {
      try {
        samples.push(look(quiet))
        return
      } catch (error) {
        if (tries < triesMax) await sleep(200)
        else return void problems.push(`a sample could not be taken: ${(error as Error).message}`)
      }
    }
  }
  return {
    samples,
    take,
    async run(everyMs, signal, onSample) {
      const startedMs = performance.now()
      for (let count = 1; ; count++) {
        await take()
        const sample = samples.at(-1)
        if (sample) onSample(sample)
        const waitMs = Math.max(0, startedMs + count * everyMs - performance.now())
        await sleep(waitMs, undefined, { signal }).catch(() => {})
        if (signal.aborted) return
      }
    },
  }
}
