import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { brokerConfig } from '../../broker/config.ts'
import { ConfigError, loadConfig } from '../../common/config.ts'
import { temporaryFolder } from '../services/debian.ts'

async function problemsOf(yaml: string): Promise<string[]> {
  const file = join(await temporaryFolder(), 'broker.yaml')
  await writeFile(file, yaml)
  try {
    loadConfig(brokerConfig, file, {})
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
}

describe('broker configuration', () => {
  it('listens on loopback with passwords if nothing is said', () => {
    expect(brokerConfig.parse({})).toMatchObject({
      listeners: { tcp: { host: '127.0.0.1', port: 1883, anonymous: false } },
      access: 'access.yaml',
      limits: { packetBytesMax: 257 * 1024 },
    })
    expect(brokerConfig.parse({}).listeners.ws).toBeUndefined()
  })

  it('tells all mistakes at once, each with its path, what was found and what is allowed', async () => {
    const problems = await problemsOf(`
listeners:
  tcp: { host: 0.0.0.0, anonymous: true }
  tls: { cert: /no/such/cert.pem, key: /no/such/key.pem, port: 70000 }
  websocket: {}
limits: { packetBytesMax: lots, connectionMax: 5 }
acess: access.yaml
`)
    const expected = [
      /^listeners\.tcp\.anonymous: allowed on a loopback address only, and host is 0\.0\.0\.0; .* \(found true\)$/,
      /^listeners\.tls\.cert: this file cannot be read; .*\/no\/such\/cert\.pem/,
      /^listeners\.tls\.key: this file cannot be read/,
      /^listeners\.tls\.port: .*65535.* \(found 70000\)$/,
      /^listeners\.websocket: unknown key/,
      /^limits\.packetBytesMax: .*number.* \(found "lots"\)$/,
      /^limits\.connectionMax: unknown key/,
      /^acess: unknown key/,
    ]
    for (const pattern of expected) expect(problems).toContainEqual(expect.stringMatching(pattern))
    expect(problems).toHaveLength(expected.length)
  })

  it.each(['0.0.0.0', '::', '192.168.1.5', 'rigs.example.org', '128.0.0.1'])(
    'refuses anonymous on %s',
    async (host) => {
      for (const kind of ['tcp', 'ws']) {
        const problems = await problemsOf(`listeners: { ${kind}: { host: '${host}', anonymous: true } }`)
        expect(problems).toEqual([expect.stringContaining('loopback address only')])
      }
    },
  )

  it.each(['127.0.0.1', '127.8.8.8', '::1', 'localhost'])('allows it on %s', async (host) => {
    expect(await problemsOf(`listeners: { tcp: { host: '${host}', anonymous: true } }`)).toEqual([])
  })

  it('wants at least one listener, and a certificate that fits its key', async () => {
    expect(await problemsOf('listeners: {}')).toEqual([
      expect.stringMatching(/^listeners: expected at least one of tcp/),
    ])
    const file = join(await temporaryFolder(), 'not-a-certificate.pem')
    await writeFile(file, 'hello')
    expect(await problemsOf(`listeners: { tls: { cert: ${file}, key: ${file} } }`)).toEqual([
      expect.stringMatching(/^listeners\.tls\.cert: certificate and key cannot be used together/),
    ])
  })
})
