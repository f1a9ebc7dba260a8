import type { Access } from '../common/access.ts'
import type { Logger } from '../common/log.ts'
import { type Alerts, startAlerts } from './alerts.ts'
import type { Catalog } from './catalog/types.ts'
import type { IngestConfig } from './config.ts'
import type { History } from './history/start-history.ts'
import { type Http, startHttp } from './http/http.ts'
import type { Live } from './live.ts'
import type { Own } from './own.ts'
import { createQuarantineDeps } from './quarantine/quarantine-deps.ts'
import { type Quarantine, quarantineFolder } from './quarantine.ts'
import type { Receive } from './receive.ts'
import { startReports } from './reports.ts'
import { describeBy, startRetention } from './retention.ts'
import type { Rigs } from './rigs.ts'
import type { Runs } from './runs.ts'
import { lakeFolder } from './sinks/lake/lake-config.ts'
import type { SinkHandle } from './sinks/start-sink.ts'
import type { IngestState } from './state.ts'

// What looks at a reading's way from beside it, wired: reports, alerts, retention, quarantine, and HTTP to ask for all of it.

export interface ApiParts {
  config: Pick<IngestConfig, 'alerts' | 'lake' | 'http'>
  /** Ingest's data folder. */
  folder: string
  access: Access | undefined
  state: IngestState
  catalog: Catalog
  quarantine: Quarantine
  rigs: Rigs
  live: Live
  runs: Runs
  own: Own
  receive: Receive
  history: History
  /** Filled later. */
  sinks: readonly SinkHandle[]
  nowNs(): bigint
  log: Logger
  /** Takes what is open, to be closed in the reverse order. */
  opened: (() => Promise<void> | void)[]
}

/** Throws if HTTP can't listen. */
export async function startApi(parts: ApiParts): Promise<{ alerts: Alerts; http: Http }> {
  const { config, folder, access, state, catalog, quarantine, rigs, live, runs, own, history, sinks, nowNs, log } =
    parts
  const lake = () => sinks.find(({ name }) => name === 'lake') as SinkHandle
  const quarantineDeps = createQuarantineDeps({
    folder: quarantineFolder(folder),
    quarantine,
    catalog,
    receive: parts.receive,
    sinks: () => sinks,
    own,
    log,
  })
  const reports = startReports({
    runs,
    history,
    catalog,
    rigs: () => rigs.states(),
    missing: state.missingNumbers,
    nowNs,
    log,
  })
  parts.opened.push(reports.close)
  const alerts = startAlerts({
    config: config.alerts,
    folder,
    state,
    rigs: () => rigs.states(),
    live,
    namedOnly: access !== undefined,
    quarantine,
    nowNs,
    log,
  })
  parts.opened.push(alerts.close)
  const retention = startRetention({
    config: config.lake.retention,
    catalog,
    own,
    lakeFolder: lakeFolder(folder),
    describe: describeBy((paths) => lake().ask('describe', { paths })),
    log,
  })
  parts.opened.push(retention.close)
  const http = await startHttp(config.http, {
    state,
    lake: retention.status,
    live,
    alerts: alerts.now,
    runs,
    history,
    reports,
    quarantine: quarantineDeps,
    log,
    nowNs,
    ...(access ? { verifyToken: access.verifyToken } : {}),
  })
  parts.opened.push(http.close)
  return { alerts, http }
}
