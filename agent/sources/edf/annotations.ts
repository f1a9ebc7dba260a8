import { parseScaled } from '../mapping/decimal.ts'

// The "EDF Annotations" signal of EDF+ (https://www.edfplus.info/specs/edfplus.html, 2.2): lists of texts with one onset. A list is
// the onset, a duration or none behind byte 21, then byte 20 and each text with a byte 20 behind it, and at its end a byte 0.
// The first list of a data record begins with an empty text: its onset is when the record begins.

export interface AnnotationList {
  /** ns from the start in the header. */
  onsetNs: bigint
  durationNs?: bigint
  texts: string[]
}

const separator = 20
const durationMark = 21
const onsetPattern = /^[+-]\d+(?:\.\d*)?$/
const durationPattern = /^\d+(?:\.\d*)?$/
/** 36 years: onset and duration together fit the times there are. */
const nsMost = 2n ** 60n

/** The lists of one signal in one data record; `bad` takes what is none. */
export function parseAnnotationLists(bytes: Buffer, bad: (problem: string) => void): AnnotationList[] {
  const lists: AnnotationList[] = []
  for (let at = 0; at < bytes.length; ) {
    // Bytes that are not used are 0.
    if (bytes[at] === 0) {
      at++
      continue
    }
    const end = bytes.indexOf(0, at)
    const list = parseList(bytes.subarray(at, end < 0 ? bytes.length : end))
    if (typeof list === 'string') bad(list)
    else lists.push(list)
    at = end < 0 ? bytes.length : end + 1
  }
  return lists
}

function parseList(bytes: Buffer): AnnotationList | string {
  const first = bytes.indexOf(separator)
  if (first < 0) return 'an annotation without a byte 20 behind its onset'
  const [onset = '', duration] = bytes.subarray(0, first).toString('latin1').split(String.fromCharCode(durationMark))
  const onsetNs = onsetPattern.test(onset) ? parseScaled(onset, 9) : undefined
  if (onsetNs === undefined || onsetNs > nsMost || onsetNs < -nsMost) {
    return `an annotation whose onset is ${JSON.stringify(onset.slice(0, 40))}`
  }
  const list: AnnotationList = { onsetNs, texts: [] }
  if (duration !== undefined && duration !== '') {
    const durationNs = durationPattern.test(duration) ? parseScaled(duration, 9) : undefined
    if (durationNs === undefined || durationNs > nsMost) {
      return `an annotation whose duration is ${JSON.stringify(duration.slice(0, 40))}`
    }
    list.durationNs = durationNs
  }
  // The last text ends with a separator, too.
  const texts = bytes
    .subarray(first + 1)
    .toString('utf8')
    .split(String.fromCharCode(separator))
  list.texts = texts.at(-1) === '' ? texts.slice(0, -1) : texts
  return list
}

/** Whether the list tells when its data record begins. */
export const isTimeKeeping = ({ texts }: AnnotationList): boolean => texts[0] === ''
