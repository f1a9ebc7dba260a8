// A rig's clock beside ingest's, from the samples that the agent took: which of the rig's times belongs to one of ingest's. An agent
// stamps by its monotonic clock, so within one start of it (a spool) its clock runs evenly between the steps that it tells of.

/** As `_clock` of the lake has it. */
export interface KnownSample {
  spool: string
  seq: number
  /** By ingest's clock. */
  receivedNs: bigint
  /** By the rig's clock. */
  tNs: bigint
  /** Ingest's clock less the rig's; nothing where `stepNs` is not 0. */
  offsetNs: bigint
  roundTripNs: bigint
  /** Not 0: the rig's clock was set forward by this much just now. */
  stepNs: bigint
  monotonicNs: bigint
  /** In hex. */
  boot: string
}

export interface RigTime {
  /** By the rig's clock. */
  ns: bigint
  /** Ingest's clock less the rig's. */
  offsetNs: bigint
  /** Half the round trip, and what the clocks may have drifted since the sample; null: there is no sample, and the offset is a guess of 0. */
  uncertaintyNs: bigint | null
}

export interface Interval {
  /** Included. */
  fromNs: bigint
  /** Not included. */
  toNs: bigint
}

export interface ClockMap {
  /** What the rig's clock said when ingest's said this. */
  at(ingestNs: bigint): RigTime
  /** What the rig's clock went through in that time of ingest's: several where it was set meanwhile. In order, not touching. */
  through(fromNs: bigint, toNs: bigint): Interval[]
}

/** Two plain crystals may go apart by so much. */
const driftPpm = 100n
/** Between samples within this of a time, a line is drawn. */
const closeNs = 60_000_000_000n
/** Clocks begin at whole milliseconds: two that agree may be measured so far apart, beside half the round trip. */
const agreeNs = 2_000_000n
/** For trusting a step's size instead of a sample on this side of it. */
const perStepNs = 5_000_000n
/** Samples that are weighed on each side of a time. */
const weighed = 8
/** A clock set so often is no clock: the ones closest to each other are put together. */
const intervalsMax = 64

interface Measured {
  /** By ingest's clock. */
  atNs: bigint
  /** As if the clock had not been set since the spool's beginning. */
  baseNs: bigint
  roundTripNs: bigint
  /** Steps of the spool before it. */
  steps: number
}

interface Step {
  atNs: bigint
  stepNs: bigint
}

/** One start of the agent. */
interface Spool {
  measured: Measured[]
  steps: Step[]
  /** Where the ones before and after it have been seen: it may reach as far. */
  fromNs: bigint
  toNs: bigint
}

const anyFrom = -(2n ** 63n)
const anyTo = 2n ** 63n - 1n
const absolute = (ns: bigint): bigint => (ns < 0n ? -ns : ns)
const compare = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0)

export function createClockMap(samples: readonly KnownSample[]): ClockMap {
  const spools = readSpools(samples)
  return {
    at: (ingestNs) => rigTimeAt(spools, ingestNs),
    through(fromNs, toNs) {
      if (spools.length === 0) return fromNs < toNs ? [{ fromNs, toNs }] : []
      return unite(spools.flatMap((spool) => throughSpool(spool, fromNs, toNs)))
    },
  }
}

function readSpools(samples: readonly KnownSample[]): Spool[] {
  const measured = samples.filter(({ stepNs }) => stepNs === 0n)
  const bySpool = new Map<string, KnownSample[]>()
  for (const sample of new Map(samples.map((each) => [`${each.spool} ${each.seq}`, each])).values()) {
    const list = bySpool.get(sample.spool)
    if (list) list.push(sample)
    else bySpool.set(sample.spool, [sample])
  }
  const spools = [...bySpool.values()].flatMap((ofSpool) => readSpool(ofSpool, measured) ?? [])
  spools.sort((a, b) => compare(a.measured[0]!.atNs, b.measured[0]!.atNs))
  for (const [i, spool] of spools.entries()) {
    const [before, after] = [spools[i - 1], spools[i + 1]]
    if (before) spool.fromNs = before.measured.at(-1)!.atNs
    if (after) spool.toNs = after.measured[0]!.atNs
  }
  return spools
}

/** Undefined if its clock was never compared. */
function readSpool(samples: KnownSample[], all: readonly KnownSample[]): Spool | undefined {
  samples.sort((a, b) => a.seq - b.seq)
  const measured: Measured[] = []
  const steps: Step[] = []
  let steppedNs = 0n
  for (const sample of samples) {
    if (sample.stepNs === 0n) {
      const { tNs, offsetNs, roundTripNs } = sample
      measured.push({ atNs: tNs + offsetNs, baseNs: offsetNs + steppedNs, roundTripNs, steps: steps.length })
      continue
    }
    steppedNs += sample.stepNs
    steps.push({ atNs: placeStep(sample, all), stepNs: sample.stepNs })
  }
  if (measured.length === 0) return undefined
  // In the order of their numbers, whatever drift does to their places.
  for (let i = 1; i < steps.length; i++) {
    if (steps[i]!.atNs < steps[i - 1]!.atNs) steps[i]!.atNs = steps[i - 1]!.atNs
  }
  measured.sort((a, b) => compare(a.atNs, b.atNs))
  return { measured, steps, fromNs: anyFrom, toNs: anyTo }
}

/** When the clock was set, by ingest's clock: counted by the rig's monotonic one from a comparison; it may be received much later. */
function placeStep({ boot, monotonicNs, receivedNs }: KnownSample, all: readonly KnownSample[]): bigint {
  let nearest: KnownSample | undefined
  for (const one of all) {
    if (one.boot !== boot) continue
    const distance = absolute(one.monotonicNs - monotonicNs)
    if (!nearest || distance < absolute(nearest.monotonicNs - monotonicNs)) nearest = one
  }
  return nearest ? nearest.tNs + nearest.offsetNs + (monotonicNs - nearest.monotonicNs) : receivedNs
}

function rigTimeAt(spools: readonly Spool[], ingestNs: bigint): RigTime {
  let found: RigTime | undefined
  for (const spool of spools) {
    if (ingestNs < spool.fromNs || ingestNs > spool.toNs) continue
    const one = ofSpool(spool, ingestNs, stepsBefore(spool, ingestNs))
    const [better, other] = !found || one.uncertaintyNs! < found.uncertaintyNs! ? [one, found] : [found, one]
    // Between two starts of the agent nobody knows which one's clock it was.
    const apartNs = other ? absolute(other.offsetNs - better.offsetNs) : 0n
    found = { ...better, uncertaintyNs: apartNs > better.uncertaintyNs! ? apartNs : better.uncertaintyNs }
  }
  return found ?? { ns: ingestNs, offsetNs: 0n, uncertaintyNs: null }
}

const stepsBefore = ({ steps }: Spool, ingestNs: bigint): number => steps.filter(({ atNs }) => atNs <= ingestNs).length

/** `steps`: how many of the spool's have been by then. */
function ofSpool({ measured, steps }: Spool, ingestNs: bigint, stepped: number): RigTime {
  const after = measured.findIndex(({ atNs }) => atNs > ingestNs)
  const middle = after < 0 ? measured.length : after
  const weigh = (one: Measured) => ({
    one,
    distance: absolute(one.atNs - ingestNs),
    uncertainty:
      one.roundTripNs / 2n +
      (absolute(one.atNs - ingestNs) * driftPpm) / 1_000_000n +
      BigInt(Math.abs(one.steps - stepped)) * perStepNs,
  })
  const best = (list: Measured[]) =>
    list
      .map(weigh)
      .reduce<ReturnType<typeof weigh> | undefined>(
        (low, each) => (low && low.uncertainty <= each.uncertainty ? low : each),
        undefined,
      )
  const a = best(measured.slice(Math.max(0, middle - weighed), middle))
  const b = best(measured.slice(middle, middle + weighed))
  const nearer = !a || (b && b.uncertainty < a.uncertainty) ? b! : a
  let baseNs = nearer.one.baseNs
  let uncertaintyNs = nearer.uncertainty
  let measuredToNs = nearer.one.roundTripNs / 2n
  if (a && b && a.one.steps === stepped && b.one.steps === stepped && a.distance <= closeNs && b.distance <= closeNs) {
    const whole = b.one.atNs - a.one.atNs
    baseNs = a.one.baseNs + (whole > 0n ? ((b.one.baseNs - a.one.baseNs) * a.distance) / whole : 0n)
    measuredToNs = (a.one.roundTripNs > b.one.roundTripNs ? a.one.roundTripNs : b.one.roundTripNs) / 2n
    uncertaintyNs = measuredToNs
  }
  const measuredNs = baseNs - steps.slice(0, stepped).reduce((sum, { stepNs }) => sum + stepNs, 0n)
  // No sign that the clocks differ: then a time stays what it was entered as, and does not move with each sample that comes.
  const offsetNs = absolute(measuredNs) <= measuredToNs + agreeNs ? 0n : measuredNs
  return { ns: ingestNs - offsetNs, offsetNs, uncertaintyNs }
}

function throughSpool(spool: Spool, fromNs: bigint, toNs: bigint): Interval[] {
  const intervals: Interval[] = []
  const edges = [spool.fromNs, ...spool.steps.map(({ atNs }) => atNs), spool.toNs]
  for (let steps = 0; steps + 1 < edges.length; steps++) {
    const [from, to] = [edges[steps]!, edges[steps + 1]!]
    const [low, high] = [from > fromNs ? from : fromNs, to < toNs ? to : toNs]
    if (low >= high) continue
    const interval = { fromNs: ofSpool(spool, low, steps).ns, toNs: ofSpool(spool, high, steps).ns }
    if (interval.fromNs < interval.toNs) intervals.push(interval)
  }
  return intervals
}

/** Sorted; what overlaps or touches is one. */
export function unite(intervals: readonly Interval[]): Interval[] {
  const united: Interval[] = []
  for (const { fromNs, toNs } of [...intervals].sort((a, b) => compare(a.fromNs, b.fromNs))) {
    const last = united.at(-1)
    if (last && fromNs <= last.toNs) last.toNs = toNs > last.toNs ? toNs : last.toNs
    else united.push({ fromNs, toNs })
  }
  while (united.length > intervalsMax) joinClosest(united)
  return united
}

function joinClosest(united: Interval[]): void {
  let at = 1
  const before = (i: number) => united[i]!.fromNs - united[i - 1]!.toNs
  for (let i = 2; i < united.length; i++) if (before(i) < before(at)) at = i
  united[at - 1]!.toNs = united[at]!.toNs
  united.splice(at, 1)
}
