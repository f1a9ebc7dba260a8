import { closeSync, openSync, readFileSync, readSync } from 'node:fs'
import { errorCode } from '../../common/segment-log-files.ts'
import type { QuarantineFacts } from '../quarantine.ts'

const headBytes = 8192
/** As JSON has it inside a text the quotes are escaped: this is the key itself. */
export const bytesKey = ',"bytes":"'

/** What stands before the bytes in an entry's file; undefined if it is gone or is no entry. */
export function readFacts(file: string): QuarantineFacts | undefined {
  try {
    const head = readHead(file)
    const end = head.indexOf(bytesKey)
    if (end >= 0) {
      const facts = JSON.parse(`${head.slice(0, end)}}`) as Partial<QuarantineFacts>
      if (facts.size !== undefined) return facts as QuarantineFacts
    }
    // Of a release that put other facts behind the bytes.
    const { bytes, ...facts } = JSON.parse(readFileSync(file, 'utf8')) as QuarantineFacts & { bytes: string }
    return { ...facts, size: Buffer.byteLength(bytes, 'base64') }
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || error instanceof SyntaxError || error instanceof TypeError) return undefined
    throw error
  }
}

function readHead(file: string): string {
  const descriptor = openSync(file, 'r')
  try {
    const head = Buffer.alloc(headBytes)
    // A letter cut at the end does no harm: it is behind the facts, or these are read from the whole file.
    return head.toString('utf8', 0, readSync(descriptor, head, 0, headBytes, 0))
  } finally {
    closeSync(descriptor)
  }
}
