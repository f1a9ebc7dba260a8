import type { NumberedFile } from '../catalog/owed-table.ts'
import type { Sink } from '../sinks/sink.ts'
import { type FileReader, UnreadableFileError, type Wanted } from './read-file.ts'

// Files of the lake -> the sink of InfluxDB, one after the other; never more in memory than the sink takes for one flush.

export interface RefillParts {
  reader: FileReader
  sink: Sink
  signal: AbortSignal
  wanted?: Wanted
  /** Waited for before each flush. */
  gate?: () => Promise<void>
  /** Rows were read. */
  onRows(rows: number): void
  /** All up to this file is in InfluxDB, or in quarantine, but for those that could not be read. */
  onStored(last: NumberedFile): void
  /** Of this file a part at most is stored, of those before it all; the next ones follow. */
  onUnreadable(file: NumberedFile, error: UnreadableFileError): void
}

/** Resolves when all of it is stored. Waits out outages; rejects when `signal` aborts. */
export async function refillFiles(files: Iterable<NumberedFile>, parts: RefillParts): Promise<void> {
  const { reader, sink, signal, wanted = {}, gate, onRows, onStored, onUnreadable } = parts
  let read: NumberedFile | undefined
  const flush = async () => {
    await gate?.()
    await sink.flush(signal)
    if (read) onStored(read)
  }
  const readFile = async ({ file }: NumberedFile) => {
    for await (const envelope of reader.envelopes(file, wanted)) {
      signal.throwIfAborted()
      sink.add(envelope)
      onRows(envelope.body.type === 'batch' ? envelope.body.batch.rows : 1)
      if (sink.full()) await flush()
    }
  }
  for (const next of files) {
    try {
      await readFile(next)
      read = next
    } catch (error) {
      if (!(error instanceof UnreadableFileError)) throw error
      await flush()
      read = undefined
      onUnreadable(next, error)
    }
  }
  await flush()
}
