// A record of the journal: 8 bytes when ingest received the envelope (ns since 1970 UTC, little endian), then the
// encoded envelope as it came.

export const journalRecordHead = 8

export function encodeJournalRecord(receivedNs: bigint, envelope: Uint8Array): Uint8Array {
  const record = Buffer.allocUnsafe(journalRecordHead + envelope.length)
  record.writeBigInt64LE(receivedNs, 0)
  record.set(envelope, journalRecordHead)
  return record
}

export function decodeJournalRecord(record: Uint8Array): { receivedNs: bigint; envelope: Uint8Array } {
  const view = new DataView(record.buffer, record.byteOffset, record.byteLength)
  return { receivedNs: view.getBigInt64(0, true), envelope: record.subarray(journalRecordHead) }
}
