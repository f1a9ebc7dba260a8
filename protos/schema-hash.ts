import { createHash } from 'node:crypto'

/** The name of a schema: the SHA-256 of its encoded bytes, 32 bytes. Not for the browser. */
export const hashSchema = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest()
