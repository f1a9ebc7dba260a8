import type { ChildProcess } from 'node:child_process'

/** Resolves when the URL answers. Rejects with what the server wrote if it ends first, or after the deadline. */
export async function waitForHttp(url: string, child: ChildProcess, deadlineMs = 30_000): Promise<void> {
  let said = ''
  child.stderr?.setEncoding('utf8')
  // Read on for ever: a full pipe would stop the server.
  child.stderr?.on('data', (text: string) => {
    said = (said + text).slice(-4000)
  })
  const deadline = performance.now() + deadlineMs
  for (;;) {
    if (child.exitCode !== null || child.signalCode !== null) {
      throw new Error(`${child.spawnfile} ended (${child.exitCode ?? child.signalCode}) before it answered:\n${said}`)
    }
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(2000) })
      await response.arrayBuffer()
      return
    } catch (cause) {
      if (performance.now() > deadline) throw new Error(`${url} gave no answer:\n${said}`, { cause })
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
}
