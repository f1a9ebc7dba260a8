import { createProgressLine } from '../progress-line.ts'
import type { SpanProgress, SpanResult } from './refill-span.ts'

const number = (count: number): string => Math.round(count).toLocaleString('en-US')

export interface RefillProgress {
  now(progress: SpanProgress): void
  end(result: SpanResult): void
  /** Takes away the line that changes. */
  clear(): void
}

/** How far a refill is. */
export function createRefillProgress(out?: NodeJS.WriteStream): RefillProgress {
  const startedMs = performance.now()
  const line = createProgressLine(out)
  let waited: string | undefined
  const seconds = () => Math.max(0.001, (performance.now() - startedMs) / 1000)
  return {
    clear: () => line.end(),
    now({ rows, rowsAbout, waitingFor }) {
      // That it waits is said at once.
      const isNews = waitingFor !== waited
      waited = waitingFor
      line.say(
        () =>
          waitingFor === undefined
            ? `refill: ${number(rows)} of about ${number(Math.max(rows, rowsAbout))} rows, ${number(rows / seconds())} rows/s`
            : `refill: ${number(rows)} rows; waiting for ${waitingFor}`,
        isNews,
      )
    },
    end({ rows, lines, refused, beyondRetention }) {
      const more = [
        ...(beyondRetention > 0 ? [`${number(beyondRetention)} are older than InfluxDB keeps`] : []),
        ...(refused > 0 ? [`${number(refused)} were refused: see rigline quarantine list`] : []),
      ]
      line.end(
        `refill: ${number(rows)} rows of the lake are in InfluxDB, ${number(lines)} points in ${seconds().toFixed(1)} s${more.map((text) => `; ${text}`).join('')}`,
      )
    },
  }
}
