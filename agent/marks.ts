import { join } from 'node:path'
import type { Clock } from '../common/clock.ts'
import { createThrottle, type Logger } from '../common/log.ts'
import { encodeRunEvent } from '../protos/run-events.ts'
import type { Event } from '../protos/types.ts'
import { createDropFolder, type EnterOutcome, type TakenFile } from './marks/drop-folder.ts'
import { takenSuffix, takenSuffixOf } from './marks/list-folder.ts'
import { eventOf, type MarkEvent } from './marks/mark-events.ts'
import { addRecent, keepMarker, markersOf, readRecent } from './marks/recent.ts'
import { watchFolder } from './marks/watch-folder.ts'

// Starts and stops of runs, and markers, as people and the bench's control program enter them on the rig: files that are
// dropped into a folder, become events, and are deleted when the spool has them on disk.

export const marksFolderOf = (dataFolder: string): string => join(dataFolder, 'marks')
export const recentFileOf = (dataFolder: string): string => join(dataFolder, 'recent-marks.json')

export interface MarksOptions {
  rig: string
  dataFolder: string
  /** Where the control program writes, if it does. */
  folder?: string
  clock: Clock
  log: Logger
  /** False: what is spooled now is in memory alone. */
  isOpen(): boolean
  /** True: it is on disk. */
  spool(event: Event): Promise<boolean>
}

export interface Marks {
  /** At once, whatever a share does that hangs. */
  close(): Promise<void>
}

export function startMarks(options: MarksOptions): Marks {
  const { rig, dataFolder, clock, log } = options
  const own = marksFolderOf(dataFolder)
  const recentFile = recentFileOf(dataFolder)
  let recent = readRecent(recentFile)
  const markers = markersOf(recent)
  const throttled = createThrottle()

  const remember = (events: MarkEvent[]) => {
    try {
      recent = addRecent(recentFile, recent, events, clock.nowNs())
    } catch (error) {
      throttled('recent', () => log.warn({ err: error }, 'the list of recent marks cannot be written'))
    }
  }

  const eventsOf = ({ id, mtimeNs, marks }: TakenFile): MarkEvent[] => {
    const known = new Map(markers)
    const events = marks.map((mark, index) => {
      const marked = eventOf(mark, index, { rig, id, mtimeNs, clock, markers: known })
      if (marked.event.type === 'marker') known.set(marked.event.marker, marked.event)
      return marked
    })
    for (const { event } of events) if (event.type === 'marker') keepMarker(markers, event.marker, event)
    return events
  }

  /** The events of a file once they are on disk; else why not. */
  const enterOne = async (file: TakenFile): Promise<MarkEvent[] | Exclude<EnterOutcome, 'durable'>> => {
    let events: MarkEvent[]
    try {
      events = eventsOf(file)
    } catch (error) {
      return { bad: (error as Error).message }
    }
    try {
      const spooled = events.map(({ event, entered }) => options.spool(encodeRunEvent(event, entered)))
      return (await Promise.all(spooled)).includes(false) ? 'held' : events
    } catch (error) {
      throttled('spool', () => log.error({ err: error, id: file.id }, 'a mark cannot be spooled; its file is kept'))
      return 'held'
    }
  }

  const enter = async (files: TakenFile[]): Promise<EnterOutcome[]> => {
    const results = await Promise.all(files.map(enterOne))
    const events = results.flatMap((result) => (Array.isArray(result) ? result : []))
    if (events.length > 0) remember(events)
    for (const { event, entered } of events) {
      log.info({ ...describe(event), id: entered.id, author: entered.author }, `entered: ${event.type}`)
    }
    return results.map((result) => (Array.isArray(result) ? 'durable' : result))
  }

  const watchOne = (folder: string, namesAreIds: boolean) => {
    const suffix = namesAreIds ? takenSuffix : takenSuffixOf(rig)
    const drop = createDropFolder({ folder, namesAreIds, takenSuffix: suffix, log, isOpen: options.isOpen, enter })
    return watchFolder(folder, drop.look, log)
  }
  const watches = [watchOne(own, true)]
  if (options.folder !== undefined && options.folder !== own) watches.push(watchOne(options.folder, false))

  return {
    close: async () => void (await Promise.all(watches.map((watch) => watch.close()))),
  }
}

const describe = (event: MarkEvent['event']): Record<string, unknown> => ({
  ...('run' in event && event.run ? { run: event.run } : {}),
  ...(event.type === 'marker' ? { marker: event.marker, label: event.label } : {}),
})
