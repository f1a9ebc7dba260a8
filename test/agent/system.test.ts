import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { loadavg, totalmem } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Row, Source } from '../../agent/sources/source.ts'
import { createRateMeter } from '../../agent/sources/system/counters.ts'
import { findTemperatures, readDisks, readNetwork } from '../../agent/sources/system/linux.ts'
import { createSpaceMeasure, thisMachine } from '../../agent/sources/system/measures.ts'
import { openMachine, openSystem, systemConfig } from '../../agent/sources/system.ts'
import { checkSchema } from '../../protos/schema.ts'
import { checkUnit } from '../../protos/ucum.ts'
import { createContext, nowNs, read, temporaryFolder } from './source-rows.ts'

const folder = temporaryFolder()
const parse = (config: object = {}) => systemConfig.parse({ type: 'system', ...config })
const open = (config: object = {}) => openSystem(parse(config), createContext(folder))
const onLinux = process.platform === 'linux'

const readingOf = (source: Source, row: Row, channel: string) => {
  const index = source.streams[0]!.channels.findIndex(({ name }) => name === channel)
  if (index < 0) throw new Error(`no channel ${channel}`)
  return row.values[index] as number | null
}

/** Writes files below a folder of their own. */
let trees = 0
function createTree(files: Record<string, string>): string {
  const root = join(folder, `tree-${trees++}`)
  writeTree(root, files)
  return root
}
function writeTree(root: string, files: Record<string, string>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true })
    writeFileSync(join(root, name), text)
  }
}

describe('this machine', () => {
  it('is measured as node:os sees it', async () => {
    const source = await open({ periodS: 0.2 })
    const loadBefore = loadavg()[0]!
    const reading = read(source)
    const beforeNs = nowNs()
    const [row] = await reading.have(2)
    await reading.stop()
    const value = (channel: string) => readingOf(source, row!, channel)!
    expect(value('processor_used')).toBeGreaterThanOrEqual(0)
    expect(value('processor_used')).toBeLessThanOrEqual(100)
    expect(value('memory_used') + value('memory_available')).toBe(totalmem())
    expect(value('memory_available')).toBeGreaterThan(0)
    // The kernel may have averaged anew while this test ran.
    if (process.platform !== 'win32') expect([loadBefore, loadavg()[0]!]).toContain(value('load'))
    expect(value('disk_used')).toBeGreaterThan(0)
    expect(value('disk_free')).toBeGreaterThan(0)
    expect(Number(row!.timeNs! - beforeNs)).toBeGreaterThan(1e8)
    expect(Number(row!.timeNs! - beforeNs)).toBeLessThan(5e9)
    expect(source.health()).toMatchObject({ state: 'running', badLines: 0 })
    expect(source.health().detail).toMatch(/^\d+ channels every 0.2 s/)
  })
  it('has a sound schema, and integers where it says so', async () => {
    const source = await open({ prefix: 'left_' })
    const [schema] = source.streams
    expect(schema!.stream).toBe('left_system')
    expect(checkSchema(schema!)).toEqual([])
    expect(schema!.channels.map(({ unit }) => checkUnit(unit ?? '')).filter(Boolean)).toEqual([])
    const reading = read(source)
    const [row] = await reading.have(1)
    await reading.stop()
    expect(row!.values.length).toBe(schema!.channels.length)
    schema!.channels.forEach(({ kind }, i) => {
      const value = row!.values[i]!
      if (kind === 'int') expect(Number.isSafeInteger(value)).toBe(true)
    })
  })
  it('shows a processor at work', async () => {
    const source = await open({ periodS: 0.5 })
    const rows = source.rows(new AbortController().signal)[Symbol.asyncIterator]()
    await rows.next()
    const next = rows.next()
    const untilMs = performance.now() + 480
    while (performance.now() < untilMs);
    const busy = (await next).value!.rows[0]!
    // One processor of several was fully at work.
    const share = 100 / (await import('node:os')).cpus().length
    expect(readingOf(source, busy, 'processor_used')).toBeGreaterThan(0.6 * share)
    await rows.return?.()
  })
  it.runIf(onLinux)('counts the bytes of a network interface', async () => {
    const source = await open({ periodS: 0.3, interfaces: ['lo'] })
    const reading = read(source)
    await reading.have(1)
    const server = createServer((socket) => socket.resume())
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    const socket = connect((server.address() as { port: number }).port, '127.0.0.1')
    const before = reading.rows.length
    await new Promise((done) => socket.end(Buffer.alloc(3_000_000), () => done(undefined)))
    await reading.have(before + 2)
    await reading.stop()
    server.close()
    const rates = reading.rows.slice(before).map((row) => readingOf(source, row, 'network_received')!)
    expect(rates.reduce((sum, rate) => sum + rate * 0.3, 0)).toBeGreaterThan(2_500_000)
  })
  it('says what can not be measured', async () => {
    await expect(open({ path: 'not-there' })).rejects.toThrow(/path .*not-there cannot be measured: ENOENT/)
    if (onLinux) await expect(open({ interfaces: ['wlan77'] })).rejects.toThrow(/no network interface wlan77/)
  })
})

describe('other machines', () => {
  const openOn = (platform: NodeJS.Platform, proc: string, sys: string) =>
    openMachine(parse({ periodS: 0.1 }), createContext(folder), { platform, proc, sys })
  const names = (source: Source) => source.streams[0]!.channels.map(({ name }) => name)
  it('leave out what they do not tell', async () => {
    const mac = await openOn('darwin', '/proc', '/sys')
    expect(names(mac)).toEqual(['processor_used', 'load', 'memory_used', 'memory_available', 'disk_used', 'disk_free'])
    expect(mac.health().detail).toContain('not measured here: disk traffic, network traffic, temperatures')
    const windows = await openOn('win32', '/proc', '/sys')
    expect(names(windows)).not.toContain('load')
    const bare = await openOn('linux', join(folder, 'nowhere'), join(folder, 'nowhere'))
    expect(names(bare)).toEqual(names(mac))
    const reading = read(bare)
    const [row] = await reading.have(1)
    await reading.stop()
    expect(row!.values.every((value) => typeof value === 'number')).toBe(true)
  })
})

describe('counters', () => {
  const counters = (values: Record<string, number>) => new Map(Object.entries(values))
  it('become rates, and null where they fell', () => {
    const { rate } = createRateMeter()
    expect(rate(counters({ a: 100, b: 0 }), 1)).toBe(null)
    expect(rate(counters({ a: 300, b: 50 }), 3)).toBe(125)
    expect(rate(counters({ a: 310, b: 20 }), 4)).toBe(null)
    expect(rate(counters({ a: 320, b: 25 }), 5)).toBe(15)
    expect(rate(undefined, 6)).toBe(null)
    expect(rate(counters({ a: 5 }), 7)).toBe(null)
    expect(rate(counters({ a: 5 }), 8)).toBe(0)
  })
  it('of devices that come and go add nothing by that', () => {
    const { rate } = createRateMeter()
    rate(counters({ sda: 1000 }), 0)
    expect(rate(counters({ sda: 1100, usb: 5_000_000 }), 1)).toBe(100)
    expect(rate(counters({ usb: 5_000_010 }), 2)).toBe(10)
  })
  it('of disks are taken once', () => {
    const root = createTree({
      'proc/diskstats': [
        '   8       0 sda 10 0 100 0 20 0 200 0 0 0 0',
        '   8       1 sda1 10 0 100 0 20 0 200 0 0 0 0',
        ' 259       0 nvme0n1 1 0 7 0 1 0 9 0 0 0 0 0 0 0 0 0 0',
        ' 259       1 nvme0n1p1 1 0 7 0 1 0 9 0 0 0 0',
        '   7       0 loop0 5 0 50 0 0 0 0 0 0 0 0',
        ' 253       0 dm-0 10 0 100 0 20 0 200 0 0 0 0',
        'broken',
      ].join('\n'),
      'sys/block/sda/size': '1',
      'sys/block/nvme0n1/size': '1',
      'sys/block/dm-0/size': '1',
      'sys/block/loop0/size': '1',
    })
    const disks = readDisks(join(root, 'proc'), join(root, 'sys'))!
    expect([...disks.read]).toEqual([
      ['sda', 51200],
      ['nvme0n1', 3584],
    ])
    expect([...disks.written]).toEqual([
      ['sda', 102400],
      ['nvme0n1', 4608],
    ])
    expect(readDisks(join(root, 'sys'), join(root, 'sys'))).toBeUndefined()
  })
  it('of network interfaces are those of the hardware, else all but the loopback', () => {
    const root = createTree({
      'proc/net/dev': [
        'Inter-|   Receive                          |  Transmit',
        ' face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets',
        '    lo:     999 1 0 0 0 0 0 0     999 1 0 0 0 0 0 0',
        '  eth0:1000 2 0 0 0 0 0 0 2000 3 0 0 0 0 0 0',
        'docker0:     1000 2 0 0 0 0 0 0 2000 3 0 0 0 0 0 0',
      ].join('\n'),
    })
    const [proc, sys] = [join(root, 'proc'), join(root, 'sys')]
    expect([...readNetwork(proc, sys, undefined)!.received.keys()]).toEqual(['eth0', 'docker0'])
    writeTree(root, { 'sys/class/net/eth0/device/vendor': '0x8086' })
    expect([...readNetwork(proc, sys, undefined)!.received]).toEqual([['eth0', 1000]])
    expect([...readNetwork(proc, sys, ['lo', 'eth0'])!.sent]).toEqual([
      ['lo', 999],
      ['eth0', 2000],
    ])
    expect(readNetwork(proc, sys, ['wlan0'])).toBeUndefined()
  })
})

describe('temperatures', () => {
  it('come from hwmon with unique names, and are null when a sensor fails', () => {
    const hwmon = 'sys/class/hwmon'
    const root = createTree({
      [`${hwmon}/hwmon0/name`]: 'coretemp\n',
      [`${hwmon}/hwmon0/temp1_input`]: '45500\n',
      [`${hwmon}/hwmon0/temp1_label`]: 'Package id 0\n',
      [`${hwmon}/hwmon0/temp10_input`]: '41000\n',
      [`${hwmon}/hwmon1/name`]: 'nvme\n',
      [`${hwmon}/hwmon1/temp1_input`]: '-5000\n',
      [`${hwmon}/hwmon2/name`]: 'nvme\n',
      [`${hwmon}/hwmon2/temp1_input`]: '36000\n',
      'sys/class/thermal/thermal_zone0/type': 'x86_pkg_temp\n',
      'sys/class/thermal/thermal_zone0/temp': '45500\n',
    })
    const sensors = findTemperatures(join(root, 'sys'))
    expect(sensors.map(({ name, read }) => [name, read()])).toEqual([
      ['coretemp_package_id_0', 45.5],
      ['coretemp', 41],
      ['nvme', -5],
      ['nvme_2', 36],
    ])
    rmSync(join(root, hwmon, 'hwmon1'), { recursive: true })
    expect(sensors[2]!.read()).toBe(null)
  })
  it('come from the thermal zones where there is no hwmon', async () => {
    const root = createTree({
      'sys/class/thermal/thermal_zone0/type': 'cpu-thermal\n',
      'sys/class/thermal/thermal_zone0/temp': '51234\n',
      'sys/class/thermal/cooling_device0/type': 'Fan\n',
    })
    const machine = { ...thisMachine, platform: 'linux' as const, sys: join(root, 'sys') }
    const source = await openMachine(parse({ periodS: 0.1 }), createContext(folder), machine)
    const reading = read(source)
    const [row] = await reading.have(1)
    await reading.stop()
    expect(readingOf(source, row!, 'temperature_cpu_thermal')).toBe(51.234)
    expect(source.streams[0]!.channels.at(-1)).toMatchObject({ unit: 'Cel', kind: 'f64' })
  })
})

describe('a disk that does not answer', () => {
  it('holds nothing up and is not asked twice', async () => {
    let asked = 0
    let answer = (_: Awaited<ReturnType<typeof statfs>>) => {}
    const statfs = (() => {
      asked++
      return new Promise((done) => {
        answer = done
      })
    }) as unknown as typeof import('node:fs/promises').statfs
    const space = createSpaceMeasure('/far', statfs)
    await space.refresh()
    await space.refresh()
    expect(asked).toBe(1)
    expect(space.read(0)).toEqual([null, null])
    expect(space.problem()).toBe('/far does not answer')
    const refreshed = space.refresh()
    answer({ bsize: 4096, blocks: 10, bfree: 4, bavail: 3 } as never)
    await refreshed
    expect(space.read(0)).toEqual([6 * 4096, 3 * 4096])
    expect(space.problem()).toBeUndefined()
  })
})
