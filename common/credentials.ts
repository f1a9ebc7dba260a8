import { createHash, createHmac, randomBytes, scrypt, timingSafeEqual } from 'node:crypto'

// Secrets and what is kept of them. A secret that we draw has 192 random bits: nobody finds it by trying, so a plain
// SHA-256 hides it, and two hundred agents that come back at once cost nothing. A secret that a person chose can be
// guessed, so it is stretched with scrypt (RFC 7914) and a salt of its own. The text says which:
//   sha256:<hash, 64 hex digits>
//   scrypt:<log2 N>:<r>:<p>:<salt, base64url>:<hash, base64url>

export type Secret = string | Uint8Array

export const hashPattern = /^(sha256:[0-9a-f]{64}|scrypt:1[0-7]:8:[1-4]:[\w-]{22,86}:[\w-]{43})$/

/** 192 random bits as 32 characters that need no quotes anywhere. */
export const drawSecret = (): string => randomBytes(24).toString('base64url')

/** For a secret from drawSecret (at least 128 random bits), never for a chosen one. */
export const hashDrawnSecret = (secret: Secret): string => `sha256:${createHash('sha256').update(secret).digest('hex')}`

/** For a secret that a person chose. Takes some 50 ms and 16 MiB, off the event loop. */
export async function hashChosenSecret(secret: Secret): Promise<string> {
  const salt = randomBytes(16)
  const hash = await stretch(secret, salt, 14, 8, 1)
  return `scrypt:14:8:1:${salt.toString('base64url')}:${hash.toString('base64url')}`
}

const stretch = (secret: Secret, salt: Uint8Array, logN: number, r: number, p: number): Promise<Buffer> =>
  new Promise((resolve, reject) =>
    scrypt(secret, salt, 32, { N: 2 ** logN, r, p, maxmem: 256 * 2 ** logN * r }, (error, hash) =>
      error ? reject(error) : resolve(hash),
    ),
  )

/** Whether `secret` is the one behind a sha256 hash, in a time that does not depend on where they differ. */
export function matchesDrawn(secret: Secret, hash: string): boolean {
  const own = Buffer.from(hashDrawnSecret(secret))
  const theirs = Buffer.from(hash)
  return own.length === theirs.length && timingSafeEqual(own, theirs)
}

async function matchesChosen(secret: Secret, hash: string): Promise<boolean> {
  const [, logN, r, p, salt, expected] = hash.split(':') as [string, string, string, string, string, string]
  const found = await stretch(secret, Buffer.from(salt, 'base64url'), Number(logN), Number(r), Number(p))
  const wanted = Buffer.from(expected, 'base64url')
  return wanted.length === found.length && timingSafeEqual(found, wanted)
}

/** Stands in for a name that is not known, so that the answer takes as long as for one that is. */
const nobody = hashDrawnSecret(randomBytes(24))

/**
 * Compares secrets with their hashes. scrypt runs one at a time, so that it leaves the other threads of the pool to
 * fsync, and not again for a secret already tried: answers are kept under an HMAC of secret and hash with a key of this
 * process, at most 1,000. When more than 200 wait, the next are refused (they come again).
 */
export function createVerifier(): { verify(secret: Secret, hash: string | undefined): Promise<boolean> } {
  const key = randomBytes(32)
  const known = new Map<string, Promise<boolean>>()
  let last: Promise<unknown> = Promise.resolve()
  let waiting = 0

  const chosen = (secret: Secret, hash: string): Promise<boolean> => {
    const name = createHmac('sha256', key).update(hash).update('\0').update(secret).digest('base64')
    const found = known.get(name)
    if (found) return found
    if (waiting >= 200) return Promise.resolve(false)
    waiting++
    const answer = last
      .then(() => matchesChosen(secret, hash))
      .catch(() => false)
      .finally(() => waiting--)
    last = answer
    known.set(name, answer)
    if (known.size > 1000) known.delete(known.keys().next().value as string)
    return answer
  }

  return {
    async verify(secret, hash) {
      if (hash?.startsWith('scrypt:')) return chosen(secret, hash)
      return matchesDrawn(secret, hash ?? nobody) && hash !== undefined
    },
  }
}
