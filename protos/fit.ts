import type { Batch, Channel, Column, Kind, Schema } from './types.ts'

/**
 * A batch with exactly the columns of its schema, whatever was sent: a column that is missing, or of another kind than
 * its channel, becomes one without values; columns beyond the channels are left out. Each of these is told. The usual
 * batch is returned as it is.
 */
export function fitBatch(batch: Batch, schema: Schema): { batch: Batch; problems: string[] } {
  const { channels } = schema
  const { columns, rows } = batch
  if (columns.length === channels.length && channels.every(({ kind }, i) => columns[i]!.kind === kind)) {
    return { batch, problems: [] }
  }
  const problems: string[] = []
  if (columns.length > channels.length) {
    problems.push(`${columns.length} columns for ${channels.length} channels: the last are left out`)
  }
  const fitted = channels.map((channel, index) => {
    const column = columns[index]
    if (column?.kind === channel.kind) return column
    problems.push(describe(channel, index, column))
    return emptyColumn(channel.kind, rows)
  })
  return { batch: { ...batch, columns: fitted }, problems }
}

const describe = ({ name, kind }: Channel, index: number, column: Column | undefined): string =>
  column
    ? `column ${index} is ${column.kind}, but channel ${JSON.stringify(name)} is ${kind}: its values are missing`
    : `no column for channel ${JSON.stringify(name)}: its values are missing`

function emptyColumn(kind: Kind, rows: number): Column {
  const validity = new Uint8Array((rows + 7) >>> 3)
  switch (kind) {
    case 'f64':
    case 'int':
      return { kind, values: new Float64Array(rows), validity }
    case 'f32':
      return { kind, values: new Float32Array(rows), validity }
    case 'bool':
      return { kind, values: new Uint8Array(rows), validity }
    case 'text':
      return { kind, values: new Uint32Array(rows), dictionary: [], validity }
  }
}
