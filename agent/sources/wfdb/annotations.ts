import { type AnnotationCode, annotationCodes } from './annotation-codes.ts'
import { rateHzLeast } from './header.ts'

// An annotation file of a WFDB record in the MIT format, as annot(5) of the WFDB Applications Guide defines it
// (https://physionet.org/physiotools/wag/annot-5.htm): pairs of bytes, the lower one first, with a code in the upper six bits
// and a number in the lower ten: ticks since the annotation before.

export interface Annotation {
  /** In ticks from the beginning of the record. */
  tick: number
  code: AnnotationCode
  /** The signal it belongs to. */
  channel: number
  subtype: number
  num: number
  /** What was written beside it: the rhythm's name, a comment. */
  aux: string
}

export interface Annotations {
  /** In the order of the file. */
  list: Annotation[]
  /** Ticks in a second, if the file says so; else a tick is a sample. */
  ticksHz?: number
  /** It ends without its end mark. */
  cut: boolean
}

const skip = 59
const num = 60
const sub = 61
const chn = 62
const aux = 63
const note = 22

/** Throws for bytes that are no annotations in this format. */
export function parseAnnotations(bytes: Buffer): Annotations {
  const found: Annotations = { list: [], cut: true }
  const codes = new Map(annotationCodes)
  let defining = false
  let at = 0
  let tick = 0
  let sticky = { channel: 0, num: 0 }
  let last: Annotation | undefined

  const place = (value: number) => {
    tick = value
    if (!Number.isSafeInteger(tick) || tick < 0) throw new Error(`byte ${at}: an annotation before the beginning`)
  }

  /** Notes at the beginning may tell the time resolution and name further codes. */
  const isAboutFile = ({ aux: text }: Annotation): boolean => {
    const resolution = /^## time resolution: ([\d.]+(?:e[+-]?\d+)?)/i.exec(text)
    if (resolution) {
      const ticksHz = Number(resolution[1])
      if (ticksHz >= rateHzLeast && ticksHz <= 1e9) found.ticksHz = ticksHz
    } else if (text.startsWith('## annotation type definitions')) defining = true
    else if (text.startsWith('## end of definitions')) defining = false
    else if (defining) {
      const definition = /^(\d+) (\S+) ?(.*)$/.exec(text)
      if (definition) codes.set(Number(definition[1]), { label: definition[2]!, meaning: definition[3]! })
    } else return false
    return true
  }

  let lastCode = 0
  const finish = () => {
    if (last && !(lastCode === note && last.tick === 0 && isAboutFile(last))) found.list.push(last)
    last = undefined
  }

  while (at + 2 <= bytes.length) {
    const pair = bytes.readUInt16LE(at)
    const kind = pair >> 10
    const number = pair & 0x3ff
    at += 2
    if (pair === 0) {
      found.cut = false
      break
    }
    if (kind === skip) {
      if (at + 4 > bytes.length) break
      // A PDP-11 long: its upper half first.
      finish()
      place(tick + ((bytes.readInt16LE(at) << 16) | bytes.readUInt16LE(at + 2)))
      at += 4
    } else if (kind === num) {
      sticky = { ...sticky, num: signed(number) }
      if (last) last.num = sticky.num
    } else if (kind === sub) {
      if (last) last.subtype = signed(number)
    } else if (kind === chn) {
      sticky = { ...sticky, channel: number & 0xff }
      if (last) last.channel = sticky.channel
    } else if (kind === aux) {
      if (at + number > bytes.length) break
      if (last) last.aux = textOf(bytes.subarray(at, at + number))
      at += number + (number % 2)
    } else {
      finish()
      place(tick + number)
      const code = codes.get(kind) ?? { label: `code_${kind}`, meaning: '' }
      last = { tick, code, ...sticky, subtype: 0, aux: '' }
      lastCode = kind
    }
  }
  finish()
  return found
}

/** These fields are signed bytes. */
const signed = (number: number): number => ((number & 0xff) << 24) >> 24

const textOf = (bytes: Buffer): string => {
  const end = bytes.indexOf(0)
  return (end < 0 ? bytes : bytes.subarray(0, end)).toString('utf8').trim()
}
