import { createHash } from 'node:crypto'
import type { Random } from './types.ts'

/** sfc32, begun from the SHA-256 of the seed. */
export function createRandom(seed: string): Random {
  const next32 = createDraws(hashWords(seed))
  const next = () => (next32() * 2 ** 21 + (next32() >>> 11)) / 2 ** 53
  const int = (from: number, to: number) => from + Math.floor(next() * (to - from + 1))
  return {
    next,
    int,
    pick<T>(items: readonly T[]): T {
      if (items.length === 0) throw new Error('there is nothing to draw from')
      return items[int(0, items.length - 1)] as T
    },
    fork: (name) => createRandom(`${seed}/${name}`),
  }
}

/** In another order, each as likely. */
export function shuffled<T>(items: readonly T[], random: Random): T[] {
  const left = [...items]
  return items.map(() => left.splice(random.int(0, left.length - 1), 1)[0] as T)
}

/** The first 128 bits of the text's SHA-256. */
export function hashWords(text: string): [number, number, number, number] {
  const bytes = createHash('sha256').update(text).digest()
  return [0, 4, 8, 12].map((at) => bytes.readUInt32LE(at)) as [number, number, number, number]
}

/** 32 bits a draw. */
export function createDraws([first, second, third, fourth]: readonly [number, number, number, number]): () => number {
  let [a, b, c, counter] = [first, second, third, fourth]
  const next = () => {
    const sum = (((a + b) | 0) + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (((c << 21) | (c >>> 11)) + sum) | 0
    return sum >>> 0
  }
  for (let i = 0; i < 12; i++) next()
  return next
}
