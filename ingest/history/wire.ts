import type { Position } from '../../common/segment-log-types.ts'
import type { HistoryConfig } from './start-history.ts'

// What ingest and the child process say to each other. Questions go over HTTP on a Unix socket, so that bytes flow with back pressure and a
// transfer that breaks off is seen to; what is durable, and how the child is, over the channel between the two processes.

export interface HistoryProcessData {
  journalFolder: string
  catalogFile: string
  lakeFolder: string
  socket: string
  config: HistoryConfig
}

export type ToHistory = { type: 'synced'; position: Position }
export type FromHistory = { type: 'ready' } | { type: 'status'; counters: Record<string, number> }

/** 64-bit integers as `{ $n: text }`. */
export const toJson = (value: unknown): string =>
  JSON.stringify(value, (_, one) => (typeof one === 'bigint' ? { $n: String(one) } : one))

export const fromJson = <T>(text: string): T =>
  JSON.parse(text, (_, one) =>
    one !== null && typeof one === 'object' && typeof (one as { $n?: unknown }).$n === 'string'
      ? BigInt((one as { $n: string }).$n)
      : one,
  ) as T

/** A question; `synced`: what of the journal the answer must have. */
export interface Asked<Query> {
  query: Query
  synced: Position | undefined
}

/** An answer begins with its head: four bytes of length, little endian, then JSON. */
export function encodeHead(head: unknown): Buffer {
  const json = Buffer.from(toJson(head))
  const length = Buffer.alloc(4)
  length.writeUInt32LE(json.length)
  return Buffer.concat([length, json])
}
