import { statfs } from 'node:fs/promises'
import { cpus, freemem, loadavg, totalmem } from 'node:os'
import { profile, type StandardChannel, standardChannels } from '../../../protos/profile.ts'
import type { Channel } from '../../../protos/types.ts'
import type { Value } from '../source.ts'
import { createRateMeter } from './counters.ts'
import { findTemperatures, readDisks, readMemory, readNetwork, readProcessorTimes } from './linux.ts'

// What is measured on this machine, each with its channels. What can't be measured here has none.

export interface Measure {
  channels: Channel[]
  /** The values of its channels now; `nowS` is monotonic. */
  read(nowS: number): Value[]
}

export interface Machine {
  platform: NodeJS.Platform
  /** Folders of Linux. */
  proc: string
  sys: string
}

export const thisMachine: Machine = { platform: process.platform, proc: '/proc', sys: '/sys' }

const measureOf = (names: StandardChannel[], read: Measure['read']): Measure => ({
  channels: standardChannels(...names),
  read,
})

export function createProcessorMeasure({ platform, proc }: Machine): Measure {
  const readTimes = () => (platform === 'linux' ? readProcessorTimes(proc) : undefined) ?? processorTimes()
  let last = readTimes()
  return measureOf(['processor_used'], () => {
    const times = readTimes()
    const busy = times.busy - last.busy
    const total = times.total - last.total
    last = times
    // The kernel's counters of a processor that sleeps may step back a little.
    return [total > 0 && busy >= 0 ? Math.min(100, (100 * busy) / total) : null]
  })
}

function processorTimes(): { busy: number; total: number } {
  let busy = 0
  let total = 0
  for (const { times } of cpus()) {
    busy += times.user + times.nice + times.sys + times.irq
    total += times.user + times.nice + times.sys + times.irq + times.idle
  }
  return { busy, total }
}

/** Windows knows no load average: Node says 0. */
export const createLoadMeasure = ({ platform }: Machine): Measure | undefined =>
  platform === 'win32' ? undefined : measureOf(['load'], () => [loadavg()[0] ?? null])

export function createMemoryMeasure({ platform, proc }: Machine): Measure {
  return measureOf(['memory_used', 'memory_available'], () => {
    const memory = platform === 'linux' ? readMemory(proc) : undefined
    const { total, available } = memory ?? { total: totalmem(), available: freemem() }
    return [total - available, available]
  })
}

export interface SpaceMeasure extends Measure {
  /** Asks anew; resolves with the answer, or when there has been none for a moment. */
  refresh(): Promise<void>
  /** What is wrong with the path, in words. */
  problem(): string | undefined
}

const patienceMs = 200

/** A network disk that is gone may not answer for minutes: nothing waits for it, and what it said last is not repeated. */
export function createSpaceMeasure(path: string, ask: typeof statfs = statfs): SpaceMeasure {
  const silent = `${path} does not answer`
  let values: Value[] = [null, null]
  let problem: string | undefined
  let asking: Promise<void> | undefined

  const fetch = async () => {
    try {
      const { bsize, blocks, bfree, bavail } = await ask(path)
      values = [(blocks - bfree) * bsize, bavail * bsize]
      problem = undefined
    } catch (error) {
      values = [null, null]
      problem = `${path}: ${(error as Error).message}`
    }
    asking = undefined
  }
  return {
    ...measureOf(['disk_used', 'disk_free'], () => values),
    async refresh() {
      asking ??= fetch()
      let timer: NodeJS.Timeout | undefined
      const impatience = new Promise<void>((done) => {
        timer = setTimeout(done, patienceMs)
      })
      await Promise.race([asking, impatience])
      clearTimeout(timer)
      if (!asking) return
      values = [null, null]
      problem = silent
    },
    problem: () => problem,
  }
}

export function createDiskMeasure({ platform, proc, sys }: Machine): Measure | undefined {
  if (platform !== 'linux' || !readDisks(proc, sys)) return undefined
  const read = createRateMeter()
  const written = createRateMeter()
  return measureOf(['disk_read', 'disk_written'], (nowS) => {
    const counters = readDisks(proc, sys)
    return [read.rate(counters?.read, nowS), written.rate(counters?.written, nowS)]
  })
}

export function createNetworkMeasure({ platform, proc, sys }: Machine, interfaces?: string[]): Measure | undefined {
  if (platform !== 'linux' || !readNetwork(proc, sys, interfaces)) return undefined
  const received = createRateMeter()
  const sent = createRateMeter()
  return measureOf(['network_received', 'network_sent'], (nowS) => {
    const counters = readNetwork(proc, sys, interfaces)
    return [received.rate(counters?.received, nowS), sent.rate(counters?.sent, nowS)]
  })
}

export function createTemperatureMeasure({ platform, sys }: Machine): Measure | undefined {
  const sensors = platform === 'linux' ? findTemperatures(sys) : []
  if (sensors.length === 0) return undefined
  return {
    channels: sensors.map(({ name }) => ({
      ...profile.temperature,
      name: `temperature_${name}`,
      description: `Temperature: ${name}`,
    })),
    read: () => sensors.map((sensor) => sensor.read()),
  }
}
