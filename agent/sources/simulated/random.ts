// Random numbers that are the same for the same seed on every machine, with every release of Rigline.

export interface Random {
  /** From 0 to below 1, 53 bits. */
  uniform(): number
  between(low: number, high: number): number
  /** Mean 0, standard deviation 1. */
  normal(): number
  exponential(mean: number): number
}

/**
 * xoshiro128++ 1.0: D. Blackman, S. Vigna, "Scrambled Linear Pseudorandom Number Generators", ACM Trans. Math. Softw.
 * 47 (2021). `state`: four words of 32 bits, not all 0. Returns a function that gives the next 32 bits.
 */
export function xoshiro128pp(state: Int32Array): () => number {
  let [a, b, c, d] = state as unknown as [number, number, number, number]
  return () => {
    const sum = (a + d) | 0
    const result = (((sum << 7) | (sum >>> 25)) + a) >>> 0
    const shifted = b << 9
    c ^= a
    d ^= b
    b ^= c
    a ^= d
    c ^= shifted
    d = (d << 11) | (d >>> 21)
    return result
  }
}

/**
 * The words of a state from a text: FNV-1a (Fowler, Noll, Vo) over its UTF-16 units, then Weyl steps through the
 * finalizer of MurmurHash3 (A. Appleby), as SplitMix does (Steele, Lea, Flood, OOPSLA 2014).
 */
function stateOf(text: string): Int32Array {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return Int32Array.from({ length: 4 }, () => {
    hash = (hash + 0x9e3779b9) | 0
    let word = hash
    word = Math.imul(word ^ (word >>> 16), 0x85ebca6b)
    word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35)
    return word ^ (word >>> 16)
  })
}

/** One generator for each use, so that a part that draws more does not change what the others draw. */
export function createRandom(seed: number, use: string): Random {
  const next = xoshiro128pp(stateOf(`${seed}/${use}`))
  let spare: number | undefined
  const uniform = () => ((next() >>> 5) * 0x4000000 + (next() >>> 6)) / 2 ** 53

  /** The polar method: G. Marsaglia, T. A. Bray, SIAM Review 6 (1964). */
  const normal = () => {
    if (spare !== undefined) {
      const value = spare
      spare = undefined
      return value
    }
    for (;;) {
      const x = 2 * uniform() - 1
      const y = 2 * uniform() - 1
      const square = x * x + y * y
      if (square >= 1 || square === 0) continue
      const factor = Math.sqrt((-2 * Math.log(square)) / square)
      spare = y * factor
      return x * factor
    }
  }
  return {
    uniform,
    normal,
    between: (low, high) => low + (high - low) * uniform(),
    exponential: (mean) => -mean * Math.log(1 - uniform()),
  }
}

/**
 * A value that wanders about 0 with a standard deviation and a time constant: the process of Ornstein and Uhlenbeck
 * (1930), stepped exactly (D. T. Gillespie, Phys. Rev. E 54 (1996)). Returns the function that steps it by `stepS`.
 */
export function createDrift(random: Random, deviation: number, tauS: number, stepS: number): () => number {
  const keep = Math.exp(-stepS / tauS)
  const fresh = deviation * Math.sqrt(1 - keep * keep)
  let value = deviation * random.normal()
  return () => {
    value = keep * value + fresh * random.normal()
    return value
  }
}
