import { expect, it } from 'vitest'
import { thinnedText } from '../../ingest/history/thinned-text.ts'
import type { ThinnedAnswer } from '../../ingest/history/types.ts'

it('writes times to the nanosecond and values to the bit, however many there are', () => {
  const odd = [-0, 0, 1e22, 5e-324, -1.7976931348623157e308, 0.1 + 0.2, 123456789.12345679]
  const values = Float64Array.from({ length: 5001 }, (_, i) => odd[i % odd.length]!)
  const timesNs = BigInt64Array.from({ length: 5001 }, (_, i) => 2n ** 63n - 6000n + BigInt(i))
  const channel = { name: '속도 "x"', column: 'c', kind: 'f64' as const, unit: 'km/h', code: '', description: '' }
  const one = { rig: '서울-1', channel, present: 5001, missing: 2, notFinite: 1 }
  const empty = { ...one, timesNs: new BigInt64Array(0), values: new Float64Array(0) }
  const gap = { rig: '서울-1', fromNs: -5n, toNs: 7n, streams: [], cause: 'agent_down' as const, detail: '', rows: 0 }
  const hole = { rig: '서울-1', fromNs: null, toNs: 9n, spool: 's', from: 1, to: 2 }
  const answer: ThinnedAnswer = {
    method: 'm4',
    pixels: 3,
    rows: 5004,
    series: [{ ...one, timesNs, values }, empty],
    gaps: [gap],
    holes: [hole],
    cut: false,
  }
  const parts = [
    { rig: '서울-1', fromNs: 10n, toNs: 20n },
    { rig: '서울-1', fromNs: -30n, toNs: 15n },
  ]
  const text = [...thinnedText({ parts, stream: 's', points: 12, missing: [] }, answer)].join('')
  const { series, ...rest } = JSON.parse(text)
  expect(rest).toEqual({
    stream: 's',
    fromNs: '-30',
    toNs: '20',
    thinned: { method: 'm4', pixels: 3, rows: 5004 },
    gaps: [{ ...gap, fromNs: '-5', toNs: '7' }],
    holes: [{ ...hole, toNs: '9' }],
    cut: false,
  })
  expect(series).toEqual([
    { ...one, timesNs: [...timesNs].map(String), values: [...values] },
    { ...one, timesNs: [], values: [] },
  ])
  expect(series[0].values.map((value: number) => Object.is(value, -0))).toEqual(
    [...values].map((v) => Object.is(v, -0)),
  )
})
