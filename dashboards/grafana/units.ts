import { profile, type StandardChannel } from '../../protos/profile.ts'

// The units of the profile (UCUM) as Grafana names them; what it has no name for is put behind the number as it is.

const units: Record<string, string> = {
  '': 'none',
  '1': 'none',
  '%': 'percent',
  'km/h': 'velocitykmh',
  deg: 'degree',
  'deg/s': 'rotdegs',
  'm/s2': 'accMS2',
  '/min': 'suffix:/min',
  mV: 'mvolt',
  uS: 'suffix:µS',
  Cel: 'celsius',
  W: 'watt',
  V: 'volt',
  A: 'amp',
  Hz: 'hertz',
  'W/m2': 'Wm2',
  'W.h': 'watth',
  'V.A{reactive}': 'voltampreact',
  By: 'bytes',
  'By/s': 'binBps',
}

/** The Grafana unit of a UCUM unit. Throws if it is in no channel of the profile. */
export function grafanaUnit(ucum: string): string {
  const unit = units[ucum]
  if (unit === undefined)
    throw new Error(`unit "${ucum}" has no unit of Grafana: add it to dashboards/grafana/units.ts`)
  return unit
}

export function unitOf(channel: StandardChannel): string {
  const standard = profile[channel]
  return grafanaUnit('unit' in standard ? standard.unit : '')
}
