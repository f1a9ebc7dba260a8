import $protobuf from 'protobufjs/minimal.js'
import { reasonOf, UnreadableBundleError } from './errors.ts'
import { rigline } from './generated/rigline.js'
import { envelopeBytesMax } from './types.ts'
import { writeMessage } from './write.ts'

// Whole envelopes of one rig in one MQTT message.

export const encodeBundle = (envelopes: Uint8Array[]): Uint8Array => writeMessage(rigline.v1.Bundle, { envelopes })

/**
 * The envelopes of a bundle, as views into its bytes. Throws UnreadableBundleError for what is no bundle and for one
 * without envelopes.
 */
export function splitBundle(bytes: Uint8Array): Uint8Array[] {
  let envelopes: Uint8Array[]
  try {
    envelopes = rigline.v1.Bundle.decode($protobuf.Reader.create(bytes)).envelopes
  } catch (cause) {
    throw new UnreadableBundleError(`${bytes.length} bytes that are no bundle: ${reasonOf(cause)}`, { cause })
  }
  if (envelopes.length === 0) throw new UnreadableBundleError(`${bytes.length} bytes without an envelope`)
  return envelopes
}

/** What an envelope of so many bytes adds to its bundle: a tag, its length, itself. */
export function bundledBytes(envelopeBytes: number): number {
  let lengthBytes = 1
  for (let rest = envelopeBytes; rest > 127; rest >>>= 7) lengthBytes++
  return 1 + lengthBytes + envelopeBytes
}

/** The largest envelope that fits a bundle of envelopeBytesMax. */
export const bundledEnvelopeBytesMax = envelopeBytesMax - (bundledBytes(envelopeBytesMax) - envelopeBytesMax)

export interface Bundler {
  /** Adds a copy of an envelope; sends the bundle before it if it does not fit in with the others. */
  add(envelope: Uint8Array): void
  /** Sends what has been added, if anything. */
  flush(): void
  /** Forgets what has been added. */
  clear(): void
}

/**
 * Of memory that bundles were sent from, so many pieces are kept for the next ones. What outlives a few collections of young objects would be
 * collected only after tens of megabytes of it, and a backlog sends hundreds of bundles a second.
 */
const sparesMax = 128
/** Field 1, length-delimited. */
const envelopesTag = 0x0a

/**
 * Fills bundles up to `bytesMax`. An envelope that is larger by itself is sent alone: the receiver refuses it by its
 * size. `send` takes the bundle's bytes, and says by `done`, if ever, that they may be written over.
 */
export function createBundler(
  send: (bundle: Uint8Array, done: () => void) => void,
  bytesMax: number = envelopeBytesMax,
): Bundler {
  const spares: Uint8Array[] = []
  let filling: Uint8Array | undefined
  let bytes = 0

  const flush = () => {
    if (!filling || bytes === 0) return
    const memory = filling
    const bundle = memory.subarray(0, bytes)
    filling = undefined
    bytes = 0
    send(bundle, () => {
      if (spares.length < sparesMax) spares.push(memory)
    })
  }

  return {
    add(envelope) {
      const added = bundledBytes(envelope.length)
      if (bytes + added > bytesMax) flush()
      if (added > bytesMax) {
        send(encodeBundle([envelope]), () => {})
        return
      }
      filling ??= spares.pop() ?? new Uint8Array(bytesMax)
      filling[bytes++] = envelopesTag
      let rest = envelope.length
      for (; rest > 127; rest >>>= 7) filling[bytes++] = (rest & 127) | 128
      filling[bytes++] = rest
      filling.set(envelope, bytes)
      bytes += envelope.length
    },
    flush,
    clear() {
      bytes = 0
    },
  }
}
