import type { Logger } from '../common/log.ts'
import type { SegmentLog } from '../common/segment-log-types.ts'
import type { Body } from '../protos/types.ts'
import type { SegmentEntry, SpoolIndex } from './spool-index.ts'
import { describeLoss } from './spool-loss.ts'
import { writeMemory } from './spool-memory.ts'
import { readSegment } from './spool-reader.ts'

// Which segments go, and when: those that ingest has whole, at once or (keepConfirmed) when room is needed; and at the byte limit the
// oldest, whose Gap is on disk first. What must be remembered of a segment is on disk before the segment goes.

export interface RoomOptions {
  folder: string
  index: SpoolIndex
  segmentLog: SegmentLog
  bytesMax: number
  keepConfirmed: boolean
  log: Logger
  add(body: Body): Promise<unknown>
  /** Resolves when the work is done, or when the log takes nothing. */
  unlessBlocked(work: Promise<unknown>): Promise<void>
  /** Closes the segment that is being written, so that it can go; false if there is nothing in it. */
  closeSegment(): Promise<boolean>
  onMade(): void
}

export interface SpoolRoom {
  /** Makes room if the limit is near. */
  check(): void
  /** There is room for what a source that can wait has, without anything having to go that ingest lacks. */
  hasRoom(): boolean
  /** Drops the oldest segments until a quarter of the room is free; what of them ingest does not have is declared first. */
  make(): Promise<void>
  /** Ingest has more than before: deletes what it has whole, or notes that. */
  forget(): void
  /** Writes what must outlive the agent; gathers. */
  save(): Promise<void>
  close(): Promise<void>
}

export function createSpoolRoom(options: RoomOptions): SpoolRoom {
  const { folder, index, segmentLog, keepConfirmed, log } = options
  // A quarter is kept free for what is under way while room is made, the Gaps that declare what goes among it.
  const fullBytes = options.bytesMax * 0.75
  // Below that, by what is read at a time and waits for the disk, and by what comes from sources that cannot wait.
  const sourcesWaitBytes = options.bytesMax * 0.6
  let making: Promise<void> | undefined
  let forgetting: Promise<void> | undefined
  let saving: Promise<void> | undefined
  let next: Promise<void> | undefined
  let saveFailed = false
  /** keepConfirmed: all before this segment was confirmed when that was last noted. */
  let notedBefore = ''

  const save = (): Promise<void> => {
    if (saving) {
      next ??= saving.then(() => {
        next = undefined
        return save()
      })
      return next
    }
    saving = writeMemory(folder, index.remembered()).then(
      () => {
        saveFailed = false
        saving = undefined
      },
      (error) => {
        if (!saveFailed) log.warn({ err: error, folder }, 'what the spool remembers cannot be written; trying again')
        saveFailed = true
        saving = undefined
      },
    )
    return saving
  }

  const drop = async (name: string) => {
    await segmentLog.drop(name)
    index.removeSegment(name)
  }

  const make = () => {
    making ??= dropUntilFree()
      .catch((error) => log.error({ err: error }, 'the spool cannot make room'))
      .finally(() => {
        making = undefined
      })
    return making
  }

  const dropUntilFree = async () => {
    await forgetting
    while (segmentLog.bytes > fullBytes) {
      const [oldest] = segmentLog.segments()
      if (!oldest) break
      if (!oldest.sealed) {
        if (!(await options.closeSegment())) break
        continue
      }
      const entry = index.segments.find(({ name }) => name === oldest.name)
      if (entry) {
        await declareLoss(entry)
        index.forgetting(entry)
        await save()
      }
      await drop(oldest.name)
    }
    options.onMade()
  }

  /** The Gap is on disk before the segment goes, for a kill in between would leave a hole; unless the disk takes nothing more. */
  const declareLoss = async (entry: SegmentEntry) => {
    const successor = segmentLog.segments().find(({ name }) => name > entry.name)?.name
    const loss = await describeLoss(readSegment(folder, entry.name, successor), entry, index.unconfirmed(entry))
    if (!loss) return
    const { numbers, rows } = loss.gap
    log.error({ numbers, rows, spool: entry.spool }, 'the spool is full: its oldest envelopes are dropped')
    const declared = [...loss.kept, { type: 'gap' as const, gap: loss.gap }].map((body) => options.add(body))
    await options.unlessBlocked(Promise.all(declared))
  }

  const dropConfirmed = async () => {
    for (let entry = index.droppable(); entry; entry = index.droppable()) {
      // As many as there are go behind one note.
      const going: SegmentEntry[] = []
      for (const segment of index.segments.slice(0, -1)) {
        if (index.unconfirmed(segment).length > 0) break
        index.forgetting(segment)
        going.push(segment)
      }
      await save()
      for (const segment of going) {
        // Ingest may have said meanwhile that it has less.
        if (index.unconfirmed(segment).length > 0) return
        await drop(segment.name)
      }
    }
  }

  const noteConfirmed = () => {
    let at = notedBefore
    for (const segment of index.segments.slice(0, -1)) {
      if (segment.name < at) continue
      if (index.unconfirmed(segment).length > 0) break
      at = `${segment.name}~`
    }
    if (at === notedBefore) return
    notedBefore = at
    void save()
  }

  return {
    check() {
      if (segmentLog.bytes > fullBytes) void make()
    },
    hasRoom() {
      if (segmentLog.bytes < sourcesWaitBytes) return true
      const bytesOf = new Map(segmentLog.segments().map(({ name, bytes }) => [name, bytes]))
      let bytes = segmentLog.bytes
      for (const segment of index.segments) {
        if (index.unconfirmed(segment).length > 0) break
        bytes -= bytesOf.get(segment.name) ?? 0
        if (bytes < sourcesWaitBytes) return true
      }
      return false
    },
    make,
    forget() {
      if (making) return
      if (keepConfirmed) {
        noteConfirmed()
        return
      }
      if (!index.droppable()) return
      forgetting ??= dropConfirmed()
        .catch((error) => log.error({ err: error }, 'the spool cannot delete a segment'))
        .finally(() => {
          forgetting = undefined
        })
    },
    save,
    async close() {
      await making
      await forgetting
      await save()
    },
  }
}
