import {
  growthOf,
  type Judgement,
  judgeGrowth,
  judgeMost,
  judgeSteady,
  type Numbers,
  numbersOf,
  type Point,
} from './curves.ts'
import { type CurveName, curveNames, type Sample } from './sample.ts'
import { limits, segmentAgeS } from './station.ts'

// What each curve may do. A bound that is broken is told as `grows`, and fails the soak. Slopes, growth and thirds are of the time under
// load; what must hold after quiet is held to the last sample.

export interface JudgedCurve extends Numbers {
  judgement: Judgement
  bound: string
}
export type JudgedCurves = Partial<Record<CurveName, JudgedCurve>>

const memoryShare = 0.15
const memorySlackMb = 20
const handlesSlack = 10
/** A minute of them, and as much again where the machine is busy. */
const journalSegmentsMost = 24
const catalogFixedBytes = 256 * 1024
const bytesPerLakeFile = 1536
const bytesPerSpool = 1024
/** SQLite begins its log anew when a thousand pages are in it and nobody reads. */
const walBytesMost = 16 * 1024 * 1024
/** Bytes of a row, and of a file's footer and columns: many files of a few seconds have few rows. */
const lakeBytesPerRow = 150
const lakeBytesPerFile = 16 * 1024
/** A few wait for the schema at a time, for each sink. */
const parkedMost = 20
/** Streams of rigs, `odd`, and what is no reading: events, clock, gaps, health, schemas, the ledger. */
const lakeTables = 12

interface Bound {
  /** In words. */
  says: string
  judge(points: Point[], samples: readonly Sample[]): Judgement
  /** It holds after quiet, or is broken, whatever was before. */
  afterQuiet?(value: number, quiet: Sample): boolean
}

const memory: Bound = {
  says: 'last third within 15 % + 20 MB of the middle third',
  judge: (points) => judgeSteady(points, memoryShare, memorySlackMb),
}
const handles: Bound = {
  says: `last third within ${handlesSlack} of the middle third`,
  judge: (points) => judgeSteady(points, 0, handlesSlack),
}
const most = (bytes: number, says: string): Bound => ({ says, judge: (points) => judgeMost(points, bytes) })

const growth = (samples: readonly Sample[], name: CurveName): number => growthOf(pointsOf(samples, name))

const bounds: Record<CurveName, Bound> = {
  broker_memory_mb: memory,
  ingest_memory_mb: memory,
  lake_memory_mb: memory,
  history_memory_mb: memory,
  agent_memory_median_mb: memory,
  agent_memory_most_mb: memory,
  broker_handles: handles,
  ingest_handles: handles,
  lake_handles: handles,
  history_handles: handles,
  agent_handles_median: handles,
  agent_handles_most: handles,
  journal_bytes: most(limits.journalBytesMax, `never above its limit, ${limits.journalBytesMax}`),
  journal_segments: {
    says: `never above ${journalSegmentsMost} while the sinks are up`,
    judge: (_, samples) =>
      judgeMost(
        pointsOf(
          samples.filter(({ sinksUp }) => sinksUp),
          'journal_segments',
        ),
        journalSegmentsMost,
      ),
  },
  spool_bytes_most: {
    says: 'after quiet two segments at most',
    judge: (points) => judgeSteady(points, memoryShare, limits.spoolSegmentBytesMax),
    afterQuiet: (bytes) => bytes <= 2 * limits.spoolSegmentBytesMax,
  },
  catalog_bytes: {
    says: `${bytesPerLakeFile} a lake file + ${bytesPerSpool} a spool + ${catalogFixedBytes}`,
    judge: (points, samples) =>
      judgeGrowth(
        points,
        growth(samples, 'lake_files') * bytesPerLakeFile +
          growth(samples, 'spools') * bytesPerSpool +
          catalogFixedBytes,
      ),
  },
  catalog_wal_bytes: most(walBytesMost, `never above ${walBytesMost}`),
  lake_files: {
    says: `${lakeTables} a segment of ${segmentAgeS} s`,
    judge(points) {
      const seconds = ((points.at(-1)?.atS ?? 0) - (points[0]?.atS ?? 0)) / 2
      return judgeGrowth(points, lakeTables * (seconds / segmentAgeS + 3))
    },
  },
  lake_rows: { says: 'the data', judge: (points) => judgeGrowth(points, Number.POSITIVE_INFINITY) },
  lake_bytes: {
    says: `${lakeBytesPerRow} a row + ${lakeBytesPerFile} a file`,
    judge: (points, samples) =>
      judgeGrowth(
        points,
        growth(samples, 'lake_rows') * lakeBytesPerRow + growth(samples, 'lake_files') * lakeBytesPerFile,
      ),
  },
  quarantine_bytes: {
    says: `never above its limit, ${limits.quarantineBytesMax}`,
    judge: (points) =>
      judgeMost(points, limits.quarantineBytesMax) === 'flat' ? judgeGrowth(points, Number.POSITIVE_INFINITY) : 'grows',
  },
  spools: { says: 'one a start of an agent', judge: (points) => judgeGrowth(points, Number.POSITIVE_INFINITY) },
  ranges: {
    says: 'after quiet one a spool',
    judge: (points) => judgeGrowth(points, Number.POSITIVE_INFINITY),
    afterQuiet: (ranges, { values: { spools = 0 } }) => ranges <= spools,
  },
  parked: {
    says: 'after quiet none',
    judge: (points) => judgeMost(points, parkedMost),
    afterQuiet: (parked) => parked === 0,
  },
}

const pointsOf = (samples: readonly Sample[], name: CurveName) =>
  samples.flatMap(({ atS, values }) => {
    const value = values[name]
    return value === undefined ? [] : [{ atS, value }]
  })

/** `starts`: of agents, each a spool. */
export function judgeCurves(samples: readonly Sample[], starts: number): JudgedCurves {
  const judged: JudgedCurves = {}
  const underLoad = samples.filter(({ quiet }) => !quiet)
  const quiet = samples.find(({ quiet }) => quiet)
  for (const name of curveNames) {
    const points = pointsOf(samples, name)
    if (points.length === 0) continue
    const { says, judge, afterQuiet } = bounds[name]
    const loaded = pointsOf(underLoad, name)
    const numbers = { ...numbersOf(points), perHour: numbersOf(loaded).perHour }
    judged[name] = { ...numbers, judgement: judge(loaded, underLoad), bound: says }
    const value = quiet?.values[name]
    if (quiet && value !== undefined && afterQuiet?.(value, quiet) === false) judged[name].judgement = 'grows'
  }
  // Ingest has one of its own.
  if (judged.spools && judged.spools.last > starts + 1) judged.spools.judgement = 'grows'
  return judged
}
