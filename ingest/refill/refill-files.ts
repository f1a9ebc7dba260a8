import type { NumberedFile } from '../catalog/owed-table.ts'
import type { Sink } from '../sinks/sink.ts'
import type { FileReader, Wanted } from './read-file.ts'

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
  /** All up to this file is in InfluxDB, or in quarantine. */
  onStored(last: NumberedFile): void
}

/** Resolves when all of it is stored. Waits out outages; rejects when `signal` aborts, and if a file cannot be read. */
export async function refillFiles(files: Iterable<NumberedFile>, parts: RefillParts): Promise<void> {
  const { reader, sink, signal, wanted = {}, gate, onRows, onStored } = parts
  let read: NumberedFile | undefined
  const flush = async () => {
    await gate?.()
    await sink.flush(signal)
    if (read) onStored(read)
  }
  for (const next of files) {
    for await (const envelope of reader.envelopes(next.file, wanted)) {
      signal.throwIfAborted()
      sink.add(envelope)
      onRows(envelope.body.type === 'batch' ? envelope.body.batch.rows : 1)
      if (sink.full()) await flush()
    }
    read = next
  }
  await flush()
}
