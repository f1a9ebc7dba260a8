import { describe, expect, it } from 'vitest'
import {
  formatBytes,
  formatCounts,
  formatDuration,
  formatNumber,
  formatRate,
  formatUnit,
  formatValue,
} from '../../dashboards/format.ts'

describe('figures as people read them', () => {
  it.each([
    [0, '0.0 s'],
    [340, '0.3 s'],
    [-1500, '1.5 s'],
    [9_960, '10 s'],
    [59_600, '1 min 0 s'],
    [303_000, '5 min 3 s'],
    [11_520_000, '3 h 12 min'],
    [442_800_000, '5 d 3 h'],
    [1.1045e12, '35 y'],
  ])('%d ms are %s', (ms, text) => expect(formatDuration(ms)).toBe(text))

  it.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1536, '1.5 KiB'],
    [268_435_456, '256 MiB'],
  ])('%d bytes are %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text))

  it.each([
    [0, '0'],
    [0.0166666, '0.017'],
    [99.8, '99.8'],
    [100, '100'],
    [50_000.4, '50000'],
  ])('%d rows a second are %s', (rate, text) => expect(formatRate(rate)).toBe(text))

  it.each([
    [0, '0'],
    [59, '59'],
    [0.1 + 0.2, '0.30000'],
    [123456.7, '123457'],
    [1.2341e-7, '1.234e-7'],
    [6.02214076e23, '6.022e+23'],
    [-0.5, '-0.50000'],
  ])('%d is %s', (value, text) => expect(formatNumber(value)).toBe(text))

  it('keeps the width of a fraction that happens to be whole', () => {
    const channel = { name: 'x', unit: '', missing: false, range: 'within' as const }
    expect(formatValue({ ...channel, kind: 'f64', value: 59 })).toBe('59.000')
    expect(formatValue({ ...channel, kind: 'int', value: 59 })).toBe('59')
    expect(formatValue({ ...channel, kind: 'bool', value: false })).toBe('no')
    expect(formatValue({ ...channel, kind: 'f64', value: 'NaN' })).toBe('NaN')
    expect(formatValue({ ...channel, kind: 'int', value: '9007199254740993' })).toBe('9007199254740993')
    expect(formatValue({ ...channel, kind: 'text', value: null })).toBe('–')
    expect(formatValue({ ...channel, kind: 'text', value: 'x'.repeat(500) })).toHaveLength(81)
  })

  it.each([
    ['Cel', '°C'],
    ['mm[Hg]', 'mmHg'],
    ['V.A{reactive}', 'var'],
    ['uV', 'µV'],
    ['/min', '/min'],
    ['{beats}/min', '/min'],
    ['1', ''],
    ['km/h', 'km/h'],
  ])('the UCUM unit %s is printed %s', (ucum, text) => expect(formatUnit(ucum)).toBe(text))

  it('tells counts by reason', () => {
    expect(formatCounts({ too_large: 1, unreadable: 12_000 })).toBe('too large 1, unreadable 12,000')
  })
})
