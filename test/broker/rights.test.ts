import { afterAll, beforeAll, describe } from 'vitest'
import { type Broker, startBroker } from '../../broker/broker.ts'
import { brokerConfig } from '../../broker/config.ts'
import { writeMosquittoFiles } from '../../broker/mosquitto-files.ts'
import { createAccess } from '../../common/access.ts'
import { silentLog } from '../../common/log.ts'
import { describeWith, makeFolder } from '../services/debian.ts'
import { type Mosquitto, startMosquitto } from '../services/mosquitto.ts'
import { people, secrets, testRights } from './rights.suite.ts'

describe('rights on the embedded broker', () => {
  let broker: Broker
  beforeAll(async () => {
    const access = { ...createAccess(() => people), onChange: () => () => {}, close: () => {} }
    broker = await startBroker(brokerConfig.parse({ listeners: { tcp: { port: 0 } } }), { access, log: silentLog })
  })
  afterAll(() => broker.close())
  testRights(() => `mqtt://127.0.0.1:${broker.tcpPort}`)
})

await describeWith('mosquitto', 'rights on Mosquitto with the files that rigline writes', () => {
  let mosquitto: Mosquitto
  let remove: () => Promise<void>
  beforeAll(async () => {
    const made = await makeFolder()
    remove = made.remove
    let files: { passwords: string; acl: string } | undefined
    for (const [user, secret] of Object.entries(secrets)) {
      files = await writeMosquittoFiles(made.folder, people, { user, secret })
    }
    mosquitto = await startMosquitto(files ? { files } : {})
  })
  afterAll(async () => {
    await mosquitto?.close()
    await remove?.()
  })
  testRights(() => `mqtt://127.0.0.1:${mosquitto.port}`)
})
