import { lstat, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ulid } from '../../common/ulid.ts'

// Where a file goes that cannot be taken, with the reason beside it: `bad/name.json` and `bad/name.json.why.txt`.

const filesMax = 100
const bytesMax = 16n * 1024n * 1024n
const whySuffix = '.why.txt'
/** File systems take 255 bytes; the reason's suffix must fit too. */
const nameBytesMax = 200

export const badFolderOf = (folder: string): string => join(folder, 'bad')

/** Moves a file of the folder aside, under the name it came with. The oldest make room beyond 100 files or 16 MiB; the newest is kept whatever its size. */
export async function putAside(folder: string, file: string, why: string, cameAs = file): Promise<string> {
  const bad = badFolderOf(folder)
  await mkdir(bad, { recursive: true })
  const there = await readdir(bad)
  const fits = Buffer.byteLength(cameAs) <= nameBytesMax && !there.includes(cameAs)
  const name = fits ? cameAs : `${ulid()}.json`
  await rename(join(folder, file), join(bad, name))
  await writeFile(join(bad, name + whySuffix), `${name === cameAs ? '' : `${cameAs}\n`}${why}\n`)
  await makeRoom(bad, name)
  return name
}

async function makeRoom(bad: string, newest: string): Promise<void> {
  const found = new Map<string, { bytes: bigint; putNs: bigint }>()
  for (const entry of await readdir(bad)) {
    const isWhy = entry.endsWith(whySuffix)
    const name = isWhy ? entry.slice(0, -whySuffix.length) : entry
    const stats = await lstat(join(bad, entry), { bigint: true }).catch(() => undefined)
    const { bytes, putNs } = found.get(name) ?? { bytes: 0n, putNs: 0n }
    // A moved file keeps its time; the reason was written when it was put here.
    found.set(name, { bytes: bytes + (stats?.size ?? 0n), putNs: isWhy && stats ? stats.mtimeNs : putNs })
  }
  const oldestFirst = [...found]
    .filter(([name]) => name !== newest)
    .sort(([, a], [, b]) => (a.putNs < b.putNs ? -1 : 1))
  let files = found.size
  let bytes = [...found.values()].reduce((sum, entry) => sum + entry.bytes, 0n)
  for (const [name, entry] of oldestFirst) {
    if (files <= filesMax && bytes <= bytesMax) return
    await rm(join(bad, name), { force: true }).catch(() => {})
    await rm(join(bad, name + whySuffix), { force: true })
    files--
    bytes -= entry.bytes
  }
}
