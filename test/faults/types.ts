import type { AgentCounters } from '../../agent/agent.ts'
import type { Cause } from '../../protos/types.ts'
import type { ControlFile } from './control.ts'

// The seams of the faults harness (npm run faults): real processes under a seeded load of numbered rows, a schedule of faults drawn from
// the same seed, and an account that counts from the seed alone.

/** Draws that depend on the seed and the name alone: a draw more in one place changes none in another. */
export interface Random {
  /** 0 <= x < 1. */
  next(): number
  /** from <= x <= to, whole. */
  int(from: number, to: number): number
  pick<T>(items: readonly T[]): T
  fork(name: string): Random
}

/** What Rigline's processes are made to do by test/faults/preload.ts, which is loaded into them with --import; Rigline itself knows nothing of it. */
export type NamedPoint =
  /** The record is written into the spool's segment, its fdatasync not yet called. */
  | 'spool.appended'
  /** The spool's fdatasync has returned, nobody has heard of it. */
  | 'spool.synced'
  | 'journal.appended'
  /** The journal's fdatasync has returned, no receipt has gone out. */
  | 'journal.synced'
  /** InfluxDB has answered a write, the sink's cursor is not saved. Ingest is killed by the harness's HTTP proxy. */
  | 'influx.written'
  /** A Parquet file has its name, the catalog does not know it: the lake's process ends itself. */
  | 'lake.renamed'
  /** The same, and it takes ingest along. */
  | 'lake.renamed_ingest'

/** One of Rigline's programs, or InfluxDB, as a real process. */
export interface Process {
  readonly name: string
  readonly running: boolean
  readonly pid: number | undefined
  start(): Promise<void>
  /** SIGKILL. */
  kill(): Promise<void>
  /** SIGTERM. */
  stop(): Promise<void>
  /** Resolves when it has ended, however; with its exit code, null after a signal. An end that nobody asked for is a problem of the run, unless it was awaited here. */
  ended(): Promise<number | null>
  /** What it wrote on standard error so far. */
  output(): string
}

/** A process of Rigline's, with the preload in it. */
export interface RiglineProcess extends Process {
  /** Its data folder. */
  readonly data: string
  /**
   * Ends it (SIGKILL by itself, by openControl's killAt) the `times`-th time that it reaches the point; resolves when it has ended, or
   * rejects after timeoutMs. 'lake.renamed' ends the lake's process, which ingest starts again; 'influx.written' is not for this.
   */
  killAt(point: NamedPoint, times: number, timeoutMs: number): Promise<void>
  /** Moves its wall clock (Date.now) by so much from the real one, in ms, for this start and those to come; 0: right again. The monotonic clock goes on. */
  stepClock(byMs: number): void
  /** Of its preload, and that of the processes it starts. */
  readonly control: ControlFile
  /** Environment of its next start (RIGLINE_* override keys of the configuration). */
  readonly env: Record<string, string>
}

/** What an agent measures, and how. */
export interface RigKind {
  rig: string
  /** `file`: follows a file and resumes. `tcp`: lines over TCP with their own times. `stamped`: over TCP, the agent gives the times. */
  source: 'file' | 'tcp' | 'stamped'
  keepConfirmed: boolean
}

export interface Rig extends RigKind, RiglineProcess {
  /** Rows that the harness has generated so far. */
  generated(): number
  /** Asks it over IPC; rejects if it does not run. */
  counters(): Promise<AgentCounters>
  /** A second agent of the same rig, with a data folder of its own, not started yet. Its rows come from the same file or device: see `feed`. */
  clone(name: string): RiglineProcess & { counters(): Promise<AgentCounters> }
  /** Its device measures nothing until `resume`, but for a row of each stream at each `rowsNow`. */
  rest(): void
  resume(): void
  rowsNow(): void
  /** Connections to its device; 1 for a file. */
  listeners(): number
  /** Makes its feeds yield so many bytes a second, about, beside what they yield anyway; 0: no more. */
  burst(bytesPerS: number): void
  /** Keys of agent.yaml over the usual ones ({ spool: { bytesMax } }), to be changed before its next start. */
  readonly config: Record<string, unknown>
}

/** TCP between two processes. */
export interface Link {
  /** Ends all connections; new ones are refused until `heal`. */
  cut(): void
  /** Connections stay, nothing comes through, either way; new ones are taken and stay mute. */
  halfOpen(): void
  /** Bytes a second, each way, and so much delay. */
  slow(bytesPerS: number, delayMs: number): void
  heal(): void
}

/** HTTP between ingest and InfluxDB. */
export interface InfluxLink extends Link {
  /** Answers instead of InfluxDB. 'timeout': takes the request and never answers. With `after`: InfluxDB has stored it, its answer is replaced. */
  answer(with_: 400 | 429 | 500 | 503 | 'timeout', options?: { after?: boolean; share?: number; random?: Random }): void
  /** Calls back once, when InfluxDB has answered the next write and before ingest hears of it. */
  onceWritten(then: () => void | Promise<void>): void
}

/** All that runs. */
export interface World {
  readonly folder: string
  readonly group: string
  readonly rigs: readonly Rig[]
  readonly broker: Process
  readonly ingest: RiglineProcess
  readonly influx: Process
  /** Between a rig and the broker. */
  readonly links: ReadonlyMap<string, Link>
  readonly ingestLink: Link
  readonly influxLink: InfluxLink
  /** Files on which a disk of fixed size lies under a process's data folder, where the harness may make one (root on Linux): fills and frees it. */
  disk(of: RiglineProcess): { fill(leaveBytes: number): void; free(): void } | undefined
  /** Configuration of ingest, to be changed before its next start; written into ingest.yaml at each start. */
  readonly ingestConfig: Record<string, unknown>
  readonly mqttPort: number
  readonly httpUrl: string
  log(text: string): void
  /** Another process of the world: ended with it. */
  spawn(options: SpawnOptions): Process
}

export interface SpawnOptions {
  name: string
  /** Executable and arguments, asked at each start. */
  command(): { file: string; args: string[]; env?: NodeJS.ProcessEnv }
  /** Resolves when it is ready; called again and again until it resolves with true. */
  ready(): Promise<boolean>
}

/** What a fault may have cost: a Gap that none of these explains fails the run. */
export interface Excuse {
  /** Undefined: any. */
  rig?: string
  causes: Cause[]
  /** The Gap's interval must touch this one. Harness's wall clock, ms; some slack is added by the account. */
  fromMs: number
  toMs: number
}

export interface Fault {
  /** As counted in the last line: `kill_agent`, `link_half_open`, `disk_full_ingest` ... */
  kind: string
  /** What it lays hands on: two faults of one round never share any. '*': alone in its round. */
  touches(world: Pick<World, 'rigs'>, random: Random): string[]
  /** Injects, heals, and resolves when the world is as before, all processes running. `touched`: as drawn. Bounded in time. */
  run(world: World, random: Random, touched: string[]): Promise<Excuse[]>
}
