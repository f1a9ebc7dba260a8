import type { AlertsAnswer, ProblemAnswer, RigsAnswer, SinksAnswer } from '../ingest/http/answers.ts'
import { byId, createFacts, createList, createState, make, setText, type Tone } from './dom.ts'
import { createSinkView, ingestFacts, notices, type SinkItem } from './ingest-view.ts'
import { createRigView, type RigItem } from './rig-view.ts'

// The live table at `/`: asks ingest once a second and shows what it says, or says that it says nothing.

const everyMs = 1000
/** An answer that takes longer counts as none. */
const timeoutMs = 5000
const tokenKey = 'rigline.token'

interface Answer {
  rigs: RigsAnswer
  sinks: SinksAnswer
  alerts: AlertsAnswer
}

/** What went wrong with asking: no server, or one that refuses. */
class AskError extends Error {
  readonly status: number
  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

const setRigs = createList<RigItem>(byId('rigs'), (item) => item.rig.rig, createRigView)
const setSinks = createList<SinkItem>(byId('sinks'), (item) => item.sink.name, createSinkView)
const setFacts = createFacts(byId('facts'))
const setNotices = createList<{ tone: Tone; text: string }>(
  byId('notices'),
  (notice) => notice.text,
  () => {
    const state = createState()
    return { root: make('li', '', state.root), update: ({ tone, text }) => state.set(tone, text) }
  },
)

let last: { answer: Answer; at: Date } | undefined

async function ask<T>(path: string): Promise<T> {
  const token = sessionStorage.getItem(tokenKey)
  const response = await fetch(path, {
    headers: token === null ? {} : { authorization: `Bearer ${token}` },
    signal: AbortSignal.timeout(timeoutMs),
    cache: 'no-store',
  }).catch((cause) => {
    throw new AskError(0, String(cause))
  })
  if (response.ok) return (await response.json()) as T
  const problem = (await response.json().catch(() => undefined)) as ProblemAnswer | undefined
  throw new AskError(response.status, problem?.detail ?? `ingest answered ${response.status}`)
}

function show({ rigs: { ingest, rigs }, sinks: { sinks }, alerts }: Answer, lost: boolean): void {
  document.body.classList.toggle('lost', lost)
  setText(byId('about'), `${ingest.name}, groups ${ingest.groups.join(', ')}, version ${ingest.version}`)
  setNotices(lost ? [] : notices(ingest, sinks, alerts.raised))
  setRigs(rigs.map((rig) => ({ rig, lost, nowMs: ingest.nowMs })))
  byId('empty').hidden = rigs.length > 0
  setFacts(ingestFacts(ingest))
  setSinks(sinks.map((sink) => ({ sink, lost })))
  byId('ingest').hidden = false
}

function showConnection(tone: Tone, word: string): void {
  byId('connection').dataset.tone = tone
  setText(byId('connection'), word)
}

function showLost(error: AskError): void {
  showConnection('bad', 'connection lost')
  byId('main').hidden = false
  const lost = byId('lost')
  const since = last ? ` Everything below is as of ${last.at.toLocaleTimeString('sv')}.` : ''
  const why = error.status === 0 ? 'Ingest does not answer.' : `Ingest cannot answer: ${error.message}.`
  setText(lost, `${why}${since} This page goes on by itself when it does.`)
  lost.hidden = false
  if (last) show(last.answer, true)
}

function showTokenForm(problem: string): void {
  showConnection('off', 'token needed')
  byId('token-form').hidden = false
  byId('lost').hidden = true
  // What an earlier token showed is not for whoever sits here without one.
  byId('main').hidden = true
  setText(byId('token-problem'), problem)
}

async function poll(): Promise<void> {
  try {
    const [rigs, sinks, alerts] = await Promise.all([
      ask<RigsAnswer>('/v1/rigs'),
      ask<SinksAnswer>('/v1/sinks'),
      ask<AlertsAnswer>('/v1/alerts'),
    ])
    last = { answer: { rigs, sinks, alerts }, at: new Date() }
    byId('token-form').hidden = true
    byId('lost').hidden = true
    byId('main').hidden = false
    showConnection('ok', 'connected')
    show(last.answer, false)
  } catch (error) {
    const asked = error instanceof AskError ? error : new AskError(0, String(error))
    if (asked.status === 401) {
      const hadToken = sessionStorage.getItem(tokenKey) !== null
      sessionStorage.removeItem(tokenKey)
      showTokenForm(hadToken ? 'This token is not known.' : '')
    } else showLost(asked)
  }
}

byId('token-form').addEventListener('submit', (event) => {
  event.preventDefault()
  const input = byId('token') as HTMLInputElement
  sessionStorage.setItem(tokenKey, input.value.trim())
  input.value = ''
  void poll()
})

async function keepPolling(): Promise<void> {
  // Nobody asks while there is no token to ask with.
  if (byId('token-form').hidden) await poll()
  setTimeout(keepPolling, everyMs)
}

void keepPolling()
