import type { Random } from './random.ts'

// The road: straights and arcs with clothoids between them, as roads are laid out, so that the curvature never jumps.

interface Element {
  startM: number
  lengthM: number
  /** Curvature at its beginning and end, 1/m, positive to the left; linear between (a clothoid where they differ). */
  from: number
  to: number
}

export interface Course {
  /** Curvature, 1/m, at a distance that falls behind the furthest asked by less than 100 m. */
  curvature(distanceM: number): number
  /** Told now and then where the car is: m/s it may drive, and to which side lies home (1 left, -1 right, 0 either). */
  steerBy(speedMax: number, homeSide: number): void
}

export function createCourse(random: Random): Course {
  const elements: Element[] = []
  let endM = 0
  let curvature = 0
  let speedMax = 15
  let homeSide = 0

  const add = (lengthM: number, to: number) => {
    elements.push({ startM: endM, lengthM, from: curvature, to })
    endM += lengthM
    curvature = to
  }
  const addBend = () => {
    add(random.between(60, 250), 0)
    // Bends are laid out for a lateral acceleration that drivers find comfortable.
    const radiusM = (speedMax * speedMax) / random.between(0.8, 1.8)
    const side = homeSide === 0 ? (random.uniform() < 0.5 ? 1 : -1) : homeSide
    const clothoidM = random.between(3, 4) * speedMax
    add(clothoidM, side / radiusM)
    add(radiusM * random.between(0.4, 1.5), side / radiusM)
    add(clothoidM, 0)
  }
  return {
    curvature(distanceM) {
      while (distanceM >= endM) addBend()
      while (elements.length > 1 && elements[0]!.startM + elements[0]!.lengthM < distanceM - 100) elements.shift()
      const element = elements.find(({ startM, lengthM }) => distanceM < startM + lengthM)!
      const { startM, lengthM, from, to } = element
      return from + ((to - from) * Math.max(0, distanceM - startM)) / lengthM
    },
    steerBy(speed, side) {
      speedMax = speed
      homeSide = side
    },
  }
}
