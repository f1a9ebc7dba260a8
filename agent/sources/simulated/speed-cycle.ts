import type { Random } from './random.ts'

// The speed that the driver wants: short trips from stop to stop, drawn within the limits of the four phases of the
// WLTC for class 3 vehicles (UN GTR No. 15, annex 1): duration, highest speed, and accelerations up to 1.67 m/s2. It
// is not the table of that cycle: no trip repeats.

export interface Phase {
  name: 'low' | 'medium' | 'high' | 'extra high'
  durationS: number
  /** m/s. */
  speedMax: number
}

export const phases: Phase[] = [
  { name: 'low', durationS: 589, speedMax: 56.5 / 3.6 },
  { name: 'medium', durationS: 433, speedMax: 76.6 / 3.6 },
  { name: 'high', durationS: 455, speedMax: 97.4 / 3.6 },
  { name: 'extra high', durationS: 323, speedMax: 131.3 / 3.6 },
]

interface Segment {
  from: number
  to: number
  startS: number
  durationS: number
}

export interface Wish {
  /** m/s. */
  speed: number
  /** m/s2. */
  acceleration: number
  phase: Phase
}

/** One trip in this many ends in an emergency stop. */
const emergencyEvery = 10
/** m/s2. */
const emergencyDeceleration = 12

/** Returns the wish at a time (s) that never falls. */
export function createSpeedCycle(random: Random): (nowS: number) => Wish {
  let segments: Segment[] = []
  let endS = 0
  let speed = 0
  let phase = phases[0]!
  let phaseIndex = 0
  let phaseEndS = phase.durationS

  const add = (to: number, durationS: number) => {
    segments.push({ from: speed, to, startS: endS, durationS })
    endS += durationS
    speed = to
  }
  /** A half wave of a cosine: its steepest acceleration is pi/2 times the mean one. */
  const changeTo = (to: number, accelerationMax: number) =>
    add(to, Math.max((Math.PI / 2) * (Math.abs(to - speed) / accelerationMax), 1))

  const addTrip = () => {
    if (endS >= phaseEndS) {
      phaseIndex = (phaseIndex + 1) % phases.length
      phase = phases[phaseIndex]!
      phaseEndS = endS + phase.durationS
    }
    const cruise = () => phase.speedMax * random.between(0.55, 1)
    add(0, endS === 0 ? 2 : random.between(4, 20))
    changeTo(cruise(), random.between(1, 1.67))
    const parts = Math.floor(random.between(1, 4))
    for (let i = 0; i < parts; i++) {
      add(speed, random.between(6, 25))
      if (i < parts - 1) changeTo(cruise(), random.between(0.5, 1.2))
    }
    const emergency = random.uniform() < 1 / emergencyEvery
    changeTo(0, emergency ? emergencyDeceleration : random.between(0.9, 1.5))
  }

  return (nowS) => {
    while (nowS >= endS) {
      segments = segments.slice(-1)
      addTrip()
    }
    while (nowS >= segments[0]!.startS + segments[0]!.durationS) segments.shift()
    const { from, to, startS, durationS } = segments[0]!
    const angle = (Math.PI * (nowS - startS)) / durationS
    return {
      speed: from + ((to - from) * (1 - Math.cos(angle))) / 2,
      acceleration: ((to - from) * Math.PI * Math.sin(angle)) / (2 * durationS),
      phase,
    }
  }
}
