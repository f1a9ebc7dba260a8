import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { findProgram, freePort, makeFolder } from './debian.ts'
import { waitForHttp } from './wait-for-http.ts'

// A real VictoriaMetrics: it takes the writes of InfluxDB 2.x (/api/v2/write). It is no InfluxDB 2: it keeps ms and about 14
// digits, turns texts into 0 and drops what is older than its retention without a word.

export interface VictoriaMetrics {
  url: string
  /** What is stored under a selector, newest flushed first: [ms, value] by series. */
  exported(selector: string): Promise<{ metric: Record<string, string>; values: number[]; timestamps: number[] }[]>
  close(): Promise<void>
}

export async function startVictoriaMetrics(): Promise<VictoriaMetrics> {
  const program = await findProgram('victoria-metrics')
  if ('missing' in program) throw new Error(program.missing)
  const { folder, remove } = await makeFolder()
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const child = spawn(
    program.path,
    [
      `-httpListenAddr=127.0.0.1:${port}`,
      `-storageDataPath=${folder}`,
      '-retentionPeriod=100y',
      '-memory.allowedBytes=256MB',
      '-loggerLevel=ERROR',
    ],
    { env: { ...process.env, ...program.env }, stdio: ['ignore', 'ignore', 'pipe'] },
  )
  await waitForHttp(`${url}/health`, child)
  let closed = false
  return {
    url,
    async exported(selector) {
      await fetch(`${url}/internal/force_flush`)
      const response = await fetch(`${url}/api/v1/export?${new URLSearchParams({ 'match[]': selector })}`)
      const text = await response.text()
      return text
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line))
    },
    async close() {
      if (closed) return
      closed = true
      if (child.exitCode === null && child.signalCode === null) {
        const exited = once(child, 'exit')
        child.kill('SIGKILL')
        await exited
      }
      await remove()
    },
  }
}
