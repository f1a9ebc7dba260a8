import type { FromSink } from './sink.ts'
import type { SinkPort } from './sink-port.ts'

const everyMs = 1000
const lookMs = 100

type Status = Omit<Extract<FromSink, { type: 'status' }>, 'type'>

/** Posts the status at once, every second, and within a tenth of one when the state has changed. */
export function startStatus(port: SinkPort, read: () => Status): { close(): void } {
  let postedAt = 0
  let posted = ''
  const post = () => {
    const status = read()
    const state = `${status.state} ${status.waitingFor ?? ''}`
    if (state === posted && performance.now() - postedAt < everyMs) return
    posted = state
    postedAt = performance.now()
    port.postMessage({ type: 'status', ...status })
  }
  post()
  const timer = setInterval(post, lookMs)
  return {
    close() {
      clearInterval(timer)
      postedAt = 0
      posted = ''
      post()
    },
  }
}
