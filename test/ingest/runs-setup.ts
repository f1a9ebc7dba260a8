import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { createClock } from '../../common/clock.ts'
import { silentLog } from '../../common/log.ts'
import { ulid } from '../../common/ulid.ts'
import { openCatalog } from '../../ingest/catalog/catalog.ts'
import { journalFolder, openJournal } from '../../ingest/journal.ts'
import { encodeJournalRecord } from '../../ingest/journal-record.ts'
import { createOwn } from '../../ingest/own.ts'
import type { RunEventRecord } from '../../ingest/runs/types.ts'
import { createRuns } from '../../ingest/runs.ts'
import { encodeEnvelope, readHeader } from '../../protos/envelope.ts'
import { type Entered, encodeRunEvent, type RunEvent } from '../../protos/run-events.ts'

// Journal, catalog and runs as ingest wires them; a rig's envelopes are appended as if they had just come.

export const spoolA = '01HZZZZZZZZZZZZZZZZZZZZZZA'
export const spoolB = '01HZZZZZZZZZZZZZZZZZZZZZZB'

export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'rigline-runs-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

export interface GroundOptions {
  folder?: string
  rigs?: string[]
  /** Ingest's clock. */
  nowNs?: () => bigint
  journalBytesMax?: number
  agentVersion?: string
}

export async function openRuns({ folder = newFolder(), rigs = ['car-1', '자동차-2'], ...more }: GroundOptions = {}) {
  const clock = createClock()
  const nowNs = more.nowNs ?? clock.nowNs
  const catalog = openCatalog(join(folder, 'catalog.sqlite'))
  const agentVersionOf = () => more.agentVersion ?? '9.9.9'
  const runs = createRuns({ catalog, nowNs, rigs: () => rigs, agentVersionOf, log: silentLog })
  const journal = await openJournal({
    folder,
    bytesMax: more.journalBytesMax ?? 64 * 1024 * 1024,
    segmentBytesMax: 1024 * 1024,
    segmentAgeMaxMs: 60_000,
    catalog,
    log: silentLog,
    onSynced() {},
    onReadAgain: runs.follower.stored,
    onCheckpoint: runs.follower.owed,
  })
  const own = createOwn({ journal, clock: { ...clock, nowNs }, log: silentLog, onStored: runs.follower.stored })
  runs.start({ own, folder: journalFolder(folder), log: journal.log })
  const seqs = new Map<string, number>()

  /** A rig's event becomes durable. */
  const fromRig = async (
    rig: string,
    event: RunEvent,
    entered: Partial<Entered> = {},
    { spool = spoolA }: { spool?: string } = {},
  ) => {
    const key = `${rig} ${spool}`
    const seq = (seqs.get(key) ?? 0) + 1
    seqs.set(key, seq)
    const whole = { tNs: nowNs(), author: '김', text: '', id: ulid(), ...entered }
    const envelope = encodeEnvelope({ rig, spool, seq, body: { type: 'event', event: encodeRunEvent(event, whole) } })
    const header = readHeader(envelope)
    const receivedNs = clock.nowNs()
    journal.sequence.begin(rig, spool, seq, '')
    const position = await journal.log.append(encodeJournalRecord(receivedNs, envelope))
    journal.sequence.had(rig, spool, seq)
    runs.follower.stored(header, envelope, receivedNs, position)
  }
  let closed = false
  const close = async () => {
    if (closed) return
    closed = true
    runs.close()
    await journal.close()
    catalog.close()
  }
  onTestFinished(close)
  return { folder, catalog, runs, journal, own, fromRig, close }
}

let drawn = 0
/** An event as read from an envelope, without one. */
export function record(
  rig: string,
  event: RunEvent,
  more: Partial<Pick<RunEventRecord, 'tNs' | 'receivedNs' | 'spool' | 'seq' | 'author' | 'text' | 'id'>> = {},
): RunEventRecord {
  drawn++
  return {
    rig,
    event,
    spool: spoolA,
    seq: drawn,
    receivedNs: BigInt(drawn),
    tNs: BigInt(drawn),
    author: '김',
    text: '',
    id: ulid(),
    run: 'run' in event ? event.run : '',
    ...more,
  }
}
