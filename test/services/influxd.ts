import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { findProgram, freePort, makeFolder } from './debian.ts'
import { waitForHttp } from './wait-for-http.ts'

// A real InfluxDB 1.x in a temporary folder, on a free port.

export interface Influxd {
  url: string
  /** SIGKILL: what was acknowledged must still be there after `restart`. */
  kill(): Promise<void>
  /** Starts it again, on the same port and folder. */
  restart(): Promise<void>
  /** Stops its process for a while without ending it: it takes connections and doesn't answer. */
  pause(): Promise<void>
  resume(): void
  /** Ends it and removes its folder. Safe twice. */
  close(): Promise<void>
}

export interface InfluxdOptions {
  /** Asks for credentials; the first user is made by the test (`CREATE USER ... WITH ALL PRIVILEGES`). */
  auth?: boolean
  /** More settings, as in INFLUXDB_DATA_MAX_SERIES_PER_DATABASE. */
  env?: Record<string, string>
}

export async function startInfluxd({ auth = false, env = {} }: InfluxdOptions = {}): Promise<Influxd> {
  const program = await findProgram('influxd')
  if ('missing' in program) throw new Error(program.missing)
  const { folder, remove } = await makeFolder()
  const port = await freePort()
  const rpcPort = await freePort()
  const url = `http://127.0.0.1:${port}`
  let child: ChildProcess | undefined

  const start = async () => {
    child = spawn(program.path, [], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: {
        ...process.env,
        ...program.env,
        ...influxdEnvironment(folder, port, rpcPort),
        INFLUXDB_HTTP_AUTH_ENABLED: String(auth),
        ...env,
      },
    })
    await waitForHttp(`${url}/ping`, child)
  }

  const stop = async (signal: NodeJS.Signals) => {
    const running = child
    child = undefined
    if (!running || running.exitCode !== null || running.signalCode !== null) return
    const exited = once(running, 'exit')
    running.kill('SIGCONT')
    running.kill(signal)
    const forced = setTimeout(() => running.kill('SIGKILL'), 5000)
    await exited
    clearTimeout(forced)
  }

  await start()
  return {
    url,
    kill: () => stop('SIGKILL'),
    restart: async () => {
      await stop('SIGTERM')
      await start()
    },
    async pause() {
      child?.kill('SIGSTOP')
      // On a busy machine it answers a while yet.
      while (child && isRunning(child.pid!)) await sleep(10)
    },
    resume: () => void child?.kill('SIGCONT'),
    close: async () => {
      await stop('SIGTERM')
      await remove()
    },
  }
}

/** As Linux tells it: neither stopped (T) nor gone. */
function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+[TZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

/** Runs an InfluxQL statement and returns the parsed answer. Throws on an error in it. */
export async function influxQuery(
  url: string,
  query: string,
  options: { database?: string; authorization?: string } = {},
): Promise<{ name: string; columns: string[]; values: unknown[][] }[]> {
  const response = await fetch(`${url}/query`, {
    method: 'POST',
    headers: options.authorization === undefined ? {} : { authorization: options.authorization },
    body: new URLSearchParams({ q: query, epoch: 'ns', ...(options.database ? { db: options.database } : {}) }),
  })
  const answer = (await response.json()) as {
    error?: string
    results?: { error?: string; series?: { name: string; columns: string[]; values: unknown[][] }[] }[]
  }
  const error = answer.error ?? answer.results?.[0]?.error
  if (error !== undefined) throw new Error(`${query}: ${error}`)
  return answer.results?.[0]?.series ?? []
}

/** For the program itself: all in one folder, on these ports of loopback. */
export const influxdEnvironment = (folder: string, port: number, rpcPort: number): Record<string, string> => ({
  HOME: folder,
  INFLUXDB_REPORTING_DISABLED: 'true',
  INFLUXDB_BIND_ADDRESS: `127.0.0.1:${rpcPort}`,
  INFLUXDB_META_DIR: join(folder, 'meta'),
  INFLUXDB_DATA_DIR: join(folder, 'data'),
  INFLUXDB_DATA_WAL_DIR: join(folder, 'wal'),
  INFLUXDB_DATA_QUERY_LOG_ENABLED: 'false',
  INFLUXDB_MONITOR_STORE_ENABLED: 'false',
  INFLUXDB_HTTP_BIND_ADDRESS: `127.0.0.1:${port}`,
  INFLUXDB_HTTP_LOG_ENABLED: 'false',
})
