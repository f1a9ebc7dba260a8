import { parentPort } from 'node:worker_threads'
import type { FromSink, ToSink } from './sink.ts'

// How a sink talks with ingest: as a worker thread or as a child process.

export interface SinkPort {
  postMessage(message: FromSink): void
  onMessage(receive: (message: ToSink) => void): void
}

/** The port of the worker thread this runs in. Throws if it is none. */
export function workerPort(): SinkPort {
  const port = parentPort
  if (!port) throw new Error('this program is started by ingest as a worker thread')
  return {
    postMessage: (message) => port.postMessage(message),
    onMessage: (receive) => port.on('message', receive),
  }
}

/** The port of the child process this is. An ingest that went away is as good as a `close`. */
export function processPort(): SinkPort {
  if (!process.send) throw new Error('this program is started by ingest as a child process')
  return {
    // An error here means that ingest is gone: `disconnect` says so too.
    postMessage: (message) => void process.send?.(message, undefined, undefined, () => {}),
    onMessage: (receive) => {
      process.on('message', receive)
      process.on('disconnect', () => receive({ type: 'close' }))
      // It may have gone while this process was waiting for the lake of the one before.
      if (!process.connected) receive({ type: 'close' })
    },
  }
}
