// Units as UCUM writes them (https://ucum.org/ucum, case-sensitive codes): the part of its grammar and of its atoms
// that telemetry uses. A unit that is valid UCUM but not in the table is refused too: add it to the table.

const prefixes = 'da|Ki|Mi|Gi|Ti|Y|Z|E|P|T|G|M|k|h|d|c|m|u|n|p|f|a|z|y'.split('|')

/** Atoms that take a prefix. */
const metric = new Set(
  (
    'm s g rad K cd mol sr Hz N Pa J W A V F Ohm S Wb Cel T H lm lx Bq Gy Sv l L t bar u eV pc B B[V] B[mV] B[W] Np ' +
    'bit By Bd cal [g] m[Hg] m[H2O] kat Ci G dyn erg P [iU] [IU] st ar'
  ).split(' '),
)

const notMetric = new Set(
  (
    "% [ppth] [ppm] [ppb] [pptr] 10* 10^ deg ' '' gon min h d wk mo a atm [degF] [degR] [c] [pi] [psi] [lbf_av] [lb_av] " +
    '[oz_av] [ft_i] [in_i] [mi_i] [nmi_i] [kn_i] [yd_i] [acr_us] [gal_us] [HP] [Btu] [pH] [S] bit_s cir circ sph att'
  ).split(' '),
)

/** What people write, and what UCUM calls it. */
const hints: Record<string, string> = {
  bpm: '/min',
  rpm: '/min (or {rev}/min)',
  kph: 'km/h',
  kmh: 'km/h',
  mph: '[mi_i]/h',
  kn: '[kn_i]',
  kt: '[kn_i]',
  '°C': 'Cel',
  '℃': 'Cel',
  degC: 'Cel',
  '°F': '[degF]',
  degF: '[degF]',
  '°': 'deg',
  '°/s': 'deg/s',
  degree: 'deg',
  degrees: 'deg',
  sec: 's',
  hr: 'h',
  day: 'd',
  Wh: 'W.h',
  kWh: 'kW.h',
  MWh: 'MW.h',
  Ah: 'A.h',
  mAh: 'mA.h',
  VA: 'V.A',
  kVA: 'kV.A',
  VAr: 'V.A{reactive}',
  var: 'V.A{reactive}',
  kVAr: 'kV.A{reactive}',
  VArh: 'V.A.h{reactive}',
  mmHg: 'mm[Hg]',
  cmH2O: 'cm[H2O]',
  Nm: 'N.m',
  psi: '[psi]',
  ppm: '[ppm]',
  ppb: '[ppb]',
  percent: '%',
  pct: '%',
  hp: '[HP]',
  ohm: 'Ohm',
  Ω: 'Ohm',
  kΩ: 'kOhm',
  µV: 'uV',
  µS: 'uS',
  µs: 'us',
  µm: 'um',
  byte: 'By',
  bytes: 'By',
  B: 'By (B is the bel)',
  ft: '[ft_i]',
  in: '[in_i]',
  mile: '[mi_i]',
  lb: '[lb_av]',
  G: '[g] (for the acceleration)',
}

/** Valid UCUM, and nearly always a mistake on a rig. */
const suspects = new Set(['B', 'G'])

/**
 * What is wrong with a unit, with a hint at the right one; undefined if nothing is. The empty text, a channel without
 * unit, is right, and so is "1".
 */
export function checkUnit(unit: string): string | undefined {
  if (unit === '') return undefined
  const hint = Object.hasOwn(hints, unit) ? hints[unit] : undefined
  if (!suspects.has(unit) && parseTerm(unit)) return undefined
  const shown = JSON.stringify(unit.slice(0, 64))
  if (hint !== undefined) return `${shown} is not the UCUM unit that is meant: write ${JSON.stringify(hint)}`
  const simpler = unit.replaceAll('^', '').replaceAll('*', '.').replaceAll('·', '.').replaceAll('²', '2')
  if (simpler !== unit && parseTerm(simpler)) {
    return `${shown} is not a UCUM unit: write ${JSON.stringify(simpler)}`
  }
  return `${shown} is not a UCUM unit known here, such as "m/s2", "Cel", "/min", "W.h" or "1"; see https://ucum.org`
}

const lengthMax = 64

/** term: an optional '/', then components between '.' and '/'. Brackets and braces may hold either sign. */
function parseTerm(text: string): boolean {
  if (text.length > lengthMax) return false
  const parts = splitTerm(text)
  return parts?.every(isComponent) ?? false
}

/** The components; undefined if brackets don't match or a component is missing. */
function splitTerm(text: string): string[] | undefined {
  const parts: string[] = []
  const open: string[] = []
  let part = ''
  for (const sign of text.startsWith('/') ? text.slice(1) : text) {
    const inBraces = open.at(-1) === '}'
    if (sign === open.at(-1)) open.pop()
    else if (!inBraces && sign === '(') open.push(')')
    else if (!inBraces && sign === '[') open.push(']')
    else if (sign === '{') open.push('}')
    else if (!inBraces && ')]}'.includes(sign)) return undefined
    if (open.length === 0 && (sign === '.' || sign === '/')) {
      parts.push(part)
      part = ''
    } else part += sign
  }
  parts.push(part)
  return open.length === 0 && !parts.includes('') ? parts : undefined
}

/**
 * A number, a term in parentheses, or a unit with an exponent, each with an annotation or not; or an annotation alone.
 */
function isComponent(text: string): boolean {
  const match = /^(.*?)(\{[\x21-\x7e]*\})?$/s.exec(text)
  const body = match?.[1] ?? ''
  if (/[{}]/.test(match?.[2]?.slice(1, -1) ?? '')) return false
  if (body === '') return match?.[2] !== undefined
  if (/^[1-9]\d*$/.test(body)) return true
  if (body.startsWith('(') && body.endsWith(')')) return parseTerm(body.slice(1, -1))
  if (isSimpleUnit(body)) return true
  const exponent = /^(.+?)[+-]?\d+$/s.exec(body)
  return exponent?.[1] !== undefined && isSimpleUnit(exponent[1])
}

function isSimpleUnit(text: string): boolean {
  if (metric.has(text) || notMetric.has(text)) return true
  return prefixes.some((prefix) => text.startsWith(prefix) && metric.has(text.slice(prefix.length)))
}
