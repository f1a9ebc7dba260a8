import { readFileSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { createThrottle, type Logger } from '../common/log.ts'
import { ulid, ulidTimeMs } from '../common/ulid.ts'
import { decodeBody } from '../protos/envelope.ts'
import type { EnvelopeHeader } from '../protos/types.ts'
import { type AlertsKept, createAlertsFile, readAlerts } from './alerts/alerts-file.ts'
import { createBook } from './alerts/book.ts'
import type { AlertsConfig } from './alerts/config.ts'
import { createGrowth } from './alerts/growth.ts'
import { createRules } from './alerts/rules.ts'
import type { Alert } from './alerts/types.ts'
import { createWebhook, type Webhook } from './alerts/webhook.ts'
import type { Live } from './live.ts'
import type { Quarantine } from './quarantine.ts'
import type { IngestState, RigState } from './state.ts'

// Alerts: what ingest knows of itself is held against the rules every second; what changes is a log line, and a POST to the
// webhook. Nothing here is waited for by what receives and stores.

const everyMs = 1000
/** Disk and quarantine are looked at less often: both ask the file system. */
const askEveryMs = 10_000

/** Between two looks no more time passes, unless this program stood still or the clock was set: then rigs had no chance to be heard. */
const pauseMaxMs = 10_000

/** How alerts stand: for the API and the metrics. */
export interface AlertsNow {
  raised: Alert[]
  /** Newest first. */
  recent: Alert[]
  /** Undefined: there is none. */
  webhook: { waiting: number; delivered: number; failures: number; dropped: number } | undefined
}

export interface Alerts {
  now(): AlertsNow
  /** An envelope with a Gap is durable. */
  gap(header: EnvelopeHeader, envelope: Uint8Array): void
  close(): Promise<void>
}

export interface AlertsOptions {
  config: AlertsConfig
  /** Ingest's data folder. */
  folder: string
  state: Omit<IngestState, 'rigs'>
  rigs(): RigState[]
  live: Live
  /** Only rigs that may connect are watched. */
  namedOnly: boolean
  quarantine: Pick<Quarantine, 'ids'>
  nowNs(): bigint
  log: Logger
}

/** Throws if the webhook's secret can't be read. */
export function startAlerts(options: AlertsOptions): Alerts {
  const { config, folder, state, live, quarantine, log } = options
  const nowMs = () => Number(options.nowNs()) / 1e6
  const throttle = createThrottle()
  const file = join(folder, 'alerts.json')
  const kept = readKept(file, log)
  const book = createBook(config.clearAfterS * 1000, kept.raised, kept.recent)
  const rules = createRules(config, kept.raised)
  const growth = createGrowth()
  const disk = createAsked(() => askDisk(folder))
  let quarantined: number | undefined
  let askedMs = Number.NEGATIVE_INFINITY
  let lookedMs = nowMs()

  // Without a webhook what waited for one still waits: it may be configured again.
  const waiting = () => webhook?.waiting() ?? kept.waiting
  const alertsFile = createAlertsFile(
    file,
    () => ({ raised: book.raised(), recent: book.recent(), waiting: waiting() }),
    (error) => throttle('file', () => log.error({ err: error }, 'alerts cannot be saved; trying again')),
  )
  const webhook: Webhook | undefined =
    config.webhook &&
    createWebhook({
      url: config.webhook.url,
      secret: readWebhookSecret(config.webhook),
      log,
      onChange: alertsFile.save,
      waiting: kept.waiting,
    })

  const tell = (alert: Alert) => {
    const { rule, rig, state: is, text } = alert
    if (is === 'raised') log.warn({ alert: rule, ...(rig === undefined ? {} : { rig }) }, text)
    else log.info({ alert: rule, ...(rig === undefined ? {} : { rig }) }, `cleared: ${text}`)
    const id = ulid()
    webhook?.add({ id, key: alert.key, body: encodeAlert(alert, id, state.name), atMs: Date.now() })
  }

  const ask = () => {
    if (performance.now() - askedMs < askEveryMs) return
    askedMs = performance.now()
    disk.ask()
    if (!config.quarantine.on) return
    const oldestMs = Date.now() - config.quarantine.withinS * 1000
    quarantined = quarantine.ids().filter((id) => ulidTimeMs(id) >= oldestMs).length
  }

  const look = () => {
    ask()
    const { freeBytes } = disk
    if (freeBytes !== undefined) growth.add(nowMs(), freeBytes)
    const pausedMs = nowMs() - lookedMs
    lookedMs += pausedMs
    const conditions = rules.look({
      nowMs: lookedMs,
      // As after a connection that was away: rigs are judged from here on.
      online: state.online && pausedMs >= 0 && pausedMs < pauseMaxMs,
      rigs: options.rigs(),
      streamsOf: (rig) => [...(live.rig(rig, 0)?.streams ?? []), ...state.remembered(rig)],
      namedOnly: options.namedOnly,
      sinks: state.sinks(),
      disk: freeBytes === undefined ? undefined : { folder, freeBytes, daysLeft: growth.daysLeft() },
      quarantined,
    })
    const changes = book.update(conditions, lookedMs)
    for (const alert of changes) tell(alert)
    if (changes.length > 0) alertsFile.save()
  }
  const timer = setInterval(() => {
    try {
      look()
    } catch (error) {
      throttle('look', (heldBack) => log.error({ err: error, heldBack }, 'alerts cannot be looked at; trying again'))
    }
  }, everyMs)

  let closing: Promise<void> | undefined
  const close = async () => {
    clearInterval(timer)
    await webhook?.close()
    alertsFile.save()
    await alertsFile.saved()
  }
  return {
    now: () => ({
      raised: book.raised(),
      recent: book.recent(),
      webhook: webhook && { waiting: webhook.waiting().length, ...webhook.counters },
    }),
    gap(header, envelope) {
      try {
        const { body } = decodeBody(envelope, header)
        if (body.type === 'gap') rules.gap(header.rig, body.gap, nowMs())
      } catch {
        // The sinks quarantine it with its reason, and that is an alert of its own.
      }
    },
    close() {
      closing ??= close()
      return closing
    },
  }
}

function readKept(file: string, log: Logger): AlertsKept {
  try {
    return readAlerts(file)
  } catch (error) {
    log.warn({ err: error, file }, 'the alerts of before cannot be read: beginning without them')
    return { raised: [], recent: [], waiting: [] }
  }
}

function readWebhookSecret({ secret, secretFile }: NonNullable<AlertsConfig['webhook']>): string {
  if (secret !== undefined) return secret
  const file = resolve(secretFile!)
  let text: string
  try {
    text = readFileSync(file, 'utf8').trim()
  } catch (cause) {
    throw new Error(`alerts.webhook.secretFile: ${file} cannot be read; write a secret into it`, { cause })
  }
  if (text.length < 16) throw new Error(`alerts.webhook.secretFile: ${file} holds less than 16 letters; make it longer`)
  return text
}

/** What the webhook gets. */
function encodeAlert({ rule, key, rig, state, sinceMs, atMs, text }: Alert, delivery: string, ingest: string): string {
  const time = (ms: number) => new Date(ms).toISOString()
  return JSON.stringify({
    type: 'rigline.alert',
    delivery,
    ingest,
    rule,
    key,
    ...(rig === undefined ? {} : { rig }),
    state,
    since: time(sinceMs),
    at: time(atMs),
    text,
  })
}

/** Bytes free for this program on the disk of a folder. */
async function askDisk(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder)
  return bavail * bsize
}

/** A question to the file system, never asked twice at a time: a network disk may hang. */
function createAsked(question: () => Promise<number>) {
  let asking = false
  const asked = {
    freeBytes: undefined as number | undefined,
    ask() {
      if (asking) return
      asking = true
      question()
        .then(
          (bytes) => {
            asked.freeBytes = bytes
          },
          () => {
            asked.freeBytes = undefined
          },
        )
        .finally(() => {
          asking = false
        })
    },
  }
  return asked
}
