import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const filesMax = 1000

export interface Refused {
  put(spool: string, seq: number, envelope: Uint8Array): void
}

/** The agent's own quarantine: envelopes that ingest would not take, a file each, the oldest making room beyond 1,000. */
export function openRefused(folder: string): Refused {
  return {
    put(spool, seq, envelope) {
      mkdirSync(folder, { recursive: true })
      const names = readdirSync(folder)
      if (names.length >= filesMax) {
        const age = (name: string) => statSync(join(folder, name)).mtimeMs
        rmSync(
          join(
            folder,
            names.reduce((a, b) => (age(a) <= age(b) ? a : b)),
          ),
          { force: true },
        )
      }
      writeFileSync(join(folder, `${spool}-${seq}.envelope`), envelope)
    },
  }
}
