import { setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { limitTime } from '../../common/time-limit.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

test('fires though nobody but a listener holds it and garbage is collected meanwhile', async () => {
  const program = new AbortController()
  let fired = 0
  for (let i = 0; i < 50; i++) limitTime(200, program.signal).signal.addEventListener('abort', () => fired++)
  for (let i = 0; i < 20; i++) {
    collectGarbage()
    await sleep(20)
  }
  expect(fired).toBe(50)
})

test('tells time that is over from what it follows, and from the end', async () => {
  const followed = new AbortController()
  const [over, aborted, ended] = [
    limitTime(20, undefined, () => new Error('took too long')),
    limitTime(20, followed.signal),
    limitTime(20, followed.signal),
  ]
  ended.end()
  followed.abort(new Error('stopped'))
  await sleep(60)
  expect([over, aborted, ended].map((limit) => limit.isOver())).toEqual([true, false, false])
  expect([over, aborted, ended].map(({ signal }) => signal.aborted)).toEqual([true, true, false])
  expect(over.signal.reason).toMatchObject({ message: 'took too long' })
  expect(aborted.signal.reason).toMatchObject({ message: 'stopped' })
  expect(limitTime(1000, followed.signal).signal.aborted).toBe(true)
})
