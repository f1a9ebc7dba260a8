// What could not be read: counted, and the last few kept for people to see.

const samplesMax = 10
const sampleCharsMax = 200

export interface BadLines {
  add(problem: string, line: string): void
  readonly count: number
  /** The last ones, oldest first: what is wrong, then the line. */
  readonly samples: string[]
}

export function createBadLines(): BadLines {
  let count = 0
  const samples: string[] = []
  return {
    add(problem, line) {
      count++
      samples.push(`${problem}: ${cut(line)}`)
      if (samples.length > samplesMax) samples.shift()
    },
    get count() {
      return count
    },
    get samples() {
      return [...samples]
    },
  }
}

/** 200 characters at most, none of them a control character or half of a pair. */
const cut = (line: string): string =>
  line
    .slice(0, sampleCharsMax)
    .replace(/[\uD800-\uDBFF]$/, '')
    .replace(/\p{Cc}/gu, '\uFFFD')
