import { join } from 'node:path'
import { upgradeWebSocket } from '@hono/node-server'
import type { Context, MiddlewareHandler } from 'hono'
import { HTTPException } from 'hono/http-exception'
import { secureHeaders } from 'hono/secure-headers'
import type { WebSocket } from 'ws'
import type { Logger } from '../../common/log.ts'
import { packageRoot } from '../../common/program.ts'
import { isName, nameRule } from '../../protos/topics.ts'
import type { AlertsNow } from '../alerts.ts'
import type { History } from '../history/start-history.ts'
import type { Live } from '../live.ts'
import type { Reports } from '../reports.ts'
import type { LakeStatus } from '../retention.ts'
import type { Runs } from '../runs.ts'
import type { IngestState } from '../state.ts'
import { type Api, bodyBytesMax, createApi } from './api.ts'
import { createGuard, type VerifyToken } from './guard.ts'
import { createHealth } from './health.ts'
import { lastSecondsMax } from './live-messages.ts'
import { type WatcherCounters, watch } from './live-socket.ts'
import { createMetrics } from './metrics.ts'
import { describeApi, methodsOf, type OpenApiDocument } from './openapi.ts'
import { createPageFiles, pagePaths } from './page-files.ts'
import { ProblemError, problem } from './problem.ts'
import { renderReference } from './reference-page.ts'
import { addAlertsRoutes } from './routes/alerts.ts'
import { addCompletenessRoute, addRunReportRoute } from './routes/completeness.ts'
import { addLakeRoutes } from './routes/lake.ts'
import { addQuarantineRoutes, type QuarantineDeps } from './routes/quarantine.ts'
import { addReadingsRoutes } from './routes/readings.ts'
import { addRigHistoryRoutes } from './routes/rig-history.ts'
import { addRigsRoutes } from './routes/rigs.ts'
import { addRunsRoutes } from './routes/runs.ts'
import { addStateRoutes } from './routes/state.ts'

// The routes, put together: those of the API are made in routes/, each with its role.

export interface AppOptions {
  state: IngestState
  live: Live
  runs?: Runs
  history?: History
  reports?: Reports
  quarantine?: QuarantineDeps
  lake?: (() => Promise<LakeStatus>) | undefined
  alerts?: (() => AlertsNow) | undefined
  verifyToken?: VerifyToken | undefined
  /** Answer without a token: only when listening on a loopback address. */
  anonymous?: boolean
  watchersMax?: number
  /** Where the built page lies. */
  pageFolder?: string
  /** Ingest's clock, ns. */
  nowNs?: () => bigint
  log?: Logger
}

const noRunEvents = { taken: 0, refused: 0, beyond: 0 }

/** Builds the routes without listening; `app.request(...)` tries them. */
export function createApp(options: AppOptions): Api {
  const { state, live, anonymous = false, verifyToken, log } = options
  const nowNs = options.nowNs ?? (() => BigInt(Date.now()) * 1_000_000n)
  const app = createApi()
  const watchers: WatcherCounters = { watchers: 0, skipped: 0 }
  let refused = 0
  const health = createHealth(state)
  const alerts = options.alerts ?? (() => ({ raised: [], recent: [], webhook: undefined }))
  const metrics = createMetrics({
    state,
    live,
    alerts,
    lake: options.lake,
    history: options.history?.status,
    runs: () => options.runs?.counters ?? noRunEvents,
    health,
    watchers,
    refused: () => refused,
    nowNs,
  })
  const page = createPageFiles(options.pageFolder ?? join(packageRoot, 'dist'))

  app.use(headers)
  app.onError((error, c) => {
    if (error instanceof ProblemError) return problem(c, error.status, error.message)
    if (error instanceof HTTPException && error.status === 415) {
      return problem(c, 415, 'send the body as JSON, with Content-Type: application/json')
    }
    // What Hono itself says of a body that is no JSON.
    if (error instanceof HTTPException) return problem(c, error.status, error.message)
    log?.error({ err: error, path: c.req.path }, 'a request failed')
    return problem(c, 500, 'this is a mistake in ingest; its log says more')
  })

  // The page holds no data: it asks for them, with a token where one is needed.
  for (const path of pagePaths) {
    app.get(path, (c) => {
      const found = page(path)
      if (!found) return problem(c, 503, 'the page is not built: run "npm run build"')
      return c.body(found.text, 200, { 'content-type': found.type, 'cache-control': 'no-cache' })
    })
  }
  app.get('/health', (c) => {
    const answer = health()
    return c.json(answer, answer.status === 'ok' ? 200 : 503)
  })
  app.get('/v1/openapi.json', (c) => c.json(document))
  app.get('/docs', (c) => c.html(renderReference(document)))

  const guard = createGuard({ anonymous, verifyToken, log, onRefused: () => refused++ })
  app.use('/v1/*', guard)
  app.use('/metrics', guard)
  app.use('/v1/*', limitBody)
  addStateRoutes(app, { state, metrics })
  addRigsRoutes(app, { state, live, nowNs })
  if (options.runs) {
    const { history } = options
    const deps = { runs: options.runs, history, rigs: () => state.rigs().map(({ rig }) => rig), nowNs }
    addRunsRoutes(app, deps)
    addRigHistoryRoutes(app, deps)
  }
  if (options.history) {
    const deps = {
      history: options.history,
      rigs: () => state.rigs().map(({ rig }) => rig),
      partsOfRun: (run: string) => options.runs?.partsOf(run),
      runs: () => options.runs?.names() ?? [],
      missing: state.missingNumbers,
      nowNs,
    }
    addReadingsRoutes(app, deps)
    addCompletenessRoute(app, deps)
    const { runs, reports, history } = options
    if (runs && reports) addRunReportRoute(app, { runs, reports, history })
  }
  addAlertsRoutes(app, alerts)
  if (options.quarantine) addQuarantineRoutes(app, options.quarantine)
  if (options.lake) addLakeRoutes(app, options.lake)
  app.get(
    '/v1/live',
    (c, next) => checkLive(c, watchers.watchers < (options.watchersMax ?? 200)) ?? next(),
    upgradeWebSocket(
      (c) => {
        const { rig, stream, last, multiplex } = c.req.query()
        const first = multiplex === '1' ? undefined : { rig, stream, lastSeconds: Number(last ?? 0) }
        return { onOpen: (_, { raw }) => watch(raw as WebSocket, { live, first, nowNs, counters: watchers }) }
      },
      { onError: (error) => log?.error({ err: error }, 'a WebSocket failed') },
    ),
  )
  const document = describeApi(app, state.version)
  app.notFound((c) => notFound(c, document))
  return app
}

/** The length is asked for in advance: Hono's own limit would need Request of the whole process, see http.ts. */
const limitBody: MiddlewareHandler = async (c, next) => {
  if (c.req.header('transfer-encoding') !== undefined) {
    return problem(c, 411, 'say how long the body is: send it with Content-Length, not in chunks')
  }
  if (Number(c.req.header('content-length') ?? 0) > bodyBytesMax) {
    return problem(c, 413, `a body may have ${bodyBytesMax} bytes`)
  }
  return next()
}

const otherPaths = new Set([...pagePaths, '/health', '/docs', '/v1/openapi.json', '/v1/live'])

function notFound(c: Context, document: OpenApiDocument): Response {
  const methods = otherPaths.has(c.req.path) ? ['GET'] : methodsOf(document, c.req.path)
  if (methods.length === 0) return problem(c, 404, `there is nothing at ${c.req.path}; /docs lists what there is`)
  c.header('allow', methods.includes('GET') ? [...methods, 'HEAD'].join(', ') : methods.join(', '))
  return problem(c, 405, `${c.req.method} does nothing here; use ${methods.join(' or ')}`)
}

/** What speaks against a WebSocket to the live hub, if anything. */
function checkLive(c: Context, room: boolean): Response | undefined {
  if (c.req.header('upgrade')?.toLowerCase() !== 'websocket') {
    c.header('upgrade', 'websocket')
    return problem(c, 426, 'connect with a WebSocket')
  }
  const { rig, stream, last, multiplex } = c.req.query()
  if (multiplex !== undefined && (multiplex !== '1' || (rig ?? stream ?? last) !== undefined)) {
    return problem(c, 400, 'multiplex: expected 1, and no rig, stream or last beside it: messages name them')
  }
  for (const [key, name] of Object.entries({ rig, stream })) {
    if (name !== undefined && !isName(name)) {
      return problem(c, 400, `${key}: ${JSON.stringify(name.slice(0, 80))} is no name (${nameRule})`)
    }
  }
  const seconds = Number(last ?? 0)
  if (!(seconds >= 0 && seconds <= lastSecondsMax)) {
    return problem(c, 400, `last: expected 0 to ${lastSecondsMax} seconds, found ${JSON.stringify(last?.slice(0, 80))}`)
  }
  return room ? undefined : problem(c, 503, 'as many watchers as this ingest takes are connected; try again later')
}

/** Nothing from elsewhere, and nothing of this inside other pages. */
const headers = secureHeaders({
  contentSecurityPolicy: {
    defaultSrc: ["'none'"],
    scriptSrc: ["'self'"],
    styleSrc: ["'self'"],
    connectSrc: ["'self'"],
    imgSrc: ["'self'", 'data:'],
    baseUri: ["'none'"],
    formAction: ["'none'"],
    frameAncestors: ["'none'"],
  },
  // Set where TLS ends, which may not be here.
  strictTransportSecurity: false,
})
