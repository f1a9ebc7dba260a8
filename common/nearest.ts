// The name that was probably meant: for messages about names that are not known.

const namesMax = 20_000
const lettersMax = 128

const lettersOf = (text: string): string[] => Array.from(text.normalize('NFC').toLowerCase()).slice(0, lettersMax)

/**
 * The one of `names` that is fewest changes away from `name`: letters put in, left out, exchanged for another or with their
 * neighbour (Damerau-Levenshtein, as optimal string alignment); case and the way letters are composed do not count. The
 * first of several; undefined if more than half of the letters would have to change. Looks at 20,000 names at most.
 */
export function nearest(name: string, names: Iterable<string>): string | undefined {
  const letters = lettersOf(name)
  let best: string | undefined
  let bestDistance = Number.POSITIVE_INFINITY
  let looked = 0
  for (const candidate of names) {
    if (++looked > namesMax) break
    const others = lettersOf(candidate)
    const allowed = Math.min(bestDistance - 1, Math.floor(Math.max(letters.length, others.length) / 2))
    if (Math.abs(letters.length - others.length) > allowed) continue
    const distance = changes(letters, others, allowed)
    if (distance > allowed) continue
    best = candidate
    bestDistance = distance
    if (distance === 0) break
  }
  return best
}

/** Infinity as soon as it is more than `most`. */
function changes(a: readonly string[], b: readonly string[], most: number): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    let lowest = i
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1]
      let cost = Math.min(row[j - 1]! + 1, last[j]! + 1, last[j - 1]! + (same ? 0 : 1))
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        cost = Math.min(cost, beforeLast[j - 2]! + 1)
      row.push(cost)
      if (cost < lowest) lowest = cost
    }
    // An exchange of neighbours reaches back two rows, at a cost of one.
    if (lowest > most + 1) return Number.POSITIVE_INFINITY
    beforeLast = last
    last = row
  }
  return last[b.length]!
}
