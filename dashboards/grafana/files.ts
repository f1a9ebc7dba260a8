import { cars } from './boards/cars.ts'
import { energy } from './boards/energy.ts'
import { fleet } from './boards/fleet.ts'
import { health } from './boards/health.ts'
import { dashboardJson } from './dashboard.ts'
import { languages } from './queries.ts'

// The boards as files: one folder a query language, each ready to be mounted as Grafana's provisioning folder.

export const boards = [fleet, cars, health, energy]

/** JSON by path under dashboards/grafana. */
export const boardFiles = (): Record<string, Record<string, unknown>> =>
  Object.fromEntries(
    languages.flatMap((language) =>
      boards.map((board) => [`${language}/boards/${board.id}.json`, dashboardJson(board, language)]),
    ),
  )
