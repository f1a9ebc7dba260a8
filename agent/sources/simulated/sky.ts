import { createDrift, type Random } from './random.ts'
import { clamp } from './rig.ts'

// Sun and clouds over the PV field.

const degree = Math.PI / 180
const latitude = 37.3825
const dayOfYear = 100
/** Solar time at which the simulation begins, h: it does not ask the clock, so that a seed gives the same day anywhere. */
const startHour = 10

/** Sine of the sun's elevation: declination by P. I. Cooper, Solar Energy 12 (1969). */
export function sunElevation(elapsedS: number): number {
  const hours = startHour + elapsedS / 3600
  const day = dayOfYear + Math.floor(hours / 24)
  const declination = 23.45 * degree * Math.sin((2 * Math.PI * (284 + day)) / 365)
  const hourAngle = 15 * degree * ((hours % 24) - 12)
  return (
    Math.sin(latitude * degree) * Math.sin(declination) +
    Math.cos(latitude * degree) * Math.cos(declination) * Math.cos(hourAngle)
  )
}

/** Global horizontal irradiance of a clear sky, W/m2: B. Haurwitz, J. Meteorology 2 (1945) and 3 (1946). */
export const clearSky = (elevation: number): number =>
  elevation > 0 ? 1098 * elevation * Math.exp(-0.059 / elevation) : 0

/** Mean seconds of sunshine between clouds, and of a cloud; seconds in which its edge passes. */
const clearS = 90
const cloudS = 35
const edgeS = 4

/** Returns the function that steps it and gives the irradiance, W/m2, at a time in s. */
export function createSky(random: Random, stepS: number): (elapsedS: number) => number {
  const haze = createDrift(random, 0.02, 60, stepS)
  const share = 1 - Math.exp(-stepS / edgeS)
  let cloudy = false
  let untilS = random.exponential(clearS)
  let passing = 1
  let index = 1
  return (elapsedS) => {
    untilS -= stepS
    if (untilS <= 0) {
      cloudy = !cloudy
      untilS = random.exponential(cloudy ? cloudS : clearS)
      // Edges of clouds reflect: more than the clear sky for some seconds is real.
      passing = cloudy ? random.between(0.25, 0.7) : random.between(0.97, 1.05)
    }
    index += (passing - index) * share
    return clearSky(sunElevation(elapsedS)) * clamp(index + haze(), 0.05, 1.15)
  }
}
