import { ulid } from '../common/ulid.ts'
import { encodeIngestStatus } from '../protos/messages.ts'
import { type IngestStatus, protocolVersion } from '../protos/types.ts'

// Each group has one ingest, the one that started last. Every ingest says on its status topic when it started, and gives
// way to one that started later. Two machines' clocks differ, therefore a starting ingest first looks at what the others
// said, and dates itself behind them all: of any two that meet, both draw the same conclusion, in whatever order their
// messages come. Ingests of one name share a topic, and a will or an end of the older one must not erase what the newer
// one said; each has a client id of its own, because the broker would let two of one id end each other for ever.

/** How long a starting ingest looks; what the broker retains comes right behind its answer to the subscription. */
const lookMs = 500

const int64Max = 2n ** 63n - 1n

export interface TakeoverOptions {
  name: string
  groups: string[]
  version: string
  /** Of the start, ns since 1970 UTC. */
  nowNs: bigint
  publish(status: Uint8Array): void
  /** Called once. `name`: of the other ingest. */
  onTakenOver(name: string, groups: string[]): void
}

export interface Takeover {
  /** Of this start: a ULID. */
  instance: string
  /** This ingest's status, encoded. */
  status(online: boolean): Uint8Array
  connected(): void
  disconnected(): void
  /** What an ingest says of itself, this one included. */
  heard(name: string, status: IngestStatus): void
  /** The name of the ingest that took over. */
  readonly by: string | undefined
  close(): void
}

export function createTakeover({ name, groups, version, nowNs, publish, onTakenOver }: TakeoverOptions): Takeover {
  const instance = ulid()
  let sinceNs = nowNs
  let announced = false
  let closed = false
  let by: string | undefined
  let looking: NodeJS.Timeout | undefined

  const status = (online: boolean) =>
    encodeIngestStatus({ online, sinceNs, version, protocols: [protocolVersion], groups, instance })
  const announce = () => {
    announced = true
    publish(status(true))
  }
  const isLater = (other: IngestStatus) =>
    other.sinceNs > sinceNs || (other.sinceNs === sinceNs && other.instance > instance)

  return {
    instance,
    status,
    connected() {
      clearTimeout(looking)
      if (announced) announce()
      else looking = setTimeout(announce, lookMs)
    },
    disconnected: () => clearTimeout(looking),
    heard(otherName, other) {
      if (closed || by !== undefined) return
      if (other.instance === instance) {
        // The will of a connection that this one has replaced.
        if (!other.online && announced) announce()
        return
      }
      const shared = other.groups.filter((group) => groups.includes(group))
      if (!announced) {
        if (shared.length > 0 && other.sinceNs >= sinceNs && other.sinceNs < int64Max) sinceNs = other.sinceNs + 1n
      } else if (!other.online) {
        if (otherName === name) announce()
      } else if (shared.length > 0 && isLater(other)) {
        by = otherName
        onTakenOver(otherName, shared)
      } else if (shared.length > 0) {
        // It may have been away, and not have heard of this one: it will now, and give way.
        announce()
      }
    },
    get by() {
      return by
    },
    close() {
      closed = true
      clearTimeout(looking)
    },
  }
}
