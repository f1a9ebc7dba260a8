import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { loadConfigHere } from '../../common/config.ts'
import { errorCode } from '../../common/segment-log-files.ts'
import { agentConfig } from '../config.ts'
import { marksFolderOf, recentFileOf } from '../marks.ts'
import { badFolderOf } from './bad-folder.ts'
import { listFolder, takenSuffix, takenSuffixOf } from './list-folder.ts'
import { isoTime } from './mark-events.ts'
import { decodeMarks, fileBytesMax, type Mark } from './mark-file.ts'
import { readBounded } from './read-file.ts'
import { type RecentEntry, readRecent } from './recent.ts'

/** Prints what was entered on this rig last, what waits for the agent, and what it could not take. */
export async function listMarks(configFile: string): Promise<void> {
  const config = loadConfigHere(agentConfig, configFile)
  const dataFolder = resolve(config.data)
  const folders = [
    [marksFolderOf(dataFolder), takenSuffix] as const,
    ...(config.marks.folder ? [[resolve(config.marks.folder), takenSuffixOf(config.rig)] as const] : []),
  ]
  const lines = readRecent(recentFileOf(dataFolder)).map(describeTaken)
  for (const [folder, suffix] of folders) {
    lines.push(...(await describeWaiting(folder, suffix)), ...describeBad(folder))
  }
  process.stdout.write(lines.length === 0 ? 'nothing was entered on this rig\n' : `${lines.join('\n')}\n`)
}

const words: Record<string, string> = {
  'run.started': 'start',
  'run.stopped': 'stop',
  'run.corrected': 'correct',
  marker: 'mark',
}

const line = (state: string, time: string, what: string, run: string, rest: string): string =>
  [state.padEnd(8), time.padEnd(24), what.padEnd(8), run.padEnd(24), rest].join(' ').trimEnd()

function describeTaken(entry: RecentEntry): string {
  const { type, run, author, timeNs, marker, label, withdrawn } = entry
  const name = marker === undefined ? '' : `${label} (${marker})${withdrawn ? ' withdrawn' : ''}`
  return line('spooled', isoTime(BigInt(timeNs)), words[type] ?? type, run, `${name} by ${author}`.trim())
}

async function describeWaiting(folder: string, suffix: string): Promise<string[]> {
  const { taken, dropped } = await listFolder(folder, suffix).catch((error) => {
    if (errorCode(error) === 'ENOENT') return { taken: [], dropped: [] }
    throw new Error(`cannot read ${folder}`, { cause: error })
  })
  const lines: string[] = []
  for (const name of [...taken.map((id) => id + suffix), ...dropped.map((file) => file.name)]) {
    const path = join(folder, name)
    const decoded = await readBounded(path, fileBytesMax).then(decodeMarks, (error: Error) => ({
      problem: error.message,
    }))
    if ('problem' in decoded) lines.push(line('waiting', '', '', '', `${path}: ${decoded.problem}`))
    else lines.push(...decoded.marks.map(describeMark))
  }
  return lines
}

function describeMark(mark: Mark): string {
  const timeNs = mark.time ?? mark.timeNs
  const label = mark.do === 'mark' ? (mark.label ?? '') : ''
  const marker = mark.do === 'mark' && mark.marker ? ` (${mark.marker})` : ''
  const by = mark.author ? ` by ${mark.author}` : ''
  return line(
    'waiting',
    timeNs === undefined ? '' : isoTime(timeNs),
    mark.do,
    mark.run ?? '',
    `${label}${marker}${by}`.trim(),
  )
}

function describeBad(folder: string): string[] {
  const bad = badFolderOf(folder)
  if (!existsSync(bad)) return []
  return readdirSync(bad)
    .filter((name) => name.endsWith('.why.txt'))
    .map((name) => {
      const why = readFileSync(join(bad, name), 'utf8').trim().replaceAll('\n', '; ')
      return line('bad', '', '', '', `${join(bad, name.slice(0, -'.why.txt'.length))}: ${why}`)
    })
}
