import { createThrottle, type Logger } from '../../common/log.ts'
import { limitTime } from '../../common/time-limit.ts'
import { signBody } from './signature.ts'

// Sends each alert to one address until it answers with a 2xx: in the order of its key, again after 1 s, doubling to 5 min, for
// a day. Whoever receives it may get one twice and knows it by its delivery id.

/** A delivery that is not done yet. */
export interface Delivery {
  /** ULID, the same each time it is tried. */
  id: string
  key: string
  body: string
  atMs: number
  tries: number
}

export interface Webhook {
  add(delivery: Omit<Delivery, 'tries'>): void
  /** Oldest first, for the file. */
  waiting(): Delivery[]
  readonly counters: { delivered: number; failures: number; dropped: number }
  /** Stops sending; what is not done stays in `waiting`. Safe twice. */
  close(): Promise<void>
}

export interface WebhookOptions {
  url: string
  secret: string
  log: Logger
  /** What waits has changed. Not for each try: a thousand that wait would be written to the disk some times a second. */
  onChange(): void
  /** Of before a restart. */
  waiting?: Delivery[]
  waitingMax?: number
  timeoutMs?: number
  retryFirstMs?: number
  retryMostMs?: number
  giveUpAfterMs?: number
  nowMs?: () => number
}

/** Sent at a time; never two of one key. */
const parallelMax = 4

interface Item extends Delivery {
  nextMs: number
  sending: boolean
}

export function createWebhook(options: WebhookOptions): Webhook {
  const { url, secret, log, onChange, waitingMax = 1000, timeoutMs = 10_000 } = options
  const { retryFirstMs = 1000, retryMostMs = 300_000, giveUpAfterMs = 24 * 3600 * 1000, nowMs = Date.now } = options
  // The rest of an address may be a secret itself.
  const { host } = new URL(url)
  const queue: Item[] = (options.waiting ?? [])
    .slice(-waitingMax)
    .map((each) => ({ ...each, nextMs: 0, sending: false }))
  const counters = { delivered: 0, failures: 0, dropped: 0 }
  const throttle = createThrottle()
  const stop = new AbortController()
  const sending = new Set<Promise<void>>()
  let timer: NodeJS.Timeout | undefined

  const remove = (item: Item) => {
    const at = queue.indexOf(item)
    if (at >= 0) queue.splice(at, 1)
  }
  const drop = (item: Item, why: string) => {
    remove(item)
    onChange()
    counters.dropped++
    throttle(why, (heldBack) =>
      log.error({ host, key: item.key, delivery: item.id, heldBack }, `an alert is not sent: ${why}`),
    )
  }

  const send = async (item: Item) => {
    item.sending = true
    const failure = await post(item).catch((error: Error) => sayError(error, timeoutMs))
    item.sending = false
    if (stop.signal.aborted && failure !== undefined) return
    if (failure === undefined) {
      counters.delivered++
      remove(item)
      onChange()
    } else {
      counters.failures++
      item.tries++
      const waitMs = Math.min(retryMostMs, retryFirstMs * 2 ** Math.min(item.tries - 1, 30))
      item.nextMs = nowMs() + waitMs
      throttle('failed', (heldBack) =>
        log.warn({ host, key: item.key, tries: item.tries, waitMs, heldBack }, `the webhook ${failure}; trying again`),
      )
      if (nowMs() - item.atMs > giveUpAfterMs)
        drop(item, `the webhook did not take it in ${giveUpAfterMs / 3_600_000} h`)
    }
  }

  /** Undefined when it is delivered, else what went wrong. */
  const post = async ({ id, body }: Item): Promise<string | undefined> => {
    const headers = {
      'content-type': 'application/json',
      'user-agent': 'rigline',
      'rigline-delivery': id,
      'rigline-signature': signBody(secret, body, nowMs()),
    }
    const limit = limitTime(timeoutMs, stop.signal)
    const response = await fetch(url, {
      method: 'POST',
      body,
      headers,
      redirect: 'manual',
      signal: limit.signal,
    }).finally(limit.end)
    // The status says it all: whatever follows is not read.
    await response.body?.cancel().catch(() => {})
    if (response.ok) return undefined
    const redirected = response.status >= 300 && response.status < 400
    return `answered ${response.status}${redirected ? ', and redirects are not followed: set alerts.webhook.url to where it leads' : ''}`
  }

  /** Sends what is due, of each key the oldest. */
  const pump = () => {
    clearTimeout(timer)
    timer = undefined
    if (stop.signal.aborted) return
    const now = nowMs()
    const keys = new Set<string>()
    let nextMs = Number.POSITIVE_INFINITY
    for (const item of [...queue]) {
      if (keys.has(item.key)) continue
      keys.add(item.key)
      if (item.sending) continue
      if (item.nextMs > now) nextMs = Math.min(nextMs, item.nextMs)
      else if (sending.size < parallelMax) {
        const done: Promise<void> = send(item).finally(() => {
          sending.delete(done)
          pump()
        })
        sending.add(done)
      }
    }
    if (nextMs === Number.POSITIVE_INFINITY) return
    timer = setTimeout(pump, Math.max(10, nextMs - now))
    timer.unref()
  }

  queueMicrotask(pump)
  return {
    add(delivery) {
      if (queue.length >= waitingMax) {
        const idle = queue.filter((item) => !item.sending)
        const oldest = idle.find(({ key }) => key === delivery.key) ?? idle[0]
        if (oldest) drop(oldest, `more than ${waitingMax} wait for the webhook`)
      }
      queue.push({ ...delivery, tries: 0, nextMs: 0, sending: false })
      onChange()
      pump()
    },
    waiting: () => queue.map(({ id, key, body, atMs, tries }) => ({ id, key, body, atMs, tries })),
    counters,
    async close() {
      stop.abort()
      clearTimeout(timer)
      await Promise.all(sending)
    },
  }
}

function sayError(error: Error, timeoutMs: number): string {
  if (error.name === 'TimeoutError') return `did not answer within ${timeoutMs / 1000} s`
  const cause = error.cause instanceof Error ? error.cause : error
  // A message may quote the address.
  const why = (cause as NodeJS.ErrnoException).code ?? (cause.message.includes('://') ? cause.name : cause.message)
  return `cannot be reached (${why})`
}
