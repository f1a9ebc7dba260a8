import { createProgressLine } from '../progress-line.ts'

// How far a long transfer is: as a bar, where it is known how long it is.

export interface Progress {
  add(bytes: number): void
  /** Ends the bar, with a last line. */
  end(text: string): void
}

const barChars = 30

/** `bytesAbout`: what is expected, coarsely; 0 if not known. */
export function createProgress(what: string, bytesAbout: number, out?: NodeJS.WriteStream): Progress {
  const startedMs = performance.now()
  const line = createProgressLine(out)
  let bytes = 0

  const text = () => {
    const seconds = (performance.now() - startedMs) / 1000
    const rate = `${formatBytes(bytes)}, ${formatBytes(bytes / Math.max(seconds, 0.001))}/s`
    if (bytesAbout <= 0) return `${what}: ${rate}`
    // The estimate may be short of the truth: it is whole when it has ended, not before.
    const share = Math.min(0.99, bytes / bytesAbout)
    const filled = Math.round(share * barChars)
    const bar = `[${'#'.repeat(filled)}${'.'.repeat(barChars - filled)}]`
    return `${what}: ${bar} ${String(Math.floor(share * 100)).padStart(2)} % ${rate}`
  }

  return {
    add(count) {
      bytes += count
      line.say(text)
    },
    end: (last) => line.end(`${what}: ${last}`),
  }
}

export function formatBytes(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB']
  let value = bytes
  let unit = 0
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000
    unit++
  }
  return `${unit === 0 ? Math.round(value) : value.toPrecision(3)} ${units[unit]}`
}
