import type { NamedPoint } from './types.ts'

// What the harness and the preload say to each other: one file a program of Rigline's, read by it and by all that it starts.

export interface Control {
  /** The wall clock is so far from the real one, ms. */
  clockMs?: number
  /** Kill oneself the `times`-th time that the point is reached, once for each id. */
  kill?: { id: string; point: NamedPoint; times: number }
  /** What lies below the folder takes so many bytes, and no more. Of what is written through node:fs; SQLite and DuckDB see no quota. */
  quota?: { folder: string; bytesMax: number }
  /** The lake's process crashes whenever it writes one certain envelope: about so far into the first part that it writes (0 to 1). */
  poison?: { id: string; share: number }
}

/** Beside the control file: written just before the kill. */
export const killedFile = (file: string, id: string): string => `${file}.killed-${id}`

/** Beside the control file: which position of the journal was chosen, as JSON. */
export const poisonedFile = (file: string, id: string): string => `${file}.poisoned-${id}`
