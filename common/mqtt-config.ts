import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import * as z from 'zod'

const existingFile = z.string().refine((file) => existsSync(file), {
  error: 'there is no such file; paths start at the folder of the configuration',
})

/** How an agent or an ingest reaches the broker; a section of their configurations. */
export const mqttConfig = z
  .strictObject({
    url: z
      .string()
      .regex(/^(mqtts?|wss?):\/\/[^/\s]+/, { error: 'expected mqtt://HOST:PORT, mqtts://, ws:// or wss://' })
      .describe('Address of the MQTT broker: mqtt://HOST:PORT, mqtts:// for TLS, ws:// or wss:// for WebSocket.'),
    secret: z.string().optional().describe('The secret that "rigline rig add" printed. Better: secretFile.'),
    secretFile: existingFile.optional().describe('A file that holds the secret, readable by this program alone.'),
    ca: existingFile
      .optional()
      .describe("PEM file of the authority that signed the broker's certificate, if the system does not know it."),
    keepaliveS: z
      .number()
      .int()
      .min(5)
      .max(600)
      .default(15)
      .describe('MQTT keep-alive: a link that is dead without a word is noticed after one and a half times this.'),
  })
  .describe('How the broker is reached.')

export type MqttConfig = z.infer<typeof mqttConfig>

/** The secret; empty for a broker that asks for none (the demo on loopback). Throws if the file can't be read. */
export function readSecret(broker: MqttConfig, folder: string): string {
  if (broker.secret !== undefined) return broker.secret
  if (broker.secretFile === undefined) return ''
  const file = resolve(folder, broker.secretFile)
  try {
    return readFileSync(file, 'utf8').trim()
  } catch (cause) {
    throw new Error(`broker.secretFile: ${file} cannot be read; write the secret of "rigline rig add" into it`, {
      cause,
    })
  }
}
