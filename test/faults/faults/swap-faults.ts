import { writeFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { stringify } from 'yaml'
import { builtProgram } from '../../../common/program.ts'
import { envelopeBytesMax } from '../../../protos/types.ts'
import { findProgram, freePort } from '../../services/debian.ts'
import { takesConnections } from '../../services/takes-connections.ts'
import type { Fault, World } from '../types.ts'
import { forgottenBy } from './copy-faults.ts'

// Another program in the place of one: Mosquitto for our broker, and a second ingest for a group that has one.

const brokerSwapped: Fault = {
  kind: 'broker_swapped',
  touches: () => ['broker'],
  async run(world, random) {
    const mosquitto = await createMosquitto(world)
    await sleep(random.int(0, 500))
    await world.broker.stop()
    await mosquitto.start()
    await sleep(random.int(1500, 3000))
    await mosquitto.stop()
    await world.broker.start()
    return []
  },
}

async function createMosquitto(world: World) {
  const program = await findProgram('mosquitto')
  if ('missing' in program) throw new Error(program.missing)
  const file = join(world.folder, 'mosquitto.conf')
  const lines = [
    `listener ${world.mqttPort} 127.0.0.1`,
    // Started as root it would become another user, who cannot read the folder.
    `user ${userInfo().username}`,
    'persistence false',
    `max_packet_size ${envelopeBytesMax + 1024}`,
    'log_dest stderr',
    'allow_anonymous true',
  ]
  writeFileSync(file, `${lines.join('\n')}\n`)
  return world.spawn({
    name: 'mosquitto',
    command: () => ({ file: program.path, args: ['-c', file], env: program.env ?? {} }),
    ready: () => takesConnections(world.mqttPort),
  })
}

/** Exit code of an ingest whose groups were taken over. */
const takenOverCode = 3
const givingWayMs = 60_000
let seconds = 0

/**
 * A second ingest takes the group over, with a folder of its own and the same InfluxDB; the first one ends. Then the first is started again and
 * the second ends. What the second had taken is sent to the first once more by the rigs that keep it, and declared by the others, though
 * InfluxDB may have it.
 */
const twoIngests: Fault = {
  kind: 'two_ingests',
  touches: () => ['ingest', 'broker', 'influx'],
  async run(world, random) {
    const second = await createSecond(world)
    await sleep(random.int(0, 800))
    const fromMs = Date.now()
    const firstEnded = world.ingest.ended()
    await second.start()
    await expectExit('the first ingest', firstEnded)
    await sleep(random.int(1000, 2500))
    const secondEnded = second.ended()
    await world.ingest.start()
    await expectExit('the second ingest', secondEnded)
    return forgottenBy(world, fromMs)
  },
}

async function createSecond(world: World) {
  const number = ++seconds
  const port = await freePort()
  const file = join(world.folder, `second-${number}.yaml`)
  const http = { port, anonymous: true }
  writeFileSync(file, stringify({ ...world.ingestConfig, name: 'ingest-2', data: `second-${number}`, http }))
  return world.spawn({
    name: 'second-ingest',
    command: () => ({
      file: process.execPath,
      args: [builtProgram('cli'), 'ingest', '--config', file],
      env: { RIGLINE_LOG: 'info' },
    }),
    ready: async () => {
      const response = await fetch(`http://127.0.0.1:${port}/v1/sinks`, { signal: AbortSignal.timeout(5000) })
      return response.ok
    },
  })
}

async function expectExit(who: string, ended: Promise<number | null>): Promise<void> {
  const late = sleep(givingWayMs, 'late' as const, { ref: false })
  const code = await Promise.race([ended, late])
  if (code !== takenOverCode) {
    throw new Error(`${who} should have given way with exit code ${takenOverCode}, and it is ${code}`)
  }
}

export const swapFaults: Fault[] = [brokerSwapped, twoIngests]
