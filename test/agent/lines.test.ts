import { execFileSync, spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { openSync, readdirSync, readFileSync, writeFileSync, writeSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { parse as parseYaml } from 'yaml'
import * as z from 'zod'
import { createBlockQueue } from '../../agent/sources/lines/block-queue.ts'
import { createLineFeeds } from '../../agent/sources/lines/feeds.ts'
import { createCsvParser, createJsonParser } from '../../agent/sources/lines/parser.ts'
import { createStdin } from '../../agent/sources/lines/stream-input.ts'
import { linesConfig, openLines } from '../../agent/sources/lines.ts'
import { createBadLines } from '../../agent/sources/mapping/bad-lines.ts'
import { csvConfig } from '../../agent/sources/mapping/csv.ts'
import { mapping } from '../../agent/sources/mapping/mapping.ts'
import { replayConfig } from '../../agent/sources/replay.ts'
import { packageRoot } from '../../common/program.ts'
import { createContext, dataFile, missingNote, nowNs, read, temporaryFolder } from './source-rows.ts'

const folder = temporaryFolder()
const open = async (config: object) => openLines(linesConfig.parse({ type: 'lines', ...config }), createContext(folder))
const portOf = async (reading: ReturnType<typeof read>) => Number((await reading.says(/listening on [^ ]*:(\d+)/))[1])
const values = { streams: [{ name: 's', channels: [{ name: 'n', from: 0 }] }] }
const csv = { format: 'csv', mapping: values }
const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i)
const count = (rows: { values: unknown[] }[]) => rows.map((row) => row.values[0])

const log = 'automotive/gps.nmea'
const gnss = (name: string) => readFileSync(dataFile(name)).toString('latin1').trimEnd().split('\r\n')

describe('UDP', () => {
  it.skipIf(missingNote(log))(`takes a GNSS log, several sentences a datagram${missingNote(log)}`, async () => {
    const reading = read(await open({ format: 'nmea', input: { type: 'udp', port: 0 } }))
    const port = await portOf(reading)
    const socket = createSocket('udp4')
    const lines = gnss(log)
    const wanted = (to: number) => lines.slice(0, to).filter((line) => /^\$GP(GGA|RMC)/.test(line)).length
    for (let i = 0; i < lines.length; i += 7) {
      // With a newline at the end and without.
      const datagram = lines.slice(i, i + 7).join('\r\n') + (i % 2 ? '\r\n' : '')
      await new Promise((resolve) => socket.send(datagram, port, '127.0.0.1', resolve))
      // UDP loses what comes faster than it is taken: no faster than that.
      if (i % 350 === 0) await reading.have(wanted(i + 7))
    }
    await reading.have(wanted(lines.length))
    socket.close()
    await reading.stop()
    expect(reading.rows.filter(({ stream }) => stream === 0).length).toBe(1202)
    expect(reading.rows.filter(({ stream }) => stream === 1).length).toBe(1201)
  })
  it('counts datagrams that the agent did not take', async () => {
    const source = await open({ ...csv, input: { type: 'udp', port: 0, queueBytesMax: 65_536 } })
    const stop = new AbortController()
    const rows = source.rows(stop.signal)[Symbol.asyncIterator]()
    const first = rows.next()
    while (!source.health().detail.includes('listening on')) await new Promise((resolve) => setTimeout(resolve, 5))
    const port = Number(/:(\d+)/.exec(source.health().detail)![1])
    const socket = createSocket('udp4')
    const send = (text: string) => new Promise((resolve) => socket.send(text, port, '127.0.0.1', resolve))
    await send('1')
    expect(count((await first).value!.rows)).toEqual([1])
    // One by one while the source listens but nobody asks for rows: the queue takes 64 KiB of them.
    for (const n of numbers(0, 200)) {
      await send(`${n}${' '.repeat(1000)}`)
      await setImmediate()
    }
    const dropped = () => Number(/(\d+) datagrams dropped/.exec(source.health().detail)?.[1] ?? 0)
    await expect.poll(dropped).toBeGreaterThan(100)
    const { value } = await rows.next()
    expect(count(value!.rows).slice(0, 50)).toEqual(numbers(0, 50))
    // Each of them was either taken or counted.
    await expect.poll(() => value!.rows.length + dropped()).toBe(200)
    socket.close()
    stop.abort()
    await rows.return?.()
    await source.close()
    await source.close()
  })
  it.skipIf(process.platform !== 'linux')('counts datagrams that the kernel dropped', async () => {
    const reading = read(await open({ ...csv, input: { type: 'udp', port: 0 } }))
    const port = await portOf(reading)
    const socket = createSocket('udp4')
    const send = (text: string) => new Promise((resolve) => socket.send(text, port, '127.0.0.1', resolve))
    // Sent without ever going back to the event loop, so that nothing is taken meanwhile.
    for (const n of numbers(0, 20_000)) await send(`${n}${' '.repeat(1000)}`)
    const dropped = Number((await reading.says(/(\d+) datagrams dropped/))[1])
    await reading.have(20_000 - dropped)
    expect(reading.rows.length + dropped).toBe(20_000)
    // Told as a Gap, too, though no datagram follows.
    const gaps = () => reading.chunks.flatMap((chunk) => chunk.gaps ?? [])
    await expect.poll(() => gaps().reduce((sum, { rows }) => sum + rows, 0), { timeout: 5000 }).toBe(dropped)
    expect(gaps()[0]).toMatchObject({ cause: 'agent_overloaded', streams: [0] })
    for (const { fromNs, toNs } of gaps()) expect(Number(nowNs() - fromNs) / 1e9 < 30 && fromNs < toNs).toBe(true)
    socket.close()
    await reading.stop()
  })
  it('waits for an address that is taken', async () => {
    const other = createSocket('udp4')
    other.bind(0, '127.0.0.1')
    await once(other, 'listening')
    const reading = read(await open({ ...csv, input: { type: 'udp', port: other.address().port } }))
    await reading.says(/waiting.*EADDRINUSE/)
    other.close()
    await portOf(reading)
    await reading.stop()
  })
})

describe('TCP', () => {
  it('is connected to, by several devices at once, whose lines do not mix', async () => {
    const reading = read(await open({ ...csv, input: { type: 'tcp-listen', port: 0 } }))
    const port = await portOf(reading)
    const sockets = await Promise.all(
      numbers(0, 3).map(async () => {
        const socket = connect(port, '127.0.0.1')
        await once(socket, 'connect')
        return socket
      }),
    )
    for (const byte of ['1', '0', '0', '0', '\n', '2', '\r\n']) for (const socket of sockets) socket.write(byte)
    await reading.have(6)
    for (const socket of sockets) socket.end('3')
    await reading.have(9)
    expect(count(reading.rows).sort()).toEqual([1000, 1000, 1000, 2, 2, 2, 3, 3, 3])
    // A connection that breaks leaves half a line, which is none.
    const broken = connect(port, '127.0.0.1')
    broken.write('4\n55')
    await reading.have(10)
    broken.resetAndDestroy()
    await reading.says(/cut off before its end: 55/)
    expect(reading.rows.length).toBe(10)
    await reading.stop()
  })
  it('connects, and again when the device has been away', async () => {
    const sockets: Socket[] = []
    const listen = async (port: number) => {
      const server = createServer((socket) => sockets.push(socket.on('error', () => {})))
      server.listen(port, '127.0.0.1')
      await once(server, 'listening')
      return server
    }
    const first = await listen(0)
    const { port } = first.address() as { port: number }
    const reading = read(await open({ ...csv, input: { type: 'tcp-connect', host: '127.0.0.1', port } }))
    await reading.says(/connected to/)
    sockets[0]!.end('1\n2\n')
    first.close()
    await reading.have(2)
    await reading.says(/waiting.*waits for 127\.0\.0\.1/)
    const second = await listen(port)
    await reading.says(/connected to/)
    await expect.poll(() => sockets.length).toBe(2)
    sockets[1]!.write('3\n')
    expect(count(await reading.have(3))).toEqual([1, 2, 3])
    second.close()
    await reading.stop()
  })
  it('leaves a device that is silent for too long', async () => {
    let connections = 0
    const server = createServer((socket) => {
      connections++
      socket.on('error', () => {})
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as { port: number }
    const input = { type: 'tcp-connect', host: '127.0.0.1', port, idleTimeoutS: 0.1 }
    const reading = read(await open({ ...csv, input }))
    await expect.poll(() => connections, { timeout: 5000 }).toBeGreaterThan(1)
    await reading.says(/nothing came for 0.1 s/)
    await reading.stop()
    server.close()
  })
  it('slows the device down while the agent does not ask, and loses nothing', async () => {
    const lines = 400_000
    const source = await open({ ...csv, input: { type: 'tcp-listen', port: 0 } })
    const stop = new AbortController()
    const rows = source.rows(stop.signal)[Symbol.asyncIterator]()
    const first = rows.next()
    while (!source.health().detail.includes('listening on')) await new Promise((resolve) => setTimeout(resolve, 5))
    const socket = connect(Number(/:(\d+)/.exec(source.health().detail)![1]), '127.0.0.1')
    const text = numbers(0, lines)
      .map((n) => `${n}${' '.repeat(90)}\n`)
      .join('')
    socket.end(text)
    const taken = count((await first).value!.rows)
    // Nobody asks: 40 MB do not fit into the queue and the kernel's buffers, so the device cannot get rid of them.
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(socket.writableLength).toBeGreaterThan(0)
    while (taken.length < lines) taken.push(...count((await rows.next()).value!.rows))
    expect(taken).toEqual(numbers(0, lines))
    stop.abort()
    await rows.return?.()
    await source.close()
  })
})

describe('standard input', () => {
  it('ends with its last line, newline or not', async () => {
    const stdin = new PassThrough()
    const input = createStdin(stdin)
    const parser = createCsvParser(csvConfig.parse({}), mapping.parse(values))
    const feeds = createLineFeeds({
      parser,
      bad: createBadLines(),
      nowNs,
      lineBytesMax: 1000,
      encoding: 'utf-8',
      dropCutLines: false,
    })
    stdin.write('1\n2')
    stdin.end('0\n30')
    const rows = []
    for await (const blocks of input.blocks(new AbortController().signal)) {
      for (const chunk of feeds.read(blocks)) rows.push(...chunk.rows)
    }
    expect(count(rows)).toEqual([1, 20, 30])
    expect(input.status().state).toBe('ended')
  })
})

describe('devices', () => {
  it('reads a named pipe in the place of a serial device, and waits for one that is not there', async () => {
    const path = join(folder, 'pipe')
    const reading = read(await open({ ...csv, input: { type: 'serial', path } }))
    await reading.says(/waiting.*is not there/)
    execFileSync('mkfifo', [path])
    await reading.says(/"running"/)
    const writer = openSync(path, 'w')
    writeSync(writer, '1\n2\n')
    expect(count(await reading.have(2))).toEqual([1, 2])
    writeFileSync(path, '3\n')
    expect(count(await reading.have(3))).toEqual([1, 2, 3])
    await reading.stop()
  })

  const terminal = `
import os, pty, sys, tty
master, slave = pty.openpty()
print(os.ttyname(slave), flush=True)
os.close(slave)
for line in sys.stdin:
    os.write(master, eval(line))
    print("sent", flush=True)
`
  const hasPython = (() => {
    try {
      execFileSync('python3', ['-c', 'import pty'], { stdio: 'ignore' })
      return true
    } catch {
      return false
    }
  })()
  it.skipIf(!hasPython)(
    `reads a pseudo-terminal in the place of a serial device: raw, and gone when it is gone${hasPython ? '' : ' (skipped: no python3 to make one)'}`,
    async () => {
      const child = spawn('python3', ['-c', terminal], { stdio: ['pipe', 'pipe', 'inherit'] })
      const [name] = (await once(child.stdout, 'data')) as [Buffer]
      const path = name.toString().trim()
      const reading = read(await open({ ...csv, input: { type: 'serial', path, baud: 115_200 } }))
      await reading.says(/"running"/)
      child.stdin.write('b"half of 12\\n1\\r\\n2"\n')
      await reading.have(1)
      child.stdin.write('b"3\\n"\n')
      expect(count(await reading.have(2))).toEqual([1, 23])
      await reading.says(/the first line, which may lack its beginning: half of 12/)
      const settings = execFileSync('stty', ['-F', path, '-a']).toString()
      expect(settings).toMatch(/speed 115200 baud/)
      expect(settings).toMatch(/-icanon/)
      expect(settings).toMatch(/-echo\b/)
      child.stdin.end()
      await reading.says(/waiting/)
      await reading.stop()
    },
  )
  it('says what is wrong with a device', async () => {
    const path = join(folder, 'plain')
    writeFileSync(path, '1\n')
    const reading = read(await open({ ...csv, input: { type: 'serial', path } }))
    await reading.says(/waiting.*neither a serial device nor a named pipe/)
    await reading.stop()
  })
})

describe('lines', () => {
  const feedsOf = (format: 'csv' | 'json', more: object = {}, config: object = values, lineBytesMax = 1000) => {
    const bad = createBadLines()
    const parsed = mapping.parse(config)
    const parser = format === 'csv' ? createCsvParser(csvConfig.parse(more), parsed) : createJsonParser(parsed)
    return {
      bad,
      parser,
      feeds: createLineFeeds({ parser, bad, nowNs, lineBytesMax, encoding: 'utf-8', dropCutLines: false }),
    }
  }
  const feed = (feeds: ReturnType<typeof feedsOf>['feeds'], ...texts: (string | Buffer)[]) =>
    texts.flatMap((text) => feeds.read([{ feed: 1, bytes: Buffer.from(text) }])).flatMap(({ rows }) => rows)

  it('puts characters together that blocks cut apart', () => {
    const { feeds, bad } = feedsOf('json', {}, { streams: [{ name: 's', channels: [{ name: '상태', kind: 'text' }] }] })
    const bytes = Buffer.from('{"상태":"정지 😀"}\r\n')
    const rows = [...bytes].flatMap((byte) => feed(feeds, Buffer.from([byte])))
    expect(rows.map((row) => row.values)).toEqual([['정지 😀']])
    expect(bad.count).toBe(0)
  })
  it('keeps JSON times and integers exact', () => {
    const { feeds, bad } = feedsOf(
      'json',
      {},
      {
        time: { column: 'meta.t', format: 'unix_s' },
        streams: [
          {
            name: 's',
            channels: [{ name: 'n', from: 'v[1]', kind: 'int' }, { name: 'ok', kind: 'bool' }, { name: 'x' }],
          },
          { name: 'other', channels: [{ name: 'y' }] },
        ],
      },
    )
    const rows = feed(
      feeds,
      '{"meta":{"t":1700000000.123456789},"v":[0,9007199254740993],"ok":true,"x":NaN}\n',
      '{"meta":{"t":1700000001},"y":-0}\n{"meta":{"t":1700000002},"z":1}\n{"meta":\n[1]\n\n',
    )
    expect(rows).toEqual([
      { stream: 0, timeNs: 1_700_000_000_123_456_789n, values: [9007199254740993n, true, Number.NaN] },
      { stream: 1, timeNs: 1_700_000_001_000_000_000n, values: [-0] },
    ])
    expect(bad.samples).toMatchObject(
      [/none of the mapped columns/, /no JSON/, /the time is missing/].map((pattern) => expect.stringMatching(pattern)),
    )
  })
  it('reads a header, and says that one does not fit', () => {
    const named = { streams: [{ name: 's', channels: [{ name: 'a' }, { name: 'b' }] }] }
    const { feeds, bad } = feedsOf('csv', { header: true, skipLines: 1, comment: '#' }, named)
    expect(feed(feeds, 'Device 3\nb,x,a\n#\n1,2,3\n').map((row) => row.values)).toEqual([[3, 1]])
    const other = feedsOf('csv', { header: true }, named)
    expect(feed(other.feeds, 'a,c\n1,2\n')).toEqual([])
    expect(other.bad.count).toBe(2)
    expect(other.parser.detail()).toMatch(/no column "b"/)
    expect(bad.count).toBe(0)
  })
  it('finds the next line behind one that is too long', () => {
    const { feeds, bad } = feedsOf('csv')
    const rows = feed(feeds, '1\n', '9'.repeat(700), '9'.repeat(700), `${'9'.repeat(5000)}\n2\n`)
    expect(count(rows)).toEqual([1, 2])
    expect(bad.samples).toEqual([`longer than 1000 bytes: ${'9'.repeat(200)}`])
  })
  it('counts bytes that are no text', () => {
    const { feeds, bad } = feedsOf('csv')
    expect(count(feed(feeds, Buffer.from([0x31, 0x0a, 0xff, 0xfe, 0x0a])))).toEqual([1, null])
    expect(bad.count).toBe(1)
  })
  it('holds back no more than it may', () => {
    const queue = createBlockQueue(1000)
    while (!queue.full()) queue.push({ feed: 1, bytes: Buffer.alloc(100) })
    queue.push({ feed: 1, bytes: Buffer.alloc(0), last: 'complete' })
    expect(queue.full()).toBe(true)
  })
})

describe('samples', () => {
  const samples = join(packageRoot, 'agent', 'samples')
  const names = readdirSync(samples).filter((name) => /^(lines-.*|replay)\.yaml$/.test(name))
  const source = z.discriminatedUnion('type', [linesConfig, replayConfig])
  it.each(names)('%s is right', (name) => {
    const { sources } = parseYaml(readFileSync(join(samples, name), 'utf8')) as { sources: unknown[] }
    for (const config of sources) expect(source.safeParse(config).error?.issues).toBeUndefined()
  })
  it('reads what the samples show', () => {
    const rowsOf = (name: string) => {
      const text = readFileSync(join(samples, name), 'utf8')
      const config = linesConfig.parse((parseYaml(text) as { sources: unknown[] }).sources[0])
      const bad = createBadLines()
      const parsed = config.mapping!
      const parser = config.format === 'csv' ? createCsvParser(config.csv!, parsed) : createJsonParser(parsed)
      const feeds = createLineFeeds({ parser, bad, nowNs, lineBytesMax: 1000, encoding: 'utf-8', dropCutLines: false })
      const shown = text.match(/^# {3}(.*)$/gm)!.map((line) => `${line.slice(4)}\n`)
      const rows = feeds.read([{ feed: 1, bytes: Buffer.from(shown.join('')) }]).flatMap((chunk) => chunk.rows)
      expect(bad.samples).toEqual([])
      return rows
    }
    expect(rowsOf('lines-tcp-json.yaml').map((row) => row.values)).toEqual([
      [612.5, 3.1, 3.2],
      ['운전', false],
    ])
    expect(rowsOf('lines-file-csv.yaml')).toEqual([
      { stream: 0, timeNs: BigInt(Date.UTC(2024, 4, 1, 12, 0, 0, 100)) * 1_000_000n, values: [21.5, 'OK'] },
    ])
  })
})

describe('configuration', () => {
  const issues = (config: object) =>
    linesConfig
      .safeParse({ type: 'lines', input: { type: 'stdin' }, ...config })
      .error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
      .join('\n')
  it.each([
    [{ format: 'csv' }, /mapping: expected a mapping/],
    [{ format: 'nmea', mapping: values, csv: {} }, /csv: is of no use with format: nmea\nmapping: is of no use/],
    [
      { format: 'csv', mapping: { ...values, time: { format: 'rate', start: '2024-01-01' } } },
      /time.format: lines may get lost/,
    ],
    [
      { format: 'csv', mapping: { ...values, time: { column: 0, format: 'seconds' } } },
      /time.start: expected the time of 0/,
    ],
    [{ format: 'csv', mapping: { streams: [{ name: 's', channels: [{ name: 'a' }] }] } }, /"a" needs column names/],
    [
      { format: 'json', mapping: { streams: [{ name: 's', channels: [{ name: 'a', from: 'a[' }] }] } },
      /"a\[" is no path/,
    ],
    [{ ...csv, csv: { header: true }, input: { type: 'udp', port: 1 } }, /csv.header: datagrams have no header/],
    [{ ...csv, input: { type: 'can' } }, /input.*: expected an input with "type": stdin, file/],
    [{ ...csv, input: { type: 'tcp-connect', host: 'x', port: 70_000 } }, /input.port/],
  ])('refuses %j', (config, message) => {
    expect(issues(config)).toMatch(message)
  })
  it('takes what is right', () => {
    expect(issues(csv)).toBeUndefined()
    expect(issues({ format: 'nmea' })).toBeUndefined()
  })
})
