import { existsSync, readdirSync, readFileSync } from 'node:fs'

// What Linux says of a process. Elsewhere nothing is known, and nothing is judged.

export interface ProcessNumbers {
  residentMb: number
  handles: number
}

/** Undefined: it does not run, or this is no Linux. */
export function lookAtProcess(pid: number | undefined): ProcessNumbers | undefined {
  if (pid === undefined) return undefined
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    const resident = /^VmRSS:\s+(\d+) kB$/m.exec(status)
    // One that has just ended has no memory.
    if (!resident) return undefined
    return { residentMb: Number(resident[1]) / 1024, handles: readdirSync(`/proc/${pid}/fd`).length }
  } catch {
    return undefined
  }
}

/** The id of the child whose command line names this program of dist/. */
export function childOf(pid: number | undefined, program: string): number | undefined {
  if (pid === undefined || !existsSync(`/proc/${pid}/task`)) return undefined
  try {
    const children = readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
      readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' ').filter(Boolean),
    )
    const child = children.find((id) => readFileSync(`/proc/${id}/cmdline`, 'utf8').includes(`${program}.js`))
    return child === undefined ? undefined : Number(child)
  } catch {
    return undefined
  }
}
