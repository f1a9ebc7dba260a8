import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../services/debian.ts'
import { runCommand } from '../services/rigline.ts'

// `rigline agent check` reads without publishing: there is no broker at the address of these configurations.

const configuration = (sources: string) => `
rig: bench-1
group: main
broker: { url: mqtt://127.0.0.1:1 }
sources:
${sources}
`

test('prints what every source read, with rates, units and lines that could not be read', async () => {
  const folder = await temporaryFolder()
  writeFileSync(join(folder, 'data.csv'), 't,v,w\n1,2.5,9\n2,oops,9\n3,-0,99\n')
  const file = join(folder, 'agent.yaml')
  writeFileSync(
    file,
    configuration(`
  - type: simulated
    name: bench
    rig: bio-bench
  - type: replay
    name: recorded
    file: data.csv
    speed: 0
    mapping:
      time: { column: t, format: unix_s }
      streams: [{ name: rec, channels: [{ name: v, unit: m/s2 }, { name: w, unit: Cel, max: 50 }] }]`),
  )
  const { code, stdout, stderr } = await runCommand(['agent', 'check', file, '--seconds', '2'])
  expect(code, stderr).toBe(0)
  expect(stdout).toMatch(/ecg: \d+ rows, (4[5-9]\d|5\d\d)\.\d a second, nominal 500 Hz/)
  expect(stdout).toContain('rec: 3 rows')
  expect(stdout).toMatch(/v +0 m\/s2 +\(1 missing\)/)
  expect(stdout).toMatch(/w +99 Cel +\(1 out of range \.\.50\)/)
  expect(stdout).toContain('oops')
})

test('exit code 1 if a source reads nothing, 2 for a mistake', async () => {
  const folder = await temporaryFolder()
  const file = join(folder, 'agent.yaml')
  writeFileSync(file, configuration('  - { type: lines, format: nmea, input: { type: file, path: nothing.log } }'))
  const silent = await runCommand(['agent', 'check', file, '--seconds', '1'])
  expect(silent.code).toBe(1)
  expect(silent.stdout).toContain('nothing.log')
  writeFileSync(file, configuration('  - { type: system, nonsense: 1 }'))
  expect((await runCommand(['agent', 'check', file])).code).toBe(2)
  expect((await runCommand(['agent', 'check', file, '--seconds', '-1'])).code).toBe(2)
})
