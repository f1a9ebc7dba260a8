import fc from 'fast-check'

// Bytes that were sound once: flips, cuts, insertions, repeats and foreign pieces, as disks, links and other people's encoders make them.

export type Mutation =
  | { type: 'flip'; at: number; mask: number }
  | { type: 'set'; at: number; bytes: Uint8Array }
  | { type: 'cut'; at: number }
  | { type: 'remove'; at: number; count: number }
  | { type: 'insert'; at: number; bytes: Uint8Array }
  | { type: 'repeat'; at: number; count: number; times: number }

/** What breaks decoders: lengths and counts that are huge, negative or unfinished varints, magic and tag bytes. */
const awkward = fc.constantFrom(
  ...[
    'ffffffffffffffffff01',
    'ffffffff0f',
    'ffffff7f',
    '8080808080808080808001',
    '80',
    '00',
    '7f',
    'ff',
    '08ffffffff0f',
    '5affffffff07',
    'f5724cfa',
    '8952494753454740',
  ].map((hex) => new Uint8Array(Buffer.from(hex, 'hex'))),
)
const piece = fc.oneof(awkward, fc.uint8Array({ minLength: 1, maxLength: 12 }))

const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.record({ type: fc.constant('flip' as const), at: fc.nat(), mask: fc.integer({ min: 1, max: 255 }) }),
  fc.record({ type: fc.constant('set' as const), at: fc.nat(), bytes: piece }),
  fc.record({ type: fc.constant('cut' as const), at: fc.nat() }),
  fc.record({ type: fc.constant('remove' as const), at: fc.nat(), count: fc.integer({ min: 1, max: 40 }) }),
  fc.record({ type: fc.constant('insert' as const), at: fc.nat(), bytes: piece }),
  fc.record({
    type: fc.constant('repeat' as const),
    at: fc.nat(),
    count: fc.integer({ min: 1, max: 64 }),
    times: fc.integer({ min: 2, max: 20 }),
  }),
)

function mutate(bytes: Buffer, one: Mutation): Buffer {
  if (bytes.length === 0) return one.type === 'insert' || one.type === 'set' ? Buffer.from(one.bytes) : bytes
  const at = one.at % bytes.length
  const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)]
  switch (one.type) {
    case 'flip': {
      const flipped = Buffer.from(bytes)
      flipped[at]! ^= one.mask
      return flipped
    }
    case 'set':
      return Buffer.concat([before, one.bytes, after.subarray(one.bytes.length)])
    case 'cut':
      return before
    case 'remove':
      return Buffer.concat([before, after.subarray(one.count)])
    case 'insert':
      return Buffer.concat([before, one.bytes, after])
    case 'repeat':
      return Buffer.concat([
        before,
        ...Array.from({ length: one.times }, () => after.subarray(0, one.count)),
        after.subarray(one.count),
      ])
  }
}

/** One of the sound ones, mostly with some mutations; or bytes of no meaning. */
export const broken = (sound: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> =>
  fc.oneof(
    {
      weight: 9,
      arbitrary: fc
        .tuple(fc.nat(sound.length - 1), fc.array(mutation, { maxLength: 4 }))
        .map(([which, mutations]) => new Uint8Array(mutations.reduce(mutate, Buffer.from(sound[which]!)))),
    },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 300 }) },
  )
