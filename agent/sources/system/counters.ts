// Counters that only rise, such as the bytes of each disk -> rates.

/** Counters by name (of a disk, of an interface). */
export type Counters = ReadonlyMap<string, number>

export interface RateMeter {
  /**
   * The sum of the counters' rates since the last reading, a second. null for the first reading, and where a counter
   * fell: it was reset or has wrapped, and how far it came before that is not known. A counter that is new or gone
   * adds nothing.
   */
  rate(counters: Counters | undefined, nowS: number): number | null
}

export function createRateMeter(): RateMeter {
  let last: { counters: Counters; atS: number } | undefined
  return {
    rate(counters, nowS) {
      const before = last
      last = counters && { counters, atS: nowS }
      if (!counters || !before || nowS <= before.atS) return null
      let sum = 0
      for (const [name, count] of counters) {
        const counted = before.counters.get(name)
        if (counted === undefined) continue
        if (count < counted) return null
        sum += count - counted
      }
      return sum / (nowS - before.atS)
    },
  }
}
