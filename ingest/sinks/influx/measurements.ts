// The names of measurements: a stream's is the stream's own, and names that begin with "rigline_" are those of our tables
// (table-lines.ts). A stream of such a name is written with a "." before it, with which no stream's name can begin.

const ours = 'rigline_'

export const tables = {
  events: `${ours}events`,
  gaps: `${ours}gaps`,
  health: `${ours}health`,
  sources: `${ours}sources`,
  clock: `${ours}clock`,
} as const

/** The measurement of a stream. Of a measurement: itself. */
export const measurementOf = (stream: string): string => (stream.startsWith(ours) ? `.${stream}` : stream)

/** The stream of a measurement; undefined: it is a table of ours. */
export function streamOf(measurement: string): string | undefined {
  if (measurement.startsWith(ours)) return undefined
  return measurement.startsWith(`.${ours}`) ? measurement.slice(1) : measurement
}
