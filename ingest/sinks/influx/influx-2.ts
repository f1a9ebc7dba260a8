import { type Headers, HttpError, InfluxDB } from '@influxdata/influxdb-client'
import { limitTime } from '../../../common/time-limit.ts'
import { type InfluxTransport, networkAnswer, readAnswer, timeoutAnswer, type WriteAnswer } from './answer.ts'
import { bucketOf, type InfluxConfig, usesGzip } from './config.ts'

// InfluxDB 2.x (and 3.x, which takes the same writes), through @influxdata/influxdb-client. Its transport is used, not its
// WriteApi: that one keeps lines in a buffer of its own, sheds the oldest when the buffer is full, and calls the partial
// success of 3.x (201) a success.

export function createInflux2(config: InfluxConfig): InfluxTransport {
  const bucket = bucketOf(config)
  const org = config.org ?? ''
  const { transport } = new InfluxDB({ url: config.url, token: config.token ?? '', timeout: config.timeoutMs })
  const path = `/api/v2/write?${new URLSearchParams({ org, bucket, precision: 'ns' })}`
  const hints = {
    credentials: `influx.token and its right to write to bucket ${bucket}`,
    place: 'influx.org and influx.bucket (a bucket is not created by Rigline)',
  }
  const options = {
    method: 'POST',
    headers: { 'content-type': 'text/plain; charset=utf-8' },
    ...(usesGzip(config) ? { gzipThreshold: 1000 } : {}),
  }

  const send = (lines: string, signal: AbortSignal): Promise<WriteAnswer> =>
    new Promise((resolve, reject) => {
      let status = 0
      let headers: Headers = {}
      let body = ''
      transport.send(
        path,
        lines,
        { ...options, signal },
        {
          responseStarted(given, statusCode) {
            headers = given
            status = statusCode ?? 0
          },
          next(part) {
            if (body.length < 1024 * 1024) body += Buffer.from(part).toString('utf8')
          },
          complete: () => resolve(readAnswer(status, headers, body, hints)),
          error: reject,
        },
      )
    })

  return {
    target: `InfluxDB at ${config.url}, bucket ${bucket}`,
    async write(lines, signal) {
      // The transport reports a timeout but leaves its connection open: this ends it.
      const limit = limitTime(config.timeoutMs, signal)
      try {
        return await send(lines.toString('utf8'), limit.signal)
      } catch (error) {
        signal.throwIfAborted()
        if (error instanceof HttpError) {
          return readAnswer(error.statusCode, error.headers ?? {}, error.body ?? '', hints)
        }
        return limit.isOver() ? timeoutAnswer(config.timeoutMs) : networkAnswer(error)
      } finally {
        limit.end()
      }
    },
    prepare: async () => ({ outcome: 'stored' }),
    fields: async () => [],
    close() {},
  }
}
