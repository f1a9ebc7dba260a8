import { connectAsync, type IClientOptions, type MqttClient, type Packet } from 'mqtt'
import { onTestFinished } from 'vitest'

/** A connected MQTT client that ends with the test and does not come back by itself; rejects if it is refused. */
export async function connectAs(
  url: string,
  username: string,
  password: string | undefined,
  options: IClientOptions = {},
): Promise<MqttClient> {
  const client = await connectAsync(
    url,
    {
      username,
      ...(password === undefined ? {} : { password }),
      clientId: `${username}-${Math.random().toString(36).slice(2)}`,
      reconnectPeriod: 0,
      connectTimeout: 10_000,
      ...options,
    },
    false,
  )
  client.on('error', () => {})
  onTestFinished(() => void client.end(true))
  return client
}

/** Collects what arrives, as "topic payload". */
export function collect(client: MqttClient): string[] {
  const messages: string[] = []
  client.on('message', (topic, payload) => messages.push(`${topic} ${payload}`))
  return messages
}

/** Resolves with the next message that arrives, or with the first that `is`, as "topic payload". */
export const nextMessage = (client: MqttClient, is?: string): Promise<string> =>
  new Promise((resolve) => {
    const onMessage = (topic: string, payload: Buffer) => {
      const text = `${topic} ${payload}`
      if (is !== undefined && text !== is) return
      client.off('message', onMessage)
      resolve(text)
    }
    client.on('message', onMessage)
  })

/** Resolves when the connection has ended. */
export const closed = (client: MqttClient): Promise<void> => new Promise((resolve) => client.once('close', resolve))

/** Subscribes; returns the granted QoS, 128 for a refusal (which MQTT.js makes an error). */
export async function subscribe(client: MqttClient, filter: string): Promise<number> {
  const answered = new Promise<number>((resolve) => {
    const onPacket = (packet: Packet) => {
      if (packet.cmd !== 'suback') return
      client.off('packetreceive', onPacket)
      resolve(packet.granted[0] as number)
    }
    client.on('packetreceive', onPacket)
  })
  client.subscribe(filter, { qos: 1 }, () => {})
  return answered
}
