import type { DuckDBConnection } from '@duckdb/node-api'
import type { Engine } from './look.ts'

/** An interrupt that comes before its query has begun is lost: so it is said until the work has ended. */
const interruptEveryMs = 100

/** A connection of its own for some work, whose queries are interrupted when the signal aborts. Throws what the work throws, or the signal's reason. */
export async function withConnection<T>(
  { instance }: Pick<Engine, 'instance'>,
  signal: AbortSignal,
  work: (connection: DuckDBConnection) => Promise<T>,
): Promise<T> {
  const connection = await instance.connect()
  let saying: NodeJS.Timeout | undefined
  const interrupt = () => {
    connection.interrupt()
    saying = setInterval(() => connection.interrupt(), interruptEveryMs)
  }
  signal.addEventListener('abort', interrupt, { once: true })
  try {
    signal.throwIfAborted()
    return await work(connection)
  } catch (error) {
    // An interrupted query says so in DuckDB's words.
    signal.throwIfAborted()
    throw error
  } finally {
    signal.removeEventListener('abort', interrupt)
    clearInterval(saying)
    connection.closeSync()
  }
}
