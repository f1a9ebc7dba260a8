import type { Query } from './queries.ts'

// Panels as plain data, without place and data source: dashboard.ts adds those. The field names are Grafana's.

export interface Panel {
  title: string
  description: string
  type: string
  /** Of 24 columns, and in units of 30 pixels. */
  width: number
  height: number
  queries: Query[]
  /** Least window: two periods of the stream, so that a window without a row is one that was lost. */
  interval?: string
  /** Instead of the dashboard's range, where that ends now. */
  timeFrom?: string
  maxDataPoints?: number
  options: Record<string, unknown>
  defaults: Record<string, unknown>
  overrides?: Override[]
}

export interface Override {
  matcher: { id: string; options: string }
  properties: { id: string; value: unknown }[]
}

/** Colours from a value on; the first has no lower bound. */
export type Thresholds = [color: string, from?: number][]

interface Shared {
  description: string
  width?: number
  height?: number
  unit?: string
  decimals?: number
  thresholds?: Thresholds
}

interface Chart extends Shared {
  interval?: string
  timeFrom?: string
  maxDataPoints?: number
  min?: number
  max?: number
  /** A value holds until the next. */
  steps?: boolean
  filled?: boolean
  stacked?: boolean
  dashed?: string
}

const thresholdsOf = (thresholds: Thresholds = [['green']]) => ({
  mode: 'absolute',
  steps: thresholds.map(([color, from]) => ({ color, value: from ?? null })),
})

/** What is left out stays out of the JSON. */
const given = (values: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined))

export function chart(title: string, queries: Query[], chart: Chart): Panel {
  const { thresholds } = chart
  return {
    title,
    type: 'timeseries',
    description: chart.description,
    width: chart.width ?? 12,
    height: chart.height ?? 8,
    queries,
    ...given({ interval: chart.interval, timeFrom: chart.timeFrom, maxDataPoints: chart.maxDataPoints }),
    options: {
      legend: { displayMode: 'list', placement: 'bottom', showLegend: true, calcs: [] },
      tooltip: { mode: 'multi', sort: 'none' },
    },
    defaults: given({
      unit: chart.unit ?? 'none',
      decimals: chart.decimals,
      min: chart.min,
      max: chart.max,
      color: { mode: 'palette-classic' },
      thresholds: thresholdsOf(thresholds),
      custom: {
        drawStyle: 'line',
        lineInterpolation: chart.steps ? 'stepAfter' : 'linear',
        lineWidth: 1,
        fillOpacity: chart.filled || chart.stacked ? 15 : 0,
        showPoints: 'auto',
        pointSize: 3,
        // A window without a row is not bridged.
        spanNulls: false,
        insertNulls: chart.timeFrom === undefined ? false : 1000,
        stacking: { mode: chart.stacked ? 'normal' : 'none', group: 'A' },
        thresholdsStyle: { mode: thresholds ? 'dashed' : 'off' },
        axisPlacement: 'auto',
        scaleDistribution: { type: 'linear' },
      },
    }),
  }
}

export function stat(
  title: string,
  query: Query,
  { description, unit, thresholds, decimals, width = 4 }: Shared,
): Panel {
  return {
    title,
    type: 'stat',
    description,
    width,
    height: 4,
    queries: [query],
    options: {
      reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false },
      colorMode: thresholds ? 'background' : 'value',
      graphMode: 'none',
      justifyMode: 'center',
      textMode: 'value',
      orientation: 'auto',
    },
    defaults: given({
      unit: unit ?? 'none',
      decimals: decimals ?? (unit === undefined ? 0 : undefined),
      // Nothing was written: there is none.
      noValue: '0',
      thresholds: thresholdsOf(thresholds),
      color: { mode: 'thresholds' },
    }),
  }
}

/** What a column of a table shows; `state` colours the words of a source's state. */
export interface Column {
  unit?: string
  decimals?: number
  width?: number
  thresholds?: Thresholds
  state?: boolean
  link?: { title: string; url: string }
}

export function table(
  title: string,
  query: Query,
  columns: Record<string, Column>,
  { description, width = 24, height = 8 }: Shared,
): Panel {
  return {
    title,
    type: 'table',
    description,
    width,
    height,
    queries: [query],
    options: { showHeader: true, cellHeight: 'sm', footer: { show: false, reducer: ['sum'], fields: '' } },
    defaults: {
      custom: { align: 'auto', cellOptions: { type: 'auto' }, filterable: true, inspect: false },
      thresholds: thresholdsOf(),
      noValue: 'none',
    },
    overrides: Object.entries(columns).map(([name, column]) => ({
      matcher: { id: 'byName', options: name },
      properties: columnProperties(column),
    })),
  }
}

function columnProperties({ unit, decimals, width, thresholds, state, link }: Column): Override['properties'] {
  const properties: Override['properties'] = []
  const add = (id: string, value: unknown) => properties.push({ id, value })
  if (unit !== undefined) add('unit', unit)
  if (decimals !== undefined) add('decimals', decimals)
  if (width !== undefined) add('custom.width', width)
  if (thresholds) {
    add('thresholds', thresholdsOf(thresholds))
    add('custom.cellOptions', { type: 'color-text' })
  }
  if (state) {
    add('mappings', stateMappings)
    add('custom.cellOptions', { type: 'color-text' })
  }
  if (link) add('links', [{ title: link.title, url: link.url, targetBlank: true }])
  return properties
}

const words = (colors: Record<string, string>) => [
  {
    type: 'value',
    options: Object.fromEntries(
      Object.entries(colors).map(([word, color], index) => [word, { color, index, text: word }]),
    ),
  },
]
const stateMappings = words({ running: 'green', waiting: 'yellow', failed: 'red', ended: 'text' })

/** Words and switches over time. */
export function states(
  title: string,
  queries: Query[],
  {
    description,
    interval,
    colors,
    width = 12,
    height = 6,
  }: Shared & { interval: string; colors?: Record<string, string> },
): Panel {
  return {
    title,
    type: 'state-timeline',
    description,
    width,
    height,
    queries,
    interval,
    options: {
      mergeValues: true,
      showValue: 'auto',
      alignValue: 'left',
      rowHeight: 0.8,
      legend: { displayMode: 'list', placement: 'bottom', showLegend: false },
      tooltip: { mode: 'single', sort: 'none' },
    },
    defaults: {
      color: { mode: 'palette-classic' },
      custom: { fillOpacity: 70, lineWidth: 0, spanNulls: false, insertNulls: false },
      mappings: colors ? words(colors) : stateMappings,
      thresholds: thresholdsOf(),
    },
  }
}

export function map(
  title: string,
  query: Query,
  { description, width = 12, height = 8, interval }: Shared & { interval: string },
): Panel {
  return {
    title,
    type: 'geomap',
    description,
    width,
    height,
    queries: [query],
    interval,
    maxDataPoints: 1000,
    options: {
      view: { id: 'fit', lat: 0, lon: 0, zoom: 15, allLayers: true, padding: 10 },
      controls: { showZoom: true, mouseWheelZoom: false, showAttribution: true, showScale: true },
      basemap: { type: 'default', name: 'Map' },
      layers: [
        {
          type: 'markers',
          name: 'Rigs',
          location: { mode: 'coords', latitude: 'latitude', longitude: 'longitude' },
          tooltip: true,
          config: {
            showLegend: false,
            style: {
              size: { fixed: 3, min: 2, max: 15 },
              color: { fixed: 'blue' },
              opacity: 0.7,
              symbol: { mode: 'fixed', fixed: 'img/icons/marker/circle.svg' },
            },
          },
        },
      ],
      tooltip: { mode: 'details' },
    },
    defaults: { thresholds: thresholdsOf(), color: { mode: 'thresholds' } },
  }
}
