import { open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'

/**
 * Writes a file so that a reader sees the old text or the new one and never half of it, and so that it outlives a power
 * cut: aside, fsync, rename, fsync of the folder. `mode` as in 0o600; as root, `owner` becomes its owner. With `check`,
 * the new file is looked at before it takes the old one's place, and thrown away if that throws.
 */
export async function replaceFile(
  file: string,
  text: string,
  mode: number,
  owner?: { uid: number; gid: number },
  check?: (aside: string) => void,
): Promise<void> {
  const aside = `${file}.new`
  await rm(aside, { force: true })
  const handle = await open(aside, 'wx', mode)
  try {
    await handle.writeFile(text)
    await handle.chmod(mode)
    if (owner && process.getuid?.() === 0) await handle.chown(owner.uid, owner.gid)
    await handle.sync()
    await handle.close()
    check?.(aside)
  } catch (error) {
    await handle.close().catch(() => {})
    await rm(aside, { force: true })
    throw error
  }
  await rename(aside, file)
  if (process.platform === 'win32') return // folders cannot be opened there
  const folder = await open(dirname(file))
  await folder.sync().finally(() => folder.close())
}
