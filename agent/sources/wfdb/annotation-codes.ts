// Annotation codes of the WFDB library (ecgcodes.h, as the WFDB Programmer's Guide lists them): mnemonic and meaning.

export interface AnnotationCode {
  label: string
  meaning: string
}

const code = (label: string, meaning: string): AnnotationCode => ({ label, meaning })

export const annotationCodes: ReadonlyMap<number, AnnotationCode> = new Map([
  [1, code('N', 'normal beat')],
  [2, code('L', 'left bundle branch block beat')],
  [3, code('R', 'right bundle branch block beat')],
  [4, code('a', 'aberrated atrial premature beat')],
  [5, code('V', 'premature ventricular contraction')],
  [6, code('F', 'fusion of ventricular and normal beat')],
  [7, code('J', 'nodal (junctional) premature beat')],
  [8, code('A', 'atrial premature contraction')],
  [9, code('S', 'premature or ectopic supraventricular beat')],
  [10, code('E', 'ventricular escape beat')],
  [11, code('j', 'nodal (junctional) escape beat')],
  [12, code('/', 'paced beat')],
  [13, code('Q', 'unclassifiable beat')],
  [14, code('~', 'signal quality change')],
  [16, code('|', 'isolated artifact like a QRS complex')],
  [18, code('s', 'ST change')],
  [19, code('T', 'T-wave change')],
  [20, code('*', 'systole')],
  [21, code('D', 'diastole')],
  [22, code('"', 'comment')],
  [23, code('=', 'measurement')],
  [24, code('p', 'P-wave peak')],
  [25, code('B', 'left or right bundle branch block beat')],
  [26, code('^', 'non-conducted pacer spike')],
  [27, code('t', 'T-wave peak')],
  [28, code('+', 'rhythm change')],
  [29, code('u', 'U-wave peak')],
  [30, code('?', 'learning')],
  [31, code('!', 'ventricular flutter wave')],
  [32, code('[', 'start of ventricular flutter or fibrillation')],
  [33, code(']', 'end of ventricular flutter or fibrillation')],
  [34, code('e', 'atrial escape beat')],
  [35, code('n', 'supraventricular escape beat')],
  [36, code('@', 'link to other data')],
  [37, code('x', 'non-conducted P-wave')],
  [38, code('f', 'fusion of paced and normal beat')],
  [39, code('(', 'waveform onset')],
  [40, code(')', 'waveform end')],
  [41, code('r', 'R-on-T premature ventricular contraction')],
])
