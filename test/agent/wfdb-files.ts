import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

// WFDB records made for tests, written from the documents of the format and not with the code under test.

/** Two's complement, lower byte first. */
export const bytes16 = (samples: number[]): Buffer => {
  const bytes = Buffer.alloc(samples.length * 2)
  for (const [i, sample] of samples.entries()) bytes.writeInt16LE(sample, i * 2)
  return bytes
}

/** Pairs of 12 bits in three bytes; an odd last one in two. */
export const bytes212 = (samples: number[]): Buffer => {
  const bytes: number[] = []
  for (let i = 0; i < samples.length; i += 2) {
    const first = samples[i]! & 0xfff
    const second = (samples[i + 1] ?? 0) & 0xfff
    bytes.push(first & 0xff, (first >> 8) | ((second >> 8) << 4))
    if (i + 1 < samples.length) bytes.push(second & 0xff)
  }
  return Buffer.from(bytes)
}

export const checksumOf = (samples: number[]): number => {
  const sum = samples.reduce((total, sample) => total + sample, 0) & 0xffff
  return sum >= 0x8000 ? sum - 0x10000 : sum
}

/** Writes the files of a record; returns its path without .hea. */
export function writeRecord(folder: string, name: string, files: Record<string, string | Buffer>): string {
  for (const [file, content] of Object.entries(files)) {
    const path = join(folder, file)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, content)
  }
  return join(folder, name)
}

type Word = [code: number, number: number] | { skip: number } | { aux: string }

/** An annotation file in the MIT format. */
export function atr(words: Word[], end = true): Buffer {
  const parts = words.map((word) => {
    if (Array.isArray(word)) return pair(word[0], word[1])
    if ('skip' in word) {
      const bytes = Buffer.alloc(4)
      bytes.writeInt16LE(word.skip >> 16, 0)
      bytes.writeUInt16LE(word.skip & 0xffff, 2)
      return Buffer.concat([pair(59, 0), bytes])
    }
    const text = Buffer.from(word.aux)
    return Buffer.concat([pair(63, text.length), text, Buffer.alloc(text.length % 2)])
  })
  return Buffer.concat([...parts, ...(end ? [pair(0, 0)] : [])])
}

const pair = (code: number, number: number): Buffer => {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16LE((code << 10) | (number & 0x3ff))
  return bytes
}
