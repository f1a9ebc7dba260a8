// Curves of a soak as numbers, and what they say. Pure.

export type Judgement = 'flat' | 'grows with data' | 'grows' | 'too short'

export interface Point {
  atS: number
  value: number
}

export interface Numbers {
  first: number
  last: number
  most: number
  /** Least squares over the second half. */
  perHour: number
}

export function numbersOf(points: readonly Point[]): Numbers {
  const first = points[0]?.value ?? 0
  return {
    first: rounded(first),
    last: rounded(points.at(-1)?.value ?? 0),
    most: rounded(points.reduce((most, { value }) => Math.max(most, value), first)),
    perHour: rounded(slopePerS(secondHalf(points)) * 3600),
  }
}

const rounded = (value: number): number => Math.round(value * 10) / 10

export const secondHalf = (points: readonly Point[]): readonly Point[] => {
  const [first, last] = [points[0], points.at(-1)]
  if (!first || !last) return points
  const middleS = (first.atS + last.atS) / 2
  return points.filter(({ atS }) => atS >= middleS)
}

/** Least squares; 0 where there is no line. */
export function slopePerS(points: readonly Point[]): number {
  const middleS = mean(points.map(({ atS }) => atS))
  const middle = mean(points.map(({ value }) => value))
  const spread = points.reduce((sum, { atS }) => sum + (atS - middleS) ** 2, 0)
  if (points.length < 2 || spread === 0) return 0
  return points.reduce((sum, { atS, value }) => sum + (atS - middleS) * (value - middle), 0) / spread
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / (values.length || 1)

/** Of the middle and of the last third of the time; undefined without points in both. */
export function thirdsOf(points: readonly Point[]): { middle: number; last: number } | undefined {
  const [first, end] = [points[0], points.at(-1)]
  if (!first || !end) return undefined
  const thirdS = (end.atS - first.atS) / 3
  const between = (fromS: number, toS: number) =>
    points.flatMap(({ atS, value }) => (atS >= fromS && atS <= toS ? [value] : []))
  const middle = between(first.atS + thirdS, first.atS + 2 * thirdS)
  const last = between(first.atS + 2 * thirdS, end.atS)
  return middle.length < 2 || last.length < 2 ? undefined : { middle: mean(middle), last: mean(last) }
}

/** What it grew by over the second half of the time. */
export function growthOf(points: readonly Point[]): number {
  const half = secondHalf(points)
  return (half.at(-1)?.value ?? 0) - (half[0]?.value ?? 0)
}

/** A program is warm after some minutes: before that, what it takes says nothing of a leak. */
export const warmS = 180

/** The mean of the last third is no more than that of the middle third, a share of it and some slack. */
export function judgeSteady(points: readonly Point[], share: number, slack: number): Judgement {
  const thirds = thirdsOf(points)
  const spanS = (points.at(-1)?.atS ?? 0) - (points[0]?.atS ?? 0)
  if (!thirds || spanS < warmS) return 'too short'
  return thirds.last <= thirds.middle * (1 + share) + slack ? 'flat' : 'grows'
}

export const judgeMost = (points: readonly Point[], most: number): Judgement =>
  points.every(({ value }) => value <= most) ? 'flat' : 'grows'

/** It may grow, by no more than the data that it stands for account for. */
export function judgeGrowth(points: readonly Point[], most: number): Judgement {
  const growth = growthOf(points)
  return growth > most ? 'grows' : growth > 0 ? 'grows with data' : 'flat'
}
