import { describe, expect, test } from 'vitest'
import { createBacklogPace } from '../../agent/backlog-pace.ts'

interface Link {
  bytesPerS: number
  /** Of a round trip without a queue: the way, ingest's fsync and gathering. */
  wayMs: number
  /** More of it at random. */
  jitterMs?: number
}

/** A link on which everything stands in one queue, live beside a backlog without end, one envelope after the other. */
function simulate(
  link: Link,
  { seconds = 60, liveBytesPerS = 50_000, envelopeBytes = 6000, mostBytes = 4 << 20 } = {},
) {
  let seed = 7
  // Park and Miller's minimal standard, as in bench/synthetic.ts.
  const random = () => {
    seed = (seed * 48271) % 2147483647
    return seed / 2147483647
  }
  const pace = createBacklogPace(mostBytes)
  const flying: { sentAtMs: number; atMs: number; bytes: number; live: boolean }[] = []
  const liveMs: { atMs: number; ms: number }[] = []
  let freeAtMs = 0
  let backlogBytes = 0
  let largest = 0
  const done: { atMs: number; bytes: number }[] = []
  const send = (nowMs: number, bytes: number, live: boolean) => {
    freeAtMs = Math.max(freeAtMs, nowMs) + (bytes / link.bytesPerS) * 1000
    const last = flying.at(-1)?.atMs ?? 0
    const atMs = Math.max(last, freeAtMs + link.wayMs + random() * (link.jitterMs ?? 0))
    flying.push({ sentAtMs: nowMs, atMs, bytes, live })
    if (!live) backlogBytes += bytes
  }
  pace.begin(0)
  const liveEveryMs = (envelopeBytes / liveBytesPerS) * 1000
  let liveAtMs = 0
  for (let nowMs = 0; nowMs < seconds * 1000; nowMs++) {
    const used = backlogBytes
    let youngest: (typeof flying)[number] | undefined
    while (flying[0] && flying[0].atMs <= nowMs) {
      youngest = flying.shift()!
      if (youngest.live) liveMs.push({ atMs: nowMs, ms: nowMs - youngest.sentAtMs })
      else {
        backlogBytes -= youngest.bytes
        done.push({ atMs: nowMs, bytes: youngest.bytes })
      }
    }
    if (youngest) pace.answered(nowMs - youngest.sentAtMs, youngest.sentAtMs, used, nowMs)
    for (; liveBytesPerS > 0 && liveAtMs <= nowMs; liveAtMs += liveEveryMs) send(nowMs, envelopeBytes, true)
    // As the publisher does after the first second.
    if (nowMs < 1000) continue
    while (backlogBytes === 0 || backlogBytes + envelopeBytes <= pace.bytes()) send(nowMs, envelopeBytes, false)
    largest = Math.max(largest, backlogBytes)
  }
  const settledMs = 15_000
  const late = liveMs.filter(({ atMs }) => atMs > settledMs).map(({ ms }) => ms)
  late.sort((a, b) => a - b)
  const backlogPerS =
    done.filter(({ atMs }) => atMs > settledMs).reduce((sum, { bytes }) => sum + bytes, 0) /
    (seconds - settledMs / 1000)
  const worstMs = Math.max(...liveMs.map(({ ms }) => ms))
  return { p95: late[Math.floor(late.length * 0.95)] ?? 0, worstMs, backlogPerS, largest }
}

describe('the pace of the backlog', () => {
  test.each([
    ['a slow link', { bytesPerS: 250_000, wayMs: 40, jitterMs: 20 }],
    ['a slower link with a long way', { bytesPerS: 125_000, wayMs: 300, jitterMs: 30 }],
    ['over a satellite', { bytesPerS: 1_000_000, wayMs: 600, jitterMs: 30 }],
    ['a fast link and a disk that stalls', { bytesPerS: 10_000_000, wayMs: 15, jitterMs: 60 }],
  ])('%s: live keeps its delay, the backlog takes most of what is left', (_, link) => {
    const { p95, worstMs, backlogPerS } = simulate(link)
    const left = link.bytesPerS - 50_000
    expect(p95).toBeLessThan(link.wayMs + 450)
    expect(worstMs).toBeLessThan(link.wayMs + 1000)
    expect(backlogPerS).toBeGreaterThan(left * 0.7)
  })

  test('on a fast link it takes all it may within a second', () => {
    const { largest } = simulate({ bytesPerS: 200_000_000, wayMs: 12 }, { seconds: 2, envelopeBytes: 60_000 })
    expect(largest).toBeGreaterThan(3.5 * 1024 * 1024)
    expect(largest).toBeLessThanOrEqual(4 * 1024 * 1024)
  })

  test('an hour of its own queue does not become the way', () => {
    const { p95, backlogPerS } = simulate({ bytesPerS: 125_000, wayMs: 40, jitterMs: 10 }, { seconds: 1200 })
    expect(p95).toBeLessThan(500)
    expect(backlogPerS).toBeGreaterThan(75_000 * 0.7)
  })

  test('it gives way to live data that need the whole link, and never stands still', () => {
    const { backlogPerS } = simulate({ bytesPerS: 100_000, wayMs: 40 }, { liveBytesPerS: 99_000 })
    expect(backlogPerS).toBeGreaterThan(0)
    expect(backlogPerS).toBeLessThan(20_000)
  })
})
