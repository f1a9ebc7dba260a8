// EDF files made for tests, written from the documents of the format and not with the code under test.

export interface MadeSignal {
  label: string
  transducer?: string
  dimension?: string
  physical?: [number | string, number | string]
  digital?: [number | string, number | string]
  prefilter?: string
  /** Samples in a data record. */
  samples: number
}

export interface MadeFile {
  signals: MadeSignal[]
  /** By data record and signal: samples, or the text of an annotation signal. */
  records: (number[] | string | Buffer)[][]
  patient?: string
  recording?: string
  date?: string
  time?: string
  reserved?: string
  duration?: number | string
  /** What the header says. */
  count?: number | string
  headerBytes?: number
  version?: string
}

export const annotationSignal = (samples: number): MadeSignal => ({
  label: 'EDF Annotations',
  physical: [-1, 1],
  digital: [-32768, 32767],
  samples,
})

/** \u0014 and \u0015 as the format's separators. */
export const tal = (onset: string, texts: string[], duration?: string): string =>
  `${onset}${duration === undefined ? '' : `\u0015${duration}`}\u0014${texts.map((text) => `${text}\u0014`).join('')}\0`

export function edf(file: MadeFile): Buffer {
  const { signals, records } = file
  const pad = (value: string | number, width: number) => String(value).padEnd(width).slice(0, width)
  const all = (width: number, of: (signal: MadeSignal) => string | number) =>
    signals.map((signal) => pad(of(signal), width)).join('')
  const header = [
    pad(file.version ?? '0', 8),
    pad(file.patient ?? 'X X X X', 80),
    pad(file.recording ?? 'Startdate X X X X', 80),
    pad(file.date ?? '01.05.24', 8),
    pad(file.time ?? '00.00.00', 8),
    pad(file.headerBytes ?? 256 * (signals.length + 1), 8),
    pad(file.reserved ?? '', 44),
    pad(file.count ?? records.length, 8),
    pad(file.duration ?? 1, 8),
    pad(signals.length, 4),
    all(16, ({ label }) => label),
    all(80, ({ transducer = '' }) => transducer),
    all(8, ({ dimension = '' }) => dimension),
    all(8, ({ physical = [-100, 100] }) => physical[0]),
    all(8, ({ physical = [-100, 100] }) => physical[1]),
    all(8, ({ digital = [-2048, 2047] }) => digital[0]),
    all(8, ({ digital = [-2048, 2047] }) => digital[1]),
    all(80, ({ prefilter = '' }) => prefilter),
    all(8, ({ samples }) => samples),
    all(32, () => ''),
  ].join('')
  const data = records.map((record) =>
    Buffer.concat(
      record.map((content, i) => {
        const bytes = Buffer.alloc(signals[i]!.samples * 2)
        if (Array.isArray(content)) for (const [n, sample] of content.entries()) bytes.writeInt16LE(sample, n * 2)
        else Buffer.from(content).copy(bytes)
        return bytes
      }),
    ),
  )
  return Buffer.concat([Buffer.from(header, 'latin1'), ...data])
}
