// Where the car is on the earth (WGS 84 ellipsoid, NIMA TR8350.2).

const majorM = 6_378_137
const eccentricity2 = 6.69437999014e-3
const degree = Math.PI / 180

export interface Place {
  /** Degrees. */
  readonly latitude: number
  readonly longitude: number
  /** Moves by metres to the north and to the east: along the meridian's and the parallel's radius of curvature. */
  move(northM: number, eastM: number): void
  /** To which side home lies when heading `heading` (rad, from east towards north): 1 left, -1 right; 0 near home. */
  homeSide(heading: number): number
}

/** Further from home than this the course turns back, m. */
const farM = 4000

export function createPlace(home: { latitude: number; longitude: number }): Place {
  let { latitude, longitude } = home
  let northM = 0
  let eastM = 0
  return {
    get latitude() {
      return latitude
    },
    get longitude() {
      return longitude
    },
    move(north, east) {
      northM += north
      eastM += east
      const sine = Math.sin(latitude * degree)
      const w = Math.sqrt(1 - eccentricity2 * sine * sine)
      latitude += north / ((majorM * (1 - eccentricity2)) / (w * w * w)) / degree
      longitude += east / ((majorM / w) * Math.cos(latitude * degree)) / degree
    },
    homeSide(heading) {
      if (northM * northM + eastM * eastM < farM * farM) return 0
      return Math.cos(heading) * -northM - Math.sin(heading) * -eastM > 0 ? 1 : -1
    },
  }
}
