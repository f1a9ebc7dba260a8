import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { ownRig } from '../../protos/topics.ts'
import type { Gap } from '../../protos/types.ts'
import type { LakeFile } from '../catalog/types.ts'
import type { RigShare } from '../sinks/sink.ts'

// What will be missing, rig by rig: a Gap each.

/** Files that are looked into at once. */
const filesAtOnce = 100

/** Reads what of each rig is in files of one stream. Rejects if they cannot be read. */
export type Describe = (paths: string[]) => Promise<RigShare[]>

/** Where a file cannot be read any more, what the catalog says of it: its rigs, its span, and no number of rows. */
export async function sharesOf(
  files: readonly LakeFile[],
  lakeFolder: string,
  describe: Describe,
): Promise<RigShare[]> {
  const shares = new Map<string, RigShare>()
  for (let from = 0; from < files.length; from += filesAtOnce) {
    const some = files.slice(from, from + filesAtOnce)
    const there = some.filter(({ path }) => existsSync(join(lakeFolder, path)))
    const gone = some.filter((file) => !there.includes(file))
    const read = there.length > 0 ? await readShares(there, describe) : []
    for (const share of [...read, ...gone.flatMap(byCatalog)])
      shares.set(share.rig, unite(shares.get(share.rig), share))
  }
  return [...shares.values()]
}

/** Thrown by `describe` if it cannot be asked now: then nothing is removed. */
export class NotNowError extends Error {}

async function readShares(files: readonly LakeFile[], describe: Describe): Promise<RigShare[]> {
  try {
    return await describe(files.map(({ path }) => path))
  } catch (error) {
    if (error instanceof NotNowError) throw error
    if (files.length === 1) return byCatalog(files[0]!)
    // One that cannot be read must not hide what is in the others.
    const middle = files.length >> 1
    return [
      ...(await readShares(files.slice(0, middle), describe)),
      ...(await readShares(files.slice(middle), describe)),
    ]
  }
}

const byCatalog = ({ rigs, minTimeNs, maxTimeNs }: LakeFile): RigShare[] =>
  rigs.map((rig) => ({ rig, rows: 0, fromNs: minTimeNs, toNs: maxTimeNs }))

function unite(a: RigShare | undefined, b: RigShare): RigShare {
  if (!a) return b
  return {
    rig: a.rig,
    rows: a.rows + b.rows,
    fromNs: BigInt(a.fromNs) < BigInt(b.fromNs) ? a.fromNs : b.fromNs,
    toNs: BigInt(a.toNs) > BigInt(b.toNs) ? a.toNs : b.toNs,
  }
}

export function retentionGap(
  { rig, rows, fromNs, toNs }: RigShare,
  stream: string,
  files: readonly LakeFile[],
  reason: string,
): Gap {
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0)
  return {
    // Both ends are gone too.
    fromNs: BigInt(fromNs) - 1n,
    toNs: BigInt(toNs) + 1n,
    streams: [stream],
    cause: 'retention',
    detail: `removed from the lake: ${reason}; ${files.length} files, ${bytes} bytes`,
    spool: '',
    numbers: [],
    rows,
    ...(rig === ownRig ? {} : { rig }),
  }
}
