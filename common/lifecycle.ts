import type { Logger } from './log.ts'

/**
 * Runs until SIGTERM or SIGINT, then calls `close`, which stops the parts in the order of the flow. A second signal or
 * the deadline exits at once. Exit code 0 after an orderly stop, 1 otherwise.
 */
export async function runUntilSignal(log: Logger, close: () => Promise<void>, deadlineMs = 10_000): Promise<void> {
  const signal = await new Promise<NodeJS.Signals>((resolve) => {
    process.once('SIGTERM', resolve)
    process.once('SIGINT', resolve)
  })
  log.info({ signal }, 'stopping; a second signal exits at once')
  process.once('SIGTERM', () => process.exit(1))
  process.once('SIGINT', () => process.exit(1))
  const deadline = setTimeout(() => {
    log.error({ deadlineMs }, 'not stopped within the deadline: exiting')
    process.exit(1)
  }, deadlineMs)
  await close()
  clearTimeout(deadline)
  log.info('stopped')
}
