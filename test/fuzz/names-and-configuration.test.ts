import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import { agentConfig } from '../../agent/config.ts'
import { ConfigError, loadConfig } from '../../common/config.ts'
import { ingestConfig } from '../../ingest/config.ts'
import { isName, isRigName, parseTopic, rigTopic } from '../../protos/topics.ts'
import { temporaryFolder } from '../services/debian.ts'

// Topics and names, as anybody may publish them; configuration files, as people write them.

const level = fc.oneof(
  fc.constantFrom(
    'rigline',
    'v1',
    'v2',
    'main',
    'ingest',
    'up',
    'down',
    'clock',
    'status',
    '+',
    '#',
    '$share',
    '',
    '차량-1',
  ),
  fc.string({ unit: 'binary', maxLength: 70 }),
)
const topic = fc.oneof(
  fc.array(level, { maxLength: 7 }).map((levels) => levels.join('/')),
  fc.tuple(level, level, level).map(([group, rig, type]) => `rigline/v1/${group}/${rig}/${type}`),
  fc.string({ unit: 'binary', maxLength: 200 }),
)

describe('topics and names', () => {
  it('are Rigline’s or none, and what is taken is safe in paths and gives the same topic again, 20,000 times', () => {
    let taken = 0
    fc.assert(
      fc.property(topic, (text) => {
        const parsed = parseTopic(text)
        if (!parsed) return
        taken++
        if (parsed.type === 'ingest_status') return
        expect(rigTopic(parsed.group, parsed.rig, parsed.type)).toBe(text)
        for (const name of [parsed.group, parsed.rig]) {
          expect(isName(name)).toBe(true)
          expect(name).not.toMatch(/[/\\+#$\s:|*?"<>]|^\.|\0/u)
        }
        expect(isRigName(parsed.rig)).toBe(true)
        expect(parsed.group).not.toBe('ingest')
      }),
      { numRuns: 20_000 },
    )
    expect(taken).toBeGreaterThan(20)
  }, 60_000)
})

const soundAgent = {
  rig: 'cabin-1',
  group: 'main',
  broker: { url: 'mqtt://127.0.0.1:1883', secret: 'x' },
  spool: { bytesMax: 16777216 },
  sources: [{ type: 'system' }],
}
const soundIngest = {
  groups: ['main'],
  broker: { url: 'mqtt://127.0.0.1:1883' },
  journal: { bytesMax: 134217728 },
  influx: { url: 'http://127.0.0.1:8086', database: 'rigline' },
  http: { port: 8686 },
}
const wrongValue = fc.oneof(
  fc.anything({ maxDepth: 2, withBigInt: false, withDate: false }),
  fc.constantFrom(-1, 0, 1e300, '', '한글', '$HOME', '../..', null, [], {}, true, '1e9', 'mqtt://', 'http://[::1'),
)

/** Changes, adds or removes the value at one place of a sound configuration. */
const changed = (sound: Record<string, unknown>) =>
  fc
    .tuple(
      fc.constantFrom(...Object.keys(sound), 'unknown', '__proto__', 'constructor'),
      fc.option(fc.constantFrom('url', 'bytesMax', 'port', 'database', '0', 'type', 'nonsense', '__proto__')),
      wrongValue,
    )
    .map(([key, inner, value]) => {
      const copy = structuredClone(sound)
      const section = Object.hasOwn(copy, key) ? copy[key] : undefined
      const isInner = inner !== null && typeof section === 'object' && section !== null
      // Not an assignment: the name may be __proto__.
      Object.defineProperty(isInner ? section : copy, isInner ? inner : key, {
        value,
        enumerable: true,
        configurable: true,
        writable: true,
      })
      return copy
    })

describe('configuration files', () => {
  const text = (sound: Record<string, unknown>) =>
    fc.oneof(
      { weight: 6, arbitrary: changed(sound).map((value) => toYaml(value)) },
      {
        weight: 3,
        arbitrary: fc
          .tuple(fc.nat(), fc.string({ unit: fc.constantFrom(...'{}[]:&*!|>-#%@`"\' \n\tㅎ\u0000'), maxLength: 6 }))
          .map(([at, insert]) => {
            const yaml = stringify(sound)
            return yaml.slice(0, at % yaml.length) + insert + yaml.slice(at % yaml.length)
          }),
      },
      { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 120 }) },
      {
        weight: 1,
        // A bomb of aliases.
        arbitrary: fc
          .integer({ min: 2, max: 12 })
          .map((n) =>
            [
              'a0: &a0 [x, x, x, x, x, x, x, x, x]',
              ...Array.from({ length: n }, (_, i) => `a${i + 1}: &a${i + 1} [${Array(9).fill(`*a${i}`).join(', ')}]`),
            ].join('\n'),
          ),
      },
    )

  for (const [name, schema, sound] of [
    ['agent', agentConfig, soundAgent],
    ['ingest', ingestConfig, soundIngest],
  ] as const) {
    it(`of the ${name} are taken, or refused with every mistake named, 3,000 times`, async () => {
      const folder = await temporaryFolder()
      const file = join(folder, `${name}.yaml`)
      writeFileSync(file, stringify(sound))
      loadConfig(schema, file, {})
      let refused = 0
      fc.assert(
        fc.property(text(sound), (yaml) => {
          writeFileSync(file, yaml)
          try {
            loadConfig(schema, file, {})
          } catch (error) {
            expect(error).toBeInstanceOf(ConfigError)
            const { problems } = error as ConfigError
            expect(problems.length).toBeGreaterThan(0)
            for (const problem of problems) expect(problem).not.toMatch(/undefined|\[object Object\]/)
            refused++
          }
        }),
        { numRuns: 3000 },
      )
      expect(refused).toBeGreaterThan(500)
      expect(({} as Record<string, unknown>).polluted).toBeUndefined()
    }, 120_000)
  }
})

function toYaml(value: unknown): string {
  try {
    return stringify(value)
  } catch {
    return 'nothing'
  }
}
