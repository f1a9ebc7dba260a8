import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { createFilters } from '../../ingest/live/filters.ts'

it('filters together take what any one of them takes', () => {
  const name = fc.constantFrom('a', 'b', '심전도')
  const filter = fc.record({ rig: name, stream: name }, { requiredKeys: [] })
  fc.assert(
    fc.property(fc.array(filter, { maxLength: 12 }), fc.array(fc.nat(11)), name, name, (all, removed, rig, stream) => {
      const filters = createFilters()
      for (const each of all) filters.add(each)
      const gone = new Set(removed)
      for (const i of gone) if (all[i]) filters.remove(all[i])
      const left = all.filter((_, i) => !gone.has(i))
      const taken = left.some((each) => (each.rig ?? rig) === rig && (each.stream ?? stream) === stream)
      expect(filters.match(rig, stream)).toBe(taken)
    }),
  )
  const filters = createFilters()
  filters.remove({ rig: 'a' })
  expect(filters.match('a', 'b')).toBe(false)
})
