import type { SpanProgress, SpanResult } from './refill-span.ts'

// How far a refill is, on standard error: one line that changes on a terminal, else a line every few seconds.

const lineEveryMs = 5000
const number = (count: number): string => Math.round(count).toLocaleString('en-US')

export interface RefillProgress {
  now(progress: SpanProgress): void
  end(result: SpanResult): void
  /** Takes away the line that changes. */
  clear(): void
}

export function createRefillProgress(out: NodeJS.WriteStream = process.stderr): RefillProgress {
  const startedMs = performance.now()
  let saidMs = startedMs
  let waited: string | undefined
  const clear = () => {
    if (out.isTTY) out.write('\r\u001b[K')
  }
  const seconds = () => Math.max(0.001, (performance.now() - startedMs) / 1000)
  return {
    clear,
    now({ rows, rowsAbout, waitingFor }) {
      // That it waits is said at once.
      const isNews = waitingFor !== waited
      if (!out.isTTY && !isNews && performance.now() - saidMs < lineEveryMs) return
      saidMs = performance.now()
      waited = waitingFor
      const text =
        waitingFor === undefined
          ? `refill: ${number(rows)} of about ${number(Math.max(rows, rowsAbout))} rows, ${number(rows / seconds())} rows/s`
          : `refill: ${number(rows)} rows; waiting for ${waitingFor}`
      clear()
      out.write(out.isTTY ? text : `${text}\n`)
    },
    end({ rows, lines, refused, beyondRetention }) {
      clear()
      const more = [
        ...(beyondRetention > 0 ? [`${number(beyondRetention)} are older than InfluxDB keeps`] : []),
        ...(refused > 0 ? [`${number(refused)} were refused: see rigline quarantine list`] : []),
      ]
      out.write(
        `refill: ${number(rows)} rows of the lake are in InfluxDB, ${number(lines)} points in ${seconds().toFixed(1)} s${more.map((text) => `; ${text}`).join('')}\n`,
      )
    },
  }
}
