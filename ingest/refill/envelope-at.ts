import { type Body, protocolVersion } from '../../protos/types.ts'
import type { LakeFile } from '../catalog/types.ts'
import type { JournalEnvelope } from '../sinks/sink.ts'

/** An envelope made of what a file of the lake has of it: as far as the sink of InfluxDB looks at one. */
export function envelopeAt(file: LakeFile, rig: string, seq: number, body: Body): JournalEnvelope {
  const position = { segment: file.segment, offset: file.fromOffset }
  return {
    position,
    next: position,
    receivedNs: 0n,
    header: {
      version: protocolVersion,
      rig,
      spool: '',
      seq,
      predecessor: '',
      bodyType: body.type,
      bodyStart: 0,
      bodyEnd: 0,
    },
    bytes: new Uint8Array(),
    body,
    problems: [],
  }
}
