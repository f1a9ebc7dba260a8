import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Logger } from '../../common/log.ts'
import { builtProgram } from '../../common/program.ts'
import { checkCatalog } from '../catalog/check-catalog.ts'

/**
 * Before ingest opens its catalog: one that is missing, or is a copy from before what the journal has been cut to, is made anew by a process of its own.
 * Throws CatalogDamagedError for one that is damaged: that is for a person to see first.
 */
export async function ensureCatalog(folder: string, log: Logger): Promise<void> {
  const standing = checkCatalog(folder)
  if (standing === 'good' || standing === 'new') return
  const what = standing === 'missing' ? 'is missing or empty' : 'is older than the journal'
  log.warn({ data: folder }, `catalog.sqlite ${what}: it is made anew from journal and lake`)
  const child = spawn(process.execPath, [builtProgram('cli'), 'catalog', 'rebuild', '--data', folder, '--quiet'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let output = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output = (output + text).slice(-10_000)
  })
  const [code] = (await once(child, 'close')) as [number | null]
  if (code === 0) {
    log.warn({ data: folder }, 'catalog.sqlite is made anew')
    return
  }
  throw new Error(
    `${folder}/catalog.sqlite ${what}, and it cannot be made anew: ${output.trim() || `exit code ${code}`}; try "rigline catalog rebuild --data ${folder}"`,
  )
}
