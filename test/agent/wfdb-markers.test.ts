import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse as parseYaml } from 'yaml'
import { agentConfig } from '../../agent/config.ts'
import { markerOf } from '../../agent/marker.ts'
import { packageRoot } from '../../common/program.ts'
import { isUlid } from '../../common/ulid.ts'
import { decodeRunEvent } from '../../protos/run-events.ts'

const event = { timeNs: 1_700_000_000_123_456_789n, label: 'N', text: 'normal beat', key: 'atr 1 77 N' }
const owner = { rig: 'bio-1', source: '심전도', origin: 'abc' }

describe('an event of a source', () => {
  it('becomes a marker of whichever run is open', () => {
    const marker = markerOf({ ...event, untilNs: event.timeNs + 5n }, owner)
    expect(isUlid(marker.id)).toBe(true)
    expect(marker).toMatchObject({ tNs: event.timeNs, type: 'marker', author: '심전도', text: 'normal beat' })
    expect(decodeRunEvent(marker)).toEqual({
      type: 'marker',
      marker: marker.id,
      run: '',
      rigs: [],
      label: 'N',
      fromNs: event.timeNs,
      toNs: event.timeNs + 5n,
    })
  })

  it('has the same id when it is read again, and another than any other', () => {
    const { id } = markerOf(event, owner)
    expect(markerOf({ ...event, timeNs: 5n }, { ...owner }).id).toBe(id)
    const others = [
      markerOf({ ...event, key: 'atr 2 77 N' }, owner),
      markerOf(event, { ...owner, rig: 'bio-2' }),
      markerOf(event, { ...owner, source: 'x' }),
      markerOf(event, { ...owner, origin: 'abd' }),
    ]
    expect(new Set([id, ...others.map((other) => other.id)]).size).toBe(5)
  })

  it('is cut to what an envelope holds, between whole characters', () => {
    const marker = markerOf({ ...event, label: `${'a'.repeat(199)}😀`, text: '가'.repeat(10_000) }, owner)
    expect([marker.facts.label, marker.text.length]).toEqual(['a'.repeat(199), 4000])
  })
})

describe('samples', () => {
  it.each(['wfdb.yaml', 'edf.yaml'])('%s is right', (name) => {
    const text = readFileSync(join(packageRoot, 'agent', 'samples', name), 'utf8')
    expect(agentConfig.safeParse(parseYaml(text)).error?.issues).toBeUndefined()
  })
})
