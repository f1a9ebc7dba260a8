import { readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import * as z from 'zod'
import { isLoopback } from '../../common/loopback.ts'

const tlsConfig = z
  .strictObject({
    cert: z.string().min(1).describe('PEM file with the certificate, the ones that signed it after it.'),
    key: z.string().min(1).describe('PEM file with the private key of the certificate.'),
  })
  .superRefine(({ cert, key }, context) => {
    try {
      createSecureContext({ cert: readFileSync(cert), key: readFileSync(key) })
    } catch (error) {
      const message = `certificate and key cannot be used: ${(error as Error).message}`
      context.addIssue({ code: 'custom', path: ['cert'], message })
    }
  })

/** The HTTP server of ingest: page, API, metrics, health; a section of its configuration. */
export const httpConfig = z
  .strictObject({
    host: z
      .string()
      .min(1)
      .default('127.0.0.1')
      .describe('Address to listen on; 0.0.0.0 or :: for all. The default is reached from this machine alone.'),
    port: z.int().min(0).max(65_535).default(8686).describe('Port; 0 takes a free one.'),
    anonymous: z
      .boolean()
      .default(false)
      .describe('Answer without a token, on a loopback address only: for a demonstration.'),
    tls: tlsConfig.optional().describe('HTTPS instead of HTTP.'),
    connectionsMax: z.int().min(1).default(1000).describe('Connections at a time.'),
    watchersMax: z.int().min(1).default(200).describe('WebSocket connections at a time.'),
  })
  .superRefine(({ anonymous, host }, context) => {
    if (!anonymous || isLoopback(host)) return
    context.addIssue({
      code: 'custom',
      path: ['anonymous'],
      message: `allowed on a loopback address only, and host is ${host}; set it to false or host to 127.0.0.1`,
    })
  })

export type HttpConfig = z.infer<typeof httpConfig>
