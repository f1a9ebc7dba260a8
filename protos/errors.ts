// What can be wrong with bytes of the wire. Each says what was read and, where there is one, the cause.

/** The number, rig or spool of an envelope cannot be read: it cannot be journaled and goes to quarantine. */
export class UnreadableEnvelopeError extends Error {
  override readonly name = 'UnreadableEnvelopeError'
}

/** A message that is no bundle of envelopes. */
export class UnreadableBundleError extends Error {
  override readonly name = 'UnreadableBundleError'
}

/** The body of an envelope makes no sense: its number counts as had, its bytes go to quarantine. */
export class UnreadableBodyError extends Error {
  override readonly name = 'UnreadableBodyError'
}

/** A column in an encoding that this release does not know: a newer agent's. The envelope is parked or quarantined. */
export class UnknownEncodingError extends Error {
  override readonly name = 'UnknownEncodingError'
  readonly encoding: number
  constructor(column: number, encoding: number) {
    super(`column ${column} has the unknown encoding ${encoding}; a newer agent may have sent it: update ingest`)
    this.encoding = encoding
  }
}

/** A status, receipt, probe or other small message that cannot be read. */
export class UnreadableMessageError extends Error {
  override readonly name = 'UnreadableMessageError'
}

/** A schema that breaks the rules; all mistakes at once. */
export class SchemaError extends Error {
  override readonly name = 'SchemaError'
  readonly problems: string[]
  constructor(stream: string, problems: string[]) {
    super(`schema of stream ${JSON.stringify(stream)}: ${problems.join('; ')}`)
    this.problems = problems
  }
}

export const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
