import { expect, test } from 'vitest'
import { createProgressLine } from '../../ingest/progress-line.ts'

function output(isTTY: boolean) {
  const written: string[] = []
  const out = { isTTY, write: (text: string) => written.push(text) } as unknown as NodeJS.WriteStream
  return { line: createProgressLine(out), text: () => written.join('') }
}

test('changes one line on a terminal, and takes it away', () => {
  const { line, text } = output(true)
  line.say(() => '절반', true)
  line.say(() => 'too soon')
  line.say(() => 'more', true)
  line.end('all of it')
  expect(text()).toBe('\r\u001b[K절반\r\u001b[Kmore\r\u001b[Kall of it\n')
})

test('writes a line now and then elsewhere, and at once what is news', () => {
  const { line, text } = output(false)
  line.say(() => 'too soon')
  line.say(() => 'news', true)
  line.end()
  expect(text()).toBe('news\n')
})
