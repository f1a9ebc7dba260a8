import * as z from 'zod'
import type { SourceHealth } from '../../../protos/types.ts'

// The port of what lines come from: an input yields blocks of bytes, several devices at once if need be.

export interface Block {
  /** The connection, file or sender that the bytes come from: lines do not run across feeds. */
  feed: number
  bytes: Buffer
  /** Nothing follows in this feed. `complete`: what is left is a line; `torn`: it was cut off. */
  last?: 'complete' | 'torn'
  /** In a feed's first block: the device may have been in the middle of a line. */
  midway?: boolean
  /** Files: offset of the first byte, what offsets count in, and, in a feed's first block, what stands before it. */
  offset?: number
  origin?: string
  head?: Buffer
}

export interface Lost {
  messages: number
  fromMs: number
  toMs: number
}

export interface LineInput {
  /** Blocks as they come, at least one at a time; ends when the input has ended or the signal is aborted. */
  blocks(signal: AbortSignal): AsyncIterable<Block[]>
  /** What was lost since it was asked last, and between which times of performance.now(); undefined: nothing. */
  takeLost?(): Lost | undefined
  status(): { state: SourceHealth['state']; detail: string }
  close(): Promise<void>
}

const host = z.string().min(1)
const port = z.number().int().min(0).max(65_535)

export const inputConfig = z.discriminatedUnion(
  'type',
  [
    z.strictObject({ type: z.literal('stdin').describe('Standard input of the agent.') }),
    z.strictObject({
      type: z.literal('file').describe('A file that grows; followed through rotation, by renaming or by truncation.'),
      path: z.string().min(1).describe('The file; relative to the folder of this configuration. It may come later.'),
      from: z
        .enum(['start', 'end'])
        .default('start')
        .describe('Where to begin in a file that was not read before; afterwards reading goes on where it stopped.'),
    }),
    z.strictObject({
      type: z.literal('tcp-connect').describe('A device that listens: the agent connects to it, and again for ever.'),
      host: host.describe('Address of the device.'),
      port: port.min(1).describe('TCP port of the device.'),
      idleTimeoutS: z
        .number()
        .positive()
        .max(86_400)
        .optional()
        .describe('Connect anew if nothing came for so long (a device that lost its power says no goodbye).'),
    }),
    z.strictObject({
      type: z.literal('tcp-listen').describe('Devices connect to the agent; up to 32 at once.'),
      host: host.default('127.0.0.1').describe('Address to listen on; 0.0.0.0 for devices on the network.'),
      port: port.describe('TCP port to listen on; 0 takes a free one, which the health tells.'),
    }),
    z.strictObject({
      type: z.literal('udp').describe('Devices send datagrams, each with one line or several.'),
      host: host.default('127.0.0.1').describe('Address to listen on; 0.0.0.0 for devices on the network.'),
      port: port.describe('UDP port to listen on; 0 takes a free one, which the health tells.'),
      queueBytesMax: z
        .number()
        .int()
        .min(64 * 1024)
        .max(1024 * 1024 * 1024)
        .default(4 * 1024 * 1024)
        .describe(
          'Bytes of datagrams that may wait for the agent; further ones are dropped, counted in the health and declared as a Gap.',
        ),
    }),
    z.strictObject({
      type: z.literal('serial').describe('A serial device, or a named pipe.'),
      path: z.string().min(1).describe('The device: /dev/ttyUSB0, /dev/serial/by-id/... It may be plugged in later.'),
      baud: z
        .number()
        .int()
        .min(50)
        .max(4_000_000)
        .optional()
        .describe('Bits a second, set with stty (8 data bits, no parity, 1 stop bit). Absent: left as it is.'),
    }),
  ],
  { error: 'expected an input with "type": stdin, file, tcp-connect, tcp-listen, udp or serial' },
)

export type InputConfig = z.infer<typeof inputConfig>
export type InputOf<T extends InputConfig['type']> = Extract<InputConfig, { type: T }>
