import { readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import * as z from 'zod'
import { isLoopback } from '../common/loopback.ts'
import { envelopeBytesMax } from '../protos/types.ts'

// The broker's configuration; the descriptions are its manual.

const read = (file: string): Buffer | undefined => {
  try {
    return readFileSync(file)
  } catch {
    return undefined
  }
}

const readableFile = z
  .string()
  .refine((file) => read(file) !== undefined, 'this file cannot be read; give the path of a PEM file')

const listener = (port: number) => ({
  host: z
    .string()
    .min(1)
    .default('127.0.0.1')
    .describe('Address to listen on; 0.0.0.0 or :: for all. The default is reached from this machine alone'),
  port: z.int().min(0).max(65_535).default(port).describe('Port; 0 takes a free one'),
  anonymous: z
    .boolean()
    .default(false)
    .describe('Accept a user name without a password, on a loopback address only: for a demonstration'),
})

const onLoopback = <T extends { host: string; anonymous: boolean }>(value: T, context: z.RefinementCtx): void => {
  if (!value.anonymous || isLoopback(value.host)) return
  context.addIssue({
    code: 'custom',
    path: ['anonymous'],
    message: `allowed on a loopback address only, and host is ${value.host}; set it to false or host to 127.0.0.1`,
  })
}

const plain = (port: number) => z.strictObject(listener(port)).superRefine(onLoopback)

const secured = (port: number) =>
  z
    .strictObject({
      ...listener(port),
      cert: readableFile.describe('PEM file with the certificate, the ones that signed it after it'),
      key: readableFile.describe('PEM file with the private key of the certificate'),
    })
    .superRefine((value, context) => {
      onLoopback(value, context)
      const [cert, key] = [read(value.cert), read(value.key)]
      if (!cert || !key) return // said already
      try {
        createSecureContext({ cert, key })
      } catch (error) {
        const message = `certificate and key cannot be used together: ${(error as Error).message}`
        context.addIssue({ code: 'custom', path: ['cert'], message })
      }
    })

export const brokerConfig = z.strictObject({
  listeners: z
    .strictObject({
      tcp: plain(1883).optional().describe('MQTT over TCP'),
      tls: secured(8883).optional().describe('MQTT over TLS'),
      ws: plain(9001).optional().describe('MQTT over WebSocket'),
      wss: secured(9443).optional().describe('MQTT over WebSocket and TLS'),
    })
    .refine(
      (all) => Object.values(all).some((each) => each !== undefined),
      'expected at least one of tcp, tls, ws, wss',
    )
    .prefault({ tcp: {} })
    .describe('Where agents and ingests connect; without this key, TCP on 127.0.0.1:1883'),
  access: z
    .string()
    .default('access.yaml')
    .describe('File with the rigs, ingests and tokens; "rigline rig add" writes it'),
  limits: z
    .strictObject({
      packetBytesMax: z
        .int()
        .min(1024)
        .max(16 * 1024 * 1024)
        .default(envelopeBytesMax + 1024)
        .describe('Largest MQTT packet in bytes; a client that announces more is cut off before a byte of it is kept'),
      connectPacketBytesMax: z
        .int()
        .min(512)
        .default(16 * 1024)
        .describe('Largest first packet (CONNECT) in bytes: it comes from somebody not yet known'),
      connectionsMax: z.int().min(1).default(2000).describe('Connections at a time, all listeners together'),
      connectTimeoutMs: z.int().min(100).default(10_000).describe('Time for a new connection to say who it is'),
      keepaliveMaxS: z
        .int()
        .min(1)
        .max(65_535)
        .default(600)
        .describe('Longest keep-alive in seconds a client may ask for; 0 (none) is refused'),
      drainTimeoutMs: z
        .int()
        .min(100)
        .default(10_000)
        .describe('A client that takes nothing off its connection for this long is cut off: meanwhile all others wait'),
    })
    .prefault({})
    .describe('Bounds'),
})

export type BrokerConfig = z.infer<typeof brokerConfig>
