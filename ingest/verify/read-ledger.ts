import type { Damage, Position } from '../../common/segment-log-types.ts'
import { quoteText } from '../sinks/lake/stage.ts'
import { envelopeKey, isBefore, type VerifyContext } from './context.ts'
import { storedGap } from './gaps.ts'
import { placeIn, type SpoolState } from './state.ts'
import { addTally, subtractTally, type Tally, unpackSum } from './tally.ts'

// The lake's own books: which numbers it took, and what was in each envelope when it took it; and the Gaps.

interface LedgerRow {
  rig: string
  spool: string
  seq: bigint
  predecessor: string
  received_ns: bigint
  segment: string
  offset: bigint
  stream: string | null
  rows: number | null
  era: number | null
  first_t_ns: bigint | null
  last_t_ns: bigint | null
  readings: bigint | null
  checksum: bigint | null
  /** Absent where no file has the columns: written by an earlier release. */
  repeated_rows?: number | null
  repeated_readings?: bigint | null
  repeated_checksum?: bigint | null
  differing_rows?: number | null
  filename?: string
}

const columns = [
  ...['rig', 'spool', 'seq', 'predecessor', 'received_ns', 'segment', 'offset', 'stream', 'rows', 'era', 'first_t_ns'],
  ...['last_t_ns', 'readings', 'checksum', 'repeated_rows', 'repeated_readings', 'repeated_checksum', 'differing_rows'],
]

const wanted = `COLUMNS(name -> list_contains([${columns.map(quoteText).join(', ')}], name))`

export async function readLedger(context: VerifyContext, onlyRig: string | undefined): Promise<void> {
  const { reader, state } = context
  const where = onlyRig === undefined ? '' : `WHERE rig = ${quoteText(onlyRig)}`
  // Texts in every row: only where they are needed.
  const filename = context.isRemoved !== undefined
  const ledger = reader.table('_envelopes', { filename })
  if (ledger) {
    const sql = `SELECT ${wanted}${filename ? ', parse_filename(filename) AS filename' : ''} FROM ${ledger} ${where} ORDER BY rig, spool, seq, "rows" DESC`
    let taken = 0
    for await (const rows of reader.query(sql)) {
      for (const row of rows) takeRow(context, row as unknown as LedgerRow)
      taken += rows.length
      context.onProgress(() => `verify: ${taken.toLocaleString('en-US')} envelopes of the lake's ledger`)
    }
  }
  const gaps = reader.table('_gaps')
  if (gaps) {
    for await (const rows of reader.query(`SELECT * FROM ${gaps} ORDER BY rig, from_ns, spool, seq`)) {
      for (const row of rows) {
        // Ingest speaks for others; files of earlier releases do not have the column.
        const whose = String(row.of_rig ?? row.rig)
        if (state.wants(whose)) state.gap(whose, storedGap(row))
      }
    }
  }
}

/** Of the envelopes that the lake took, those whose bytes in the journal are damaged since: they are not compared with it. */
export async function forgetDamaged(
  context: VerifyContext,
  onlyRig: string | undefined,
  damaged: readonly Damage[],
): Promise<void> {
  const { reader, state, span } = context
  const ledger = reader.table('_envelopes')
  for (const { segment, from, to } of ledger ? damaged : []) {
    const sql = `SELECT ${wanted} FROM ${ledger} WHERE segment = ${quoteText(segment)} AND "offset" >= ${from} AND "offset" < ${to}
      ${onlyRig === undefined ? '' : `AND rig = ${quoteText(onlyRig)}`}`
    for await (const rows of reader.query(sql)) {
      for (const each of rows) {
        const row = each as unknown as LedgerRow
        if (row.stream === null || row.first_t_ns === null || row.last_t_ns === null) continue
        if (placeIn(span, row.first_t_ns, row.last_t_ns) !== 'inside') continue
        if (!isInJournal(context, { segment, offset: Number(row.offset) })) continue
        const stream = state.stream(row.rig, row.stream)
        const { tally, repeated } = talliesOf(row)
        subtractTally(stream.ledgerInJournal, tally)
        subtractTally(stream.ledgerInJournal, repeated)
        stream.journalUnreadable++
      }
    }
  }
}

const isInJournal = ({ journal, lakeCursor }: VerifyContext, position: Position): boolean =>
  journal !== undefined && !isBefore(position, journal.from) && isBefore(position, lakeCursor)

/** What of an envelope is stored, and what of it was there already. */
const talliesOf = (row: LedgerRow): { tally: Tally; repeated: Tally } => ({
  tally: { envelopes: 1, rows: row.rows ?? 0, sum: unpackSum(Number(row.readings ?? 0), row.checksum ?? 0n) },
  repeated: {
    envelopes: 0,
    rows: row.repeated_rows ?? 0,
    sum: unpackSum(Number(row.repeated_readings ?? 0), row.repeated_checksum ?? 0n),
  },
})

function takeRow(context: VerifyContext, row: LedgerRow): void {
  const { state, span, influxCursor, aside } = context
  const seq = Number(row.seq)
  const known: SpoolState = state.spool(row.rig, row.spool)
  if (row.predecessor) known.predecessor = row.predecessor
  const repeatedRows = row.repeated_rows ?? 0
  if (known.stored.add(seq) === 0) {
    // A number that came again (ingest's catalog was restored from an older copy) is there once if its rows are.
    if (row.stream === null || ((row.rows ?? 0) === 0 && repeatedRows > 0)) known.again++
    else known.twice++
  }
  if (placeIn(span, row.received_ns, row.received_ns) !== 'outside') known.inSpan = true
  if (row.stream === null || row.first_t_ns === null || row.last_t_ns === null) return
  const place = placeIn(span, row.first_t_ns, row.last_t_ns)
  if (place === 'outside') return
  known.inSpan = true
  const stream = state.stream(row.rig, row.stream)
  const { tally, repeated } = talliesOf(row)
  addTally(stream.repeated, repeated)
  stream.differingRows += row.differing_rows ?? 0
  const era = row.era ?? 0
  stream.seen.add({ era, firstNs: row.first_t_ns, lastNs: row.last_t_ns })
  const position = { segment: row.segment, offset: Number(row.offset) }
  const removed = context.isRemoved?.(row.stream, row.filename ?? '') ?? false
  if (removed) {
    addTally(stream.removed, tally)
    stream.influxLeftOut.add({ era, firstNs: row.first_t_ns, lastNs: row.last_t_ns })
  } else if (place === 'across') stream.boundary.add(`${row.spool} ${seq}`)
  else addTally(stream.ledger, tally)
  if (place === 'inside' && isInJournal(context, position)) {
    // The journal has what came, whether it was there already or not. It may have what the lake has no more.
    addTally(stream.ledgerInJournal, tally)
    addTally(stream.ledgerInJournal, repeated)
  }
  const isOwed = context.owed.some(
    ({ from, to, table = row.stream }) => table === row.stream && !isBefore(position, from) && isBefore(position, to),
  )
  const owed = isOwed || (influxCursor !== undefined && !isBefore(position, influxCursor))
  if (removed) return
  if (isOwed) stream.owedInInflux += row.rows ?? 0
  if (owed || aside.influx.has(envelopeKey(row.rig, row.spool, seq))) {
    addTally(stream.pendingInInflux, tally)
    stream.influxLeftOut.add({ era, firstNs: row.first_t_ns, lastNs: row.last_t_ns })
  }
}
