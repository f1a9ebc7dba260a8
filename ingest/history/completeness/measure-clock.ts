import type { DuckDBConnection } from '@duckdb/node-api'
import type { ClockSample } from '../../../protos/types.ts'
import type { LakeFile } from '../../catalog/types.ts'
import { quoteText } from '../../sinks/lake/stage.ts'
import type { Files } from '../files.ts'
import type { Part } from '../types.ts'
import { fitClock } from './clock-fit.ts'
import type { ClockReport } from './report.ts'

const samplesMax = 1_000_000
const stepsListed = 100

/** The rig's clock in the part, from the lake's table and the samples behind it; null with fewer than two samples. */
export async function measureClock(
  connection: DuckDBConnection,
  files: Files,
  { rig, fromNs, toNs }: Part,
  lake: readonly LakeFile[],
  tail: readonly ClockSample[],
): Promise<ClockReport | null> {
  const samples: Sample[] = tail
    .filter(({ tNs }) => tNs >= fromNs && tNs < toNs)
    .map(({ tNs, offsetNs, roundTripNs, stepNs }) => ({
      time: Number(tNs - fromNs),
      offset: Number(offsetNs),
      roundTrip: Number(roundTripNs),
      step: Number(stepNs),
    }))
  const paths = lake.filter(({ rows }) => rows > 0).map((file) => quoteText(files.path(file)))
  if (paths.length > 0) {
    const found = await connection.runAndReadAll(
      `SELECT (t_ns - ${fromNs})::DOUBLE, offset_ns::DOUBLE, round_trip_ns::DOUBLE, step_ns::DOUBLE
       FROM read_parquet([${paths.join(', ')}], union_by_name = true)
       WHERE rig = ${quoteText(rig)} AND t_ns >= ${fromNs} AND t_ns < ${toNs} LIMIT ${samplesMax}`,
    )
    for (const [time, offset, roundTrip, step] of found.getRows() as [number, number, number, number][]) {
      samples.push({ time, offset, roundTrip, step })
    }
  }
  samples.sort((a, b) => a.time - b.time)
  const steps = samples.filter(({ step }) => step !== 0)
  const measured = samples.filter(({ step }) => step === 0)
  const middle = Number(toNs - fromNs) / 2
  const fit = fitClock(
    {
      times: Float64Array.from(measured, ({ time }) => time),
      offsets: Float64Array.from(measured, ({ offset }) => offset),
      roundTrips: Float64Array.from(measured, ({ roundTrip }) => roundTrip),
    },
    steps.map(({ time }) => time),
    middle,
  )
  if (!fit) return null
  return {
    samples: measured.length,
    used: fit.used,
    atNs: String(fromNs + BigInt(Math.round(middle))),
    offsetMs: fit.offsetNs / 1e6,
    offsetUncertaintyMs: fit.offsetUncertaintyNs / 1e6,
    driftPpm: fit.driftPpm,
    driftUncertaintyPpm: fit.driftUncertaintyPpm,
    steps: steps.slice(0, stepsListed).map(({ time, step }) => ({
      atNs: String(fromNs + BigInt(Math.round(time))),
      stepMs: step / 1e6,
    })),
    stepsCut: steps.length > stepsListed,
  }
}

interface Sample {
  time: number
  offset: number
  roundTrip: number
  step: number
}
