import { join } from 'node:path'
import { segmentHeaderBytes } from '../../common/segment-format.ts'
import { comparePositions } from '../../common/segment-log-types.ts'
import { listSegments } from '../../common/segment-reader.ts'
import { openCatalog } from '../catalog/catalog.ts'
import { journalFolder } from '../journal.ts'

/** Whether the journal has something that is in no file of the lake yet. */
export async function isLakeBehind(dataFolder: string): Promise<boolean> {
  const catalog = openCatalog(join(dataFolder, 'catalog.sqlite'), { readOnly: true })
  try {
    const last = (await listSegments(journalFolder(dataFolder))).findLast(({ bytes }) => bytes > segmentHeaderBytes)
    if (!last) return false
    const cursor = catalog.cursor('lake')
    return !cursor || comparePositions(cursor, { segment: last.name, offset: last.bytes }) < 0
  } finally {
    catalog.close()
  }
}
