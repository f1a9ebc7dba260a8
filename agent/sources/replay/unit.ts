import { checkUnit } from '../../../protos/ucum.ts'

// What recordings call their units -> UCUM.

const known: Record<string, string> = {
  uv: 'uV',
  µv: 'uV',
  μv: 'uV',
  mv: 'mV',
  v: 'V',
  mmhg: 'mm[Hg]',
  cmh2o: 'cm[H2O]',
  bpm: '/min',
  'beats/min': '/min',
  'breaths/min': '/min',
  degc: 'Cel',
  deg_c: 'Cel',
  'deg c': 'Cel',
  '°c': 'Cel',
  celsius: 'Cel',
  percent: '%',
  pct: '%',
  sec: 's',
  ohm: 'Ohm',
  kohm: 'kOhm',
  g: '[g]',
  'l/min': 'L/min',
  'ml/s': 'mL/s',
  'liters/s': 'L/s',
}
const none = new Set(['', 'nu', 'nd', 'adu', 'au', 'a.u.', 'n/a', 'none', 'unitless', 'boolean'])

/** `unit`: absent if it has none, or none that UCUM knows; then `note` is what the file calls it. */
export function toUcum(text: string): { unit?: string; note?: string } {
  const trimmed = text.trim()
  const folded = trimmed.toLowerCase()
  if (none.has(folded)) return {}
  // "MV" may be megavolt; a biosignal in megavolt is none.
  const unit = Object.hasOwn(known, folded) ? known[folded]! : trimmed
  return checkUnit(unit) === undefined ? { unit } : { note: `in ${JSON.stringify(trimmed.slice(0, 40))}` }
}
