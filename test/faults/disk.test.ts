import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { describe, expect, onTestFinished, test } from 'vitest'
import { packageRoot } from '../../common/program.ts'
import { temporaryFolder } from '../services/debian.ts'
import { openControl } from './control.ts'
import { createDisk, sweepDisks } from './disk.ts'

const canMount = process.platform === 'linux' && process.getuid?.() === 0
const mounts = () => readFileSync('/proc/mounts', 'utf8')

describe.skipIf(!canMount)('a disk of a fixed size [needs root on Linux]', () => {
  test('is full when filled, has room when freed, and is gone when closed', async () => {
    const folder = join(await temporaryFolder(), 'disk')
    const disk = createDisk(folder, 1_000_000, openControl(`${folder}-control`))
    onTestFinished(disk.close)
    expect(disk.type).toBe('tmpfs')
    const write = (name: string, bytes: number) => writeFileSync(join(folder, name), Buffer.alloc(bytes))
    write('a', 300_000)
    disk.fill(100_000)
    write('b', 90_000)
    expect(() => write('c', 100_000)).toThrow('ENOSPC')
    rmSync(join(folder, 'c'))
    disk.fill(0)
    expect(() => write('c', 10_000)).toThrow('ENOSPC')
    disk.free()
    write('c', 500_000)
    disk.close()
    disk.close()
    expect(mounts()).not.toContain(folder)
  })

  test('is swept away when its harness has been killed, those in use are not', async () => {
    const folder = await temporaryFolder()
    const program = join(packageRoot, '.cache', 'faults-disk-test.mjs')
    mkdirSync(join(packageRoot, '.cache'), { recursive: true })
    onTestFinished(() => rmSync(program, { force: true }))
    await build({
      stdin: {
        contents: `
          import { openControl } from './test/faults/control.ts'
          import { createDisk } from './test/faults/disk.ts'
          createDisk(process.argv[2], 100000, openControl(process.argv[2] + '-control'))
          if (process.argv[3] === 'killed') process.kill(process.pid, 'SIGKILL')
        `,
        resolveDir: packageRoot,
        loader: 'ts',
      },
      bundle: true,
      platform: 'node',
      format: 'esm',
      outfile: program,
    })
    const lost = join(folder, '잃은 disk')
    spawnSync(process.execPath, [program, lost, 'killed'])
    spawnSync(process.execPath, [program, join(folder, 'ended')])
    expect(mounts()).not.toContain(`${folder}/ended`)
    const used = createDisk(join(folder, 'used'), 100_000, openControl(join(folder, 'control')))
    onTestFinished(used.close)
    writeFileSync(join(folder, 'used', 'a'), 'kept')
    expect(sweepDisks()).toContain(lost)
    expect(sweepDisks()).toEqual([])
    expect(mounts()).not.toContain(`${folder}/\\`)
    expect(readFileSync(join(folder, 'used', 'a'), 'utf8')).toBe('kept')
  })
})
