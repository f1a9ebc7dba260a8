import { describe, expect, test } from 'vitest'
import { alertsConfig } from '../../ingest/alerts/config.ts'
import { createRules } from '../../ingest/alerts/rules.ts'
import { createAgentWatch } from '../../ingest/rig-agents.ts'
import { createFacts } from '../../ingest/rig-facts.ts'
import { unheardOf } from '../../ingest/rigs.ts'
import { encodeEnvelope, readHeader } from '../../protos/envelope.ts'
import type { Body } from '../../protos/types.ts'

// Two agents of one rig are an alarm; one that was restarted, however often, is none.

const [a, b, c] = ['01J0000000000000000000000A', '01J0000000000000000000000B', '01J0000000000000000000000C'] as const
const second = 1_000_000_000n

/** What was heard in this order: spool, second of its making, second of its coming. */
function hear(...heard: [spool: string, madeS: number, atS: number][]) {
  const watch = createAgentWatch()
  for (const [spool, madeS, atS] of heard) watch.heard(spool, BigInt(Math.round(madeS * 1000)) * 1_000_000n, atS * 1000)
  return watch.sinceMs(heard.at(-1)![2] * 1000)
}

describe('two agents of one rig', () => {
  test('that go on in their turn are noticed', () => {
    expect(hear([a, 10, 10], [b, 13, 13], [a, 20, 20], [b, 23, 23])).toBe(23_000)
    // Nearly at the same moment, by clocks that are known to a second.
    expect(hear([a, 10, 10], [b, 9.5, 10], [a, 20, 20], [b, 19.5, 20])).toBeDefined()
  })

  test('are forgotten when one has gone', () => {
    const watch = createAgentWatch()
    for (const [spool, s] of [
      [a, 10],
      [b, 13],
      [a, 20],
      [b, 23],
      [b, 33],
    ] as const)
      watch.heard(spool, BigInt(s) * second, s * 1000)
    expect(watch.sinceMs(33_000)).toBe(23_000)
    for (let s = 43; s < 200; s += 10) watch.heard(b, BigInt(s) * second, s * 1000)
    expect(watch.sinceMs(193_000)).toBeUndefined()
  })

  test.each([
    [
      'restarted once',
      [
        [a, 10, 10],
        [a, 20, 20],
        [b, 25, 25],
        [b, 35, 35],
        [b, 45, 45],
      ],
    ],
    [
      'restarted, its backlog beside live',
      [
        [b, 100, 100],
        [a, 10, 101],
        [a, 20, 102],
        [b, 110, 110],
        [a, 30, 111],
        [b, 120, 120],
        [a, 40, 121],
        [b, 130, 130],
      ],
    ],
    [
      'restarted in a loop',
      [
        [a, 10, 10],
        [b, 12, 12],
        [c, 14, 14],
        ['01J0000000000000000000000D', 16, 16],
      ],
    ],
    [
      'restarted at once, the last report of the old spool behind the first of the new one',
      [
        [b, 20.5, 21],
        [a, 19, 21],
        [b, 30.5, 31],
        [b, 40, 40],
      ],
    ],
    [
      'restarted with a clock that is an hour back',
      [
        [a, 4000, 10],
        [b, 410, 15],
        [a, 4010, 16],
        [b, 420, 25],
        [b, 430, 35],
        [b, 440, 45],
      ],
    ],
  ] as [string, [string, number, number][]][])('are not seen in one that was %s', (_, heard) => {
    expect(hear(...heard)).toBeUndefined()
  })

  test('are seen by their health though their clocks are an hour apart, and are an alert', () => {
    const facts = createFacts('')
    let seq = 0
    const stored = (spool: string, body: Body) => {
      const envelope = encodeEnvelope({ rig: 'r', spool, seq: ++seq, body })
      facts.stored(readHeader(envelope), envelope)
    }
    const hourNs = 3600n * second
    const sample = (spool: string, offsetNs: bigint) =>
      stored(spool, {
        type: 'clock_sample',
        clockSample: { tNs: 0n, offsetNs, roundTripNs: 1n, stepNs: 0n, monotonicNs: 0n, bootId: new Uint8Array(16) },
      })
    const health = (spool: string, tNs: bigint) =>
      stored(spool, {
        type: 'health',
        health: { tNs, version: '', memoryBytes: 0, spoolBytes: 0, spoolEnvelopes: 0, sources: [] },
      })
    sample(a, 0n)
    sample(b, hourNs)
    for (const s of [10n, 20n, 30n]) {
      health(a, s * second)
      health(b, (s + 3n) * second - hourNs)
    }
    const { twoAgentsSinceMs } = facts.facts
    expect(twoAgentsSinceMs).toBeGreaterThan(Date.now() - 10_000)
    const rules = createRules(alertsConfig.parse({ rigs: {} }))
    const look = (since: number | undefined) =>
      rules
        .look({
          nowMs: Date.now(),
          online: true,
          rigs: [{ ...unheardOf('r'), ...(since === undefined ? {} : { twoAgentsSinceMs: since }) }],
          streamsOf: () => [],
          namedOnly: false,
          sinks: [],
          disk: undefined,
          quarantined: undefined,
        })
        .filter(({ rule }) => rule === 'two_agents')
    expect(look(undefined)).toEqual([])
    expect(look(twoAgentsSinceMs)).toMatchObject([
      { key: 'two_agents/r', rig: 'r', standing: 'bad', sinceMs: twoAgentsSinceMs },
    ])
  })
})
