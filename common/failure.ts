import { ConfigError } from './config.ts'

/** A mistake of the person at the keyboard, told without a stack; exit code 2. */
export class UsageError extends Error {
  override name = 'UsageError'
}

interface CommanderError extends Error {
  code: string
  exitCode: number
}
const isCommanderError = (error: unknown): error is CommanderError =>
  error instanceof Error && 'exitCode' in error && String((error as { code?: unknown }).code).startsWith('commander.')

/** 0 for help and version, 2 for a mistake in arguments or configuration, 1 for what went wrong while running. */
export function exitCodeOf(error: unknown): number {
  if (isCommanderError(error)) return error.exitCode === 0 ? 0 : 2
  return error instanceof ConfigError || error instanceof UsageError ? 2 : 1
}

/** What to tell a person: the message with its causes; empty if commander has said it already. */
export function describeError(error: unknown): string {
  if (isCommanderError(error)) return ''
  if (!(error instanceof Error)) return `rigline: ${String(error)}`
  // What a message quotes already need not be said again.
  const causes: string[] = []
  for (let cause = error.cause; cause instanceof Error && causes.length < 5; cause = cause.cause)
    if (!error.message.includes(cause.message)) causes.push(cause.message)
  return [`rigline: ${error.message}`, ...causes.map((text) => `  because: ${text}`)].join('\n')
}
