/** How far long work is, on standard error: one line that changes on a terminal, else a line every few seconds. */
export interface ProgressLine {
  /** Says it, or not if something was said a moment ago; `now`: in any case. */
  say(text: () => string, now?: boolean): void
  /** Takes away the line that changes, and leaves a last one, if there is one. */
  end(last?: string): void
}

const changeEveryMs = 200
const lineEveryMs = 5000

export function createProgressLine(out: NodeJS.WriteStream = process.stderr): ProgressLine {
  const everyMs = out.isTTY ? changeEveryMs : lineEveryMs
  const clear = out.isTTY ? '\r\u001b[K' : ''
  let saidMs = performance.now()
  return {
    say(text, now = false) {
      if (!now && performance.now() - saidMs < everyMs) return
      saidMs = performance.now()
      out.write(out.isTTY ? `${clear}${text()}` : `${text()}\n`)
    },
    end(last) {
      out.write(last === undefined ? clear : `${clear}${last}\n`)
    },
  }
}
