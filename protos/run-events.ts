import { isName, nameRule, ownRig } from './topics.ts'
import type { Event } from './types.ts'

// What people enter about runs and rigs, as events. They travel in envelopes like readings: from a rig's agent, or as ingest's
// own. Nothing is edited in place: a correction is a further event for the same run, marker or entry, and counts as its next
// version. An event's facts are texts; lists are JSON.

/** What is known of a run. Absent: not said. */
export interface RunFacts {
  operator?: string
  /** A pseudonym, never a name or a number that others know the person by. */
  subject?: string
  cabin?: string
  firmware?: string
  /** Ids of the calibrations that were in force. */
  calibrations?: string[]
  tags?: string[]
  description?: string
}

/** What is true of a rig from some time on. */
export interface RigFacts {
  site?: string
  cabin?: string
  firmware?: string
  calibrations?: string[]
  note?: string
}

/** A correction names what changes; null takes a fact back. */
export type Changes<Facts> = { [Key in keyof Facts]?: Facts[Key] | null }

export type RunEvent =
  /** From a rig: that rig takes part from the event's time on, whoever else does. From ingest: `rigs` do. */
  | { type: 'run.started'; run: string; rigs: string[]; facts: RunFacts }
  /** From a rig: it takes part no longer. From ingest: nobody does. `run` empty: whichever is open on that rig. */
  | { type: 'run.stopped'; run: string }
  /**
   * A further version of the run. `fromNs`, `toNs`: where the whole run begins and ends; parts that go beyond are cut, the
   * parts that begin first (end last) reach there. `withdrawn`: absent, as it was. From a rig that takes part: `fromNs`,
   * `toNs` of its own part, and it withdraws only a run of its own.
   */
  | {
      type: 'run.corrected'
      run: string
      facts: Changes<RunFacts>
      fromNs?: bigint
      toNs?: bigint
      withdrawn?: boolean
    }
  /** From ingest alone: what the rig's history said when it learned that the rig takes part. */
  | { type: 'run.froze'; run: string; rig: string; facts: RigFacts & { agentVersion?: string } }
  /**
   * A point (`toNs` absent) or an interval. `run` empty: of whichever run is open on the rig then, if any. `rigs` empty: of
   * the sender, or of all rigs of the run. A further event with the same `marker` is its next version: names of markers
   * are the sender's own. `of`, from ingest alone: the rig whose marker this is a version of.
   */
  | {
      type: 'marker'
      marker: string
      of?: string
      run: string
      rigs: string[]
      label: string
      fromNs: bigint
      toNs?: bigint
      withdrawn?: boolean
    }
  /**
   * From ingest alone: the rig's facts from `validFromNs` on; what it does not name stays as it was, an empty text or list
   * says that it is not known any more. The same `entry` again is its next version.
   */
  | { type: 'rig.described'; entry: string; rig: string; validFromNs: bigint; facts: RigFacts; withdrawn?: boolean }

export type RunEventType = RunEvent['type']
export const runEventTypes: readonly RunEventType[] = [
  'run.started',
  'run.stopped',
  'run.corrected',
  'run.froze',
  'marker',
  'rig.described',
]
export const isRunEvent = (type: string): type is RunEventType => (runEventTypes as readonly string[]).includes(type)

/** What only ingest may say: a rig speaks for itself alone. */
export const isForIngestAlone = ({ type }: { type: RunEventType }): boolean =>
  type === 'run.froze' || type === 'rig.described'

/** What is entered beside the event itself. */
export interface Entered {
  /** When it happened: ns since 1970 UTC, by the clock of whoever enters it. */
  tNs: bigint
  author: string
  /** Why, in words. */
  text: string
  /** ULID. The same event entered twice (a file read again after a crash) has the same. */
  id: string
}

const behalf = ' for '
/** Who enters it at the ingest: a token, and the person for whom. */
export const signFor = (token: string, person?: string): string =>
  person === undefined ? token : `${token}${behalf}${person}`
/** The same for everybody to see: the person left out. What rigs say of authors is theirs. */
export const signedByToken = (author: string, sender: string): string =>
  sender === ownRig ? author.split(behalf, 1)[0]! : author

/** Bounds of what is entered, so that an event fits its envelope and a fold stays small. */
export const textCharsMax = 4000
export const factCharsMax = 200
export const listMax = 64

export const encodeRunEvent = (event: RunEvent, { tNs, author, text, id }: Entered): Event => ({
  tNs,
  author,
  text,
  id,
  type: event.type,
  facts: factsOf(event),
})

function factsOf(event: RunEvent): Record<string, string> {
  switch (event.type) {
    case 'run.started':
      return { run: event.run, rigs: JSON.stringify(event.rigs), facts: JSON.stringify(event.facts) }
    case 'run.stopped':
      return { run: event.run }
    case 'run.corrected':
      return { run: event.run, facts: JSON.stringify(event.facts), ...span(event), ...withdrawn(event) }
    case 'run.froze':
      return { run: event.run, rig: event.rig, facts: JSON.stringify(event.facts) }
    case 'marker': {
      const { marker, run, rigs, label, of } = event
      const owner: Record<string, string> = of === undefined ? {} : { of }
      return { marker, ...owner, run, rigs: JSON.stringify(rigs), label, ...span(event), ...withdrawn(event) }
    }
    case 'rig.described': {
      const { entry, rig, validFromNs, facts } = event
      return { entry, rig, from_ns: String(validFromNs), facts: JSON.stringify(facts), ...withdrawn(event) }
    }
  }
}

const span = ({ fromNs, toNs }: { fromNs?: bigint; toNs?: bigint }): Record<string, string> => ({
  ...(fromNs === undefined ? {} : { from_ns: String(fromNs) }),
  ...(toNs === undefined ? {} : { to_ns: String(toNs) }),
})
const withdrawn = (event: { withdrawn?: boolean }): Record<string, string> =>
  event.withdrawn === undefined ? {} : { withdrawn: String(event.withdrawn) }

/** Reads an event back. Undefined if its type is none of these. Throws, saying which fact, if one cannot be read. */
export function decodeRunEvent({ type, facts, tNs }: Event): RunEvent | undefined {
  if (!isRunEvent(type)) return undefined
  const name = (key: string, empty = false): string => {
    // Hangul comes whole from one keyboard and in parts from another: both name one run. A rig is called as it calls itself.
    const text = key === 'rig' || key === 'of' ? (facts[key] ?? '') : (facts[key] ?? '').normalize('NFC')
    if (!isName(text) && !(empty && text === '')) {
      throw new Error(`${type}: ${key} ${JSON.stringify(text.slice(0, 80))} is no name (${nameRule})`)
    }
    return text
  }
  const isWithdrawn = { true: { withdrawn: true }, false: { withdrawn: false } }[facts.withdrawn ?? ''] ?? {}
  switch (type) {
    case 'run.started':
      return { type, run: name('run'), rigs: readRigs(type, facts), facts: readFacts(type, facts, runFactKinds) }
    case 'run.stopped':
      return { type, run: name('run', true) }
    case 'run.corrected':
      return {
        type,
        run: name('run'),
        facts: readFacts(type, facts, runFactKinds, true) as Changes<RunFacts>,
        ...readSpan(type, facts),
        ...isWithdrawn,
      }
    case 'run.froze':
      return { type, run: name('run'), rig: name('rig'), facts: readFacts(type, facts, rigFactKinds) }
    case 'marker': {
      const label = (facts.label ?? '').slice(0, factCharsMax)
      return {
        type,
        marker: name('marker'),
        ...(facts.of === undefined ? {} : { of: name('of') }),
        run: name('run', true),
        rigs: readRigs(type, facts),
        label,
        fromNs: tNs,
        ...readSpan(type, facts),
        ...isWithdrawn,
      }
    }
    case 'rig.described': {
      const { fromNs = tNs } = readSpan(type, facts)
      return {
        type,
        entry: name('entry'),
        rig: name('rig'),
        validFromNs: fromNs,
        facts: readFacts(type, facts, rigFactKinds),
        ...isWithdrawn,
      }
    }
  }
}

type FactKind = 'text' | 'list'
const runFactKinds = {
  operator: 'text',
  subject: 'text',
  cabin: 'text',
  firmware: 'text',
  calibrations: 'list',
  tags: 'list',
  description: 'text',
} as const satisfies Record<keyof RunFacts, FactKind>
const rigFactKinds = {
  site: 'text',
  cabin: 'text',
  firmware: 'text',
  calibrations: 'list',
  note: 'text',
  agentVersion: 'text',
} as const satisfies Record<keyof RigFacts | 'agentVersion', FactKind>

function readJson(type: string, key: string, text: string | undefined, otherwise: unknown): unknown {
  if (text === undefined || text === '') return otherwise
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new Error(`${type}: ${key} ${JSON.stringify(text.slice(0, 80))} is no JSON`, { cause })
  }
}

function readRigs(type: string, facts: Record<string, string>): string[] {
  const rigs = readJson(type, 'rigs', facts.rigs, [])
  if (!Array.isArray(rigs) || rigs.length > listMax || !rigs.every((rig) => typeof rig === 'string' && isName(rig))) {
    throw new Error(`${type}: rigs is no list of up to ${listMax} names`)
  }
  return rigs
}

function readFacts<Kinds extends Record<string, FactKind>>(
  type: string,
  facts: Record<string, string>,
  kinds: Kinds,
  nullable = false,
): { [Key in keyof Kinds]?: Kinds[Key] extends 'list' ? string[] : string } {
  const given = readJson(type, 'facts', facts.facts, {})
  if (typeof given !== 'object' || given === null || Array.isArray(given)) throw new Error(`${type}: facts is no map`)
  const read: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(given)) {
    const kind = Object.hasOwn(kinds, key) ? kinds[key] : undefined
    // A fact of a later release.
    if (kind === undefined) continue
    const fits =
      kind === 'text' ? isText(value) : Array.isArray(value) && value.length <= listMax && value.every(isItem)
    if (!fits && !(nullable && value === null)) throw new Error(`${type}: ${key} is no ${kind} of a bounded length`)
    read[key] = value
  }
  return read as ReturnType<typeof readFacts<Kinds>>
}

const isText = (value: unknown): boolean => typeof value === 'string' && value.length <= textCharsMax
const isItem = (value: unknown): boolean => typeof value === 'string' && value.length <= factCharsMax

function readSpan(type: string, facts: Record<string, string>): { fromNs?: bigint; toNs?: bigint } {
  const time = (key: string): bigint | undefined => {
    const text = facts[key]
    if (text === undefined) return undefined
    if (!/^-?\d{1,19}$/.test(text))
      throw new Error(`${type}: ${key} ${JSON.stringify(text.slice(0, 80))} is no time in ns`)
    return BigInt.asIntN(64, BigInt(text))
  }
  const [fromNs, toNs] = [time('from_ns'), time('to_ns')]
  return { ...(fromNs === undefined ? {} : { fromNs }), ...(toNs === undefined ? {} : { toNs }) }
}
