import fc from 'fast-check'
import { expect, test } from 'vitest'
import { checkUnit } from '../../protos/ucum.ts'

test.each(
  (
    '1 % m km mm m/s km/h m/s2 m.s-2 deg deg/s rad rad/s Cel K /min {beats}/min {rev}/min /s Hz kHz N.m N kN Pa kPa bar mbar mm[Hg] ' +
    'cm[H2O] V mV uV uV2 A mA A.h W kW W/m2 W.h kW.h V.A V.A{reactive} kV.A{reactive} V.A.h{reactive} Ohm uS S F J/(kg.K) ' +
    'kg g [g] l/min mL/s mmol/L mg/dL g/m3 [ppm] dB dB[W] lx lm cd s ms us ns min h d By kBy MiBy By/s bit/s [psi] [mi_i]/h ' +
    "[kn_i] [degF] mol eV 10*3/uL ' '' (m/s)/s {count} m{axle} [in_i] kg.m2/s2 [iU]/L"
  ).split(' '),
)('%s is a unit', (unit) => expect(checkUnit(unit)).toBeUndefined())

test.each([
  ['bpm', '"/min"'],
  ['rpm', '{rev}/min'],
  ['°C', '"Cel"'],
  ['kWh', '"kW.h"'],
  ['VAr', '"V.A{reactive}"'],
  ['mmHg', '"mm[Hg]"'],
  ['m/s^2', '"m/s2"'],
  ['N*m', '"N.m"'],
  ['W/m²', '"W/m2"'],
  ['B', '"By'],
  ['µV', '"uV"'],
])('%s is refused with a hint at %s', (unit, hint) => expect(checkUnit(unit)).toContain(hint))

test.each([
  'furlongs',
  'm//s',
  'm/',
  '.m',
  'm s',
  ' m',
  'M/S',
  '(m',
  'm)',
  '[g',
  'm{',
  '{a}{b}',
  'm{a{b}}',
  '0m',
  '미터',
  'kmin',
  '[Hg]m',
  'constructor',
  'km/hr',
  'x'.repeat(1000),
])('%s is refused', (unit) => {
  const problem = checkUnit(unit)
  expect(problem).toContain('ucum.org')
  expect(problem!.length).toBeLessThan(250)
})

test('no channel without unit is troubled', () => expect(checkUnit('')).toBeUndefined())

test('any text gives an answer, and soon', () => {
  const signs = fc.string({ unit: fc.constantFrom(...'m(){}[]./1-+ks%한'), maxLength: 200 })
  fc.assert(fc.property(signs, (unit) => ['undefined', 'string'].includes(typeof checkUnit(unit))))
})
