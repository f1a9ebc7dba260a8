// Times as people say them: now, and back from now.

const unitsNs: Record<string, bigint> = {
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
  d: 86_400_000_000_000n,
}

/** "now", and back from now: "-15m" (ms, s, m, h, d). ns since 1970; undefined for anything else. */
export function parseRelativeTime(text: string, nowNs: bigint): bigint | undefined {
  const trimmed = text.trim()
  if (trimmed === 'now') return nowNs
  const back = /^-(\d{1,9})(ms|s|m|h|d)$/.exec(trimmed)
  return back ? nowNs - BigInt(back[1]!) * unitsNs[back[2]!]! : undefined
}
