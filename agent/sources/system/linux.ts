import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Counters } from './counters.ts'

// What Linux tells about itself in /proc and /sys (man 5 proc; the kernel's Documentation/admin-guide/iostats.rst,
// Documentation/hwmon/sysfs-interface.rst). Everything gives undefined where it is not there or can't be read.

const readText = (...path: string[]): string | undefined => {
  try {
    return readFileSync(join(...path), 'utf8')
  } catch {
    return undefined
  }
}

const list = (...path: string[]): string[] => {
  try {
    return readdirSync(join(...path)).sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))
  } catch {
    return []
  }
}

/** Jiffies of all processors since the boot. Waiting for a disk counts as idle; guests are in `user` already. */
export function readProcessorTimes(proc: string): { busy: number; total: number } | undefined {
  const line = readText(proc, 'stat')?.split('\n', 1)[0]
  if (!line?.startsWith('cpu ')) return undefined
  const [user, nice, system, idle, iowait, irq, softirq, steal] = line.trim().split(/\s+/).slice(1, 9).map(Number)
  const waiting = (idle ?? 0) + (iowait ?? 0)
  const busy = (user ?? 0) + (nice ?? 0) + (system ?? 0) + (irq ?? 0) + (softirq ?? 0) + (steal ?? 0)
  return { busy, total: busy + waiting }
}

/** Bytes. */
export function readMemory(proc: string): { total: number; available: number } | undefined {
  const text = readText(proc, 'meminfo')
  const bytes = (name: string) => {
    const match = new RegExp(`^${name}: +(\\d+) kB`, 'm').exec(text ?? '')
    return match ? Number(match[1]) * 1024 : undefined
  }
  const total = bytes('MemTotal')
  const available = bytes('MemAvailable')
  return total === undefined || available === undefined ? undefined : { total, available }
}

/** Sectors in /proc/diskstats are of 512 bytes, whatever the disk's own are. */
const sectorBytes = 512

/**
 * Bytes read and written of each disk. Partitions, and devices that lie on others (loop, device mapper, RAID, memory),
 * would count the same bytes again.
 */
export function readDisks(proc: string, sys: string): { read: Counters; written: Counters } | undefined {
  const text = readText(proc, 'diskstats')
  if (text === undefined) return undefined
  const whole = new Set(list(sys, 'block'))
  const read = new Map<string, number>()
  const written = new Map<string, number>()
  for (const line of text.split('\n')) {
    const fields = line.trim().split(/\s+/)
    const name = fields[2]
    if (name === undefined || fields.length < 10 || /^(loop|ram|zram|dm-|md|sr|fd)\d/.test(name)) continue
    // Slashes of a device's name stand as exclamation marks in /sys.
    if (whole.size > 0 && !whole.has(name.replaceAll('/', '!'))) continue
    read.set(name, Number(fields[5]) * sectorBytes)
    written.set(name, Number(fields[9]) * sectorBytes)
  }
  return read.size > 0 ? { read, written } : undefined
}

/**
 * Bytes received and sent of each interface: of `wanted`, or of those that are hardware (else bridges and tunnels would
 * count the same bytes again), or, in a container that has none, of all but the loopback.
 */
export function readNetwork(
  proc: string,
  sys: string,
  wanted: readonly string[] | undefined,
): { received: Counters; sent: Counters } | undefined {
  const lines = readText(proc, 'net', 'dev')?.split('\n').slice(2) ?? []
  const interfaces = lines.flatMap((line) => {
    const colon = line.indexOf(':')
    if (colon < 0) return []
    const fields = line
      .slice(colon + 1)
      .trim()
      .split(/\s+/)
      .map(Number)
    return [{ name: line.slice(0, colon).trim(), received: fields[0] ?? 0, sent: fields[8] ?? 0 }]
  })
  const hardware = interfaces.filter(({ name }) => existsSync(join(sys, 'class', 'net', name, 'device')))
  const others = interfaces.filter(({ name }) => name !== 'lo')
  const chosen = wanted
    ? interfaces.filter(({ name }) => wanted.includes(name))
    : hardware.length > 0
      ? hardware
      : others
  if (chosen.length === 0) return undefined
  return {
    received: new Map(chosen.map(({ name, received }) => [name, received])),
    sent: new Map(chosen.map(({ name, sent }) => [name, sent])),
  }
}

export interface Sensor {
  /** Letters, digits and "_"; unique. */
  name: string
  /** Cel; null if it gives none now. */
  read(): number | null
}

const sensorsMax = 64

/** Temperature sensors: those of hwmon, or the thermal zones where there are none (most show the same sensors twice). */
export function findTemperatures(sys: string): Sensor[] {
  const hwmon = list(sys, 'class', 'hwmon').flatMap((device) => {
    const folder = join(sys, 'class', 'hwmon', device)
    const chip = readText(folder, 'name')?.trim() || device
    return list(folder)
      .filter((file) => /^temp\d+_input$/.test(file))
      .map((file) => ({
        file: join(folder, file),
        label: readText(folder, file.replace('input', 'label'))?.trim(),
        chip,
      }))
      .map(({ file, label, chip }) => ({ file, name: label ? `${chip} ${label}` : chip }))
  })
  const zones = list(sys, 'class', 'thermal')
    .filter((zone) => zone.startsWith('thermal_zone'))
    .map((zone) => join(sys, 'class', 'thermal', zone))
    .map((folder) => ({ file: join(folder, 'temp'), name: readText(folder, 'type')?.trim() || 'zone' }))
  const found = (hwmon.length > 0 ? hwmon : zones).filter(({ file }) => readText(file) !== undefined)
  const taken = new Map<string, number>()
  return found.slice(0, sensorsMax).map(({ file, name }) => {
    const plain =
      name
        .toLowerCase()
        .replace(/[^a-z0-9]+/g, '_')
        .replace(/^_|_$/g, '')
        .slice(0, 60) || 'sensor'
    let unique = plain
    for (let number = 2; taken.has(unique); number++) unique = `${plain}_${number}`
    taken.set(unique, 1)
    return { name: unique, read: () => readMilliCelsius(file) }
  })
}

function readMilliCelsius(file: string): number | null {
  const text = readText(file)?.trim()
  return text !== undefined && /^-?\d+$/.test(text) ? Number(text) / 1000 : null
}
