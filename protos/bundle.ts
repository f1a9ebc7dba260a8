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

/** Memory that bundles lie in, one behind the other. */
interface Piece {
  bytes: Uint8Array
  /** Bundles in it that are not done. */
  underWay: number
}

/** A piece holds so many full bundles, or many more small ones. */
const pieceBundles = 4
/**
 * Pieces that are kept for the next bundles. What outlives a few collections of young objects would be collected only after tens of
 * megabytes of it, and a backlog sends hundreds of bundles a second.
 */
const sparesMax = 8
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
  const spares: Piece[] = []
  let piece: Piece | undefined
  // The bundle that is being filled, in the piece.
  let from = 0
  let to = 0

  const release = (one: Piece) => {
    if (one !== piece && one.underWay === 0 && spares.length < sparesMax) spares.push(one)
  }

  const flush = () => {
    const of = piece
    if (!of || to === from) return
    const bundle = of.bytes.subarray(from, to)
    from = to
    of.underWay++
    send(bundle, () => {
      of.underWay--
      release(of)
    })
  }

  const nextPiece = (): Piece => {
    const before = piece
    piece = spares.pop() ?? { bytes: new Uint8Array(pieceBundles * bytesMax), underWay: 0 }
    from = 0
    to = 0
    if (before) release(before)
    return piece
  }

  return {
    add(envelope) {
      const added = bundledBytes(envelope.length)
      if (to - from + added > bytesMax) flush()
      if (added > bytesMax) {
        send(encodeBundle([envelope]), () => {})
        return
      }
      // Where a bundle begins there is room for all of it.
      const { bytes } = !piece || (from === to && bytesMax > piece.bytes.length - to) ? nextPiece() : piece
      bytes[to++] = envelopesTag
      let rest = envelope.length
      for (; rest > 127; rest >>>= 7) bytes[to++] = (rest & 127) | 128
      bytes[to++] = rest
      bytes.set(envelope, to)
      to += envelope.length
    },
    flush,
    clear() {
      to = from
    },
  }
}
