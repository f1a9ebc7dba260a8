// A record of the journal: 8 bytes when ingest received the envelope (ns since 1970 UTC, little endian), then the
// encoded envelope as it came.

export const journalRecordHead = 8

/** What goes before the envelope. */
export function encodeJournalHead(receivedNs: bigint): Uint8Array {
  const head = Buffer.allocUnsafe(journalRecordHead)
  head.writeBigInt64LE(receivedNs, 0)
  return head
}

export const encodeJournalRecord = (receivedNs: bigint, envelope: Uint8Array): Uint8Array =>
  Buffer.concat([encodeJournalHead(receivedNs), envelope])

export function decodeJournalRecord(record: Uint8Array): { receivedNs: bigint; envelope: Uint8Array } {
  const view = new DataView(record.buffer, record.byteOffset, record.byteLength)
  return { receivedNs: view.getBigInt64(0, true), envelope: record.subarray(journalRecordHead) }
}
