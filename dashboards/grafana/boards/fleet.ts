import type { Board } from '../dashboard.ts'
import { chart, stat, states, table } from '../panels.ts'
import { lastRise, listed, newest, overRigs, overTime, perSecond, total } from '../queries.ts'
import { agentWindow } from '../streams.ts'

// All rigs: is each heard, does it measure, is anything missing.

const [health, sources, clock, gaps, events] = [
  'rigline_health',
  'rigline_sources',
  'rigline_clock',
  'rigline_gaps',
  'rigline_events',
]
const live = { title: 'Live page', url: `\${live}` }
const time = { unit: 'dateTimeAsIso', width: 190 }
const mib = 1024 * 1024

export const fleet: Board = {
  id: 'fleet',
  title: 'Rigline: Fleet',
  description: 'Every rig with its agent: heard when, rows, spool, clock, sources, Gaps and runs.',
  rigsFrom: health,
  from: 'now-1h',
  refresh: '10s',
  rows: [
    {
      title: 'At a glance',
      panels: [
        stat('Rigs heard', overRigs(health, 'rows', 'count'), {
          description: 'Rigs whose agent told of its health in this range.',
        }),
        stat('Sources not running', overRigs(health, 'sources', 'sum', 'sources_running'), {
          description:
            'Sources that wait for their device, have failed or have ended, by the newest word of each agent.',
          thresholds: [['green'], ['orange', 1]],
        }),
        stat('Waiting in spools', overRigs(health, 'spool_bytes', 'sum'), {
          description: 'Bytes on the rigs that have no receipt yet, by the newest word of each agent.',
          unit: 'bytes',
          thresholds: [['green'], ['orange', 16 * mib], ['red', 256 * mib]],
        }),
        stat('Gaps', total(gaps, 'duration_s', 'count'), {
          description: 'Declared Gaps that begin in this range, one for each stream they concern.',
          thresholds: [['green'], ['orange', 1]],
        }),
        // Not their sum: three streams that one outage hits have three Gaps of its length.
        stat('Longest Gap', total(gaps, 'duration_s', 'max'), {
          description: 'The longest of these Gaps.',
          unit: 's',
          thresholds: [['green'], ['orange', 1], ['red', 60]],
        }),
        stat('Unreadable lines', overRigs(health, 'bad_lines', 'sum'), {
          description: 'Lines that sources could not read since their agents started.',
          thresholds: [['green'], ['orange', 1]],
        }),
      ],
    },
    {
      title: 'Rigs',
      panels: [
        table(
          'Rigs now',
          newest(health, {
            rows: 'Rows',
            sources: 'Sources',
            sources_running: 'Running',
            bad_lines: 'Unreadable lines',
            spool_envelopes: 'Envelopes waiting',
            spool_bytes: 'Spool',
            memory_bytes: 'Memory',
            version: 'Agent',
          }),
          {
            Time: { unit: 'dateTimeFromNow', width: 160 },
            rig: { link: live },
            Rows: { unit: 'locale' },
            'Unreadable lines': { unit: 'locale', thresholds: [['text'], ['orange', 1]] },
            'Envelopes waiting': { unit: 'locale' },
            Spool: { unit: 'bytes', thresholds: [['text'], ['orange', 16 * mib], ['red', 256 * mib]] },
            Memory: { unit: 'bytes' },
          },
          {
            description: 'The newest word of each agent, and how long ago it was measured. Rows count from its start.',
          },
        ),
        chart('Rows measured', [perSecond(health, 'rows', '')], {
          description:
            'Rows that the sources of each rig yielded, a second. By the rig itself: an outage of the network does not show here.',
          unit: 'suffix:rows/s',
          interval: agentWindow,
          min: 0,
        }),
        table(
          'Gaps',
          listed(
            gaps,
            { rig: 'Rig', cause: 'Cause' },
            { duration_s: 'Duration', streams: 'Streams', rows: 'Rows', detail: 'Detail' },
            200,
          ),
          { Time: time, Duration: { unit: 's', width: 110 }, Rig: { width: 140 }, Cause: { width: 140 } },
          {
            description:
              'What is declared missing: begin, duration, cause; no streams named: all of the rig. Newest 200.',
            width: 12,
          },
        ),
      ],
    },
    {
      title: 'Spool and memory',
      panels: [
        chart('Spool', [overTime(health, 'spool_bytes', 'max', '')], {
          description: 'Bytes that wait for a receipt on the rig. It grows while ingest or the network is away.',
          unit: 'bytes',
          interval: agentWindow,
          min: 0,
          filled: true,
        }),
        chart('Envelopes without a receipt', [overTime(health, 'spool_envelopes', 'max', '')], {
          description: 'Envelopes of the spool that ingest has not confirmed.',
          interval: agentWindow,
          min: 0,
          decimals: 0,
        }),
        chart('Memory of the agent', [overTime(health, 'memory_bytes', 'max', '')], {
          description: 'Resident memory of each agent.',
          unit: 'bytes',
          interval: agentWindow,
          min: 0,
          thresholds: [['green'], ['orange', 150 * mib]],
        }),
        chart('Clock offset', [overTime(clock, 'offset_s', 'mean', '')], {
          description:
            "Ingest's clock minus the rig's, from probes as NTP makes them. Uncertain by half the round trip. Stored times are never shifted by it.",
          unit: 's',
          interval: agentWindow,
        }),
        chart('Round trip of clock probes', [overTime(clock, 'round_trip_s', 'mean', '')], {
          description: 'From the rig to ingest and back: how far the offset can be trusted.',
          unit: 's',
          interval: agentWindow,
          min: 0,
        }),
        chart('Steps of the clock', [overTime(clock, 'step_s', 'max', '')], {
          description: 'By how much a rig’s wall clock jumped. Rows behind a step begin a new era.',
          unit: 's',
          interval: agentWindow,
        }),
      ],
    },
    {
      title: 'Sources',
      panels: [
        states('State of the sources', [overTime(sources, 'state', 'last', '', ['rig', 'source'])], {
          description:
            'running: it yields rows. waiting: its device is away, it tries again. Empty: the agent said nothing.',
          interval: agentWindow,
        }),
        table(
          'Sources now',
          newest(sources, { state: 'State', rows: 'Rows', bad_lines: 'Unreadable lines', detail: 'Detail' }, [
            'rig',
            'source',
          ]),
          { Time: { unit: 'dateTimeFromNow', width: 140 }, State: { state: true }, Rows: { unit: 'locale' } },
          { description: 'The newest word on each source.', width: 12, height: 6 },
        ),
        table(
          'Last rows',
          lastRise(sources, 'rows', 'Rows since the report before', ['rig', 'source']),
          { Time: { unit: 'dateTimeFromNow', width: 160 }, 'Rows since the report before': { unit: 'locale' } },
          {
            description:
              'How long ago each source is known to have yielded rows, to within one report of its agent (10 s). A source that is heard but measures nothing falls behind here.',
          },
        ),
      ],
    },
    {
      title: 'Runs and markers',
      panels: [
        table(
          'Runs, markers and history',
          listed(
            events,
            { rig: 'Rig' },
            { title: 'What', text: 'Text', duration_s: 'Duration', author: 'Author', sender: 'Entered at' },
            200,
          ),
          { Time: time, Duration: { unit: 's', width: 110 }, Rig: { width: 140 } },
          {
            description:
              'As it was entered, newest 200. A correction is a further line; the newest version of a run is in the API of Rigline. Rig "ingest": for all rigs.',
          },
        ),
      ],
    },
  ],
}
