export const rules = [
  'rig_offline',
  'rig_stale',
  'two_agents',
  'gap',
  'sink_lagging',
  'disk',
  'quarantine',
  'broker',
] as const
export type Rule = (typeof rules)[number]

/** How one thing stands to one rule at this moment. What is not mentioned is well. */
export interface Condition {
  rule: Rule
  /** The same for the same trouble: rule and what it is about. */
  key: string
  rig?: string
  /** between: not bad enough, or not for long enough, to raise an alert, and not well enough to clear one. */
  standing: 'bad' | 'between' | 'good'
  /** Since when it is bad, ms since 1970, if that is known better than by looking. */
  sinceMs?: number
  /** Which, which value, what to do. For good: why it is. */
  text: string
}

export interface Alert {
  rule: Rule
  key: string
  rig?: string
  state: 'raised' | 'cleared'
  sinceMs: number
  /** When it was raised or cleared. */
  atMs: number
  text: string
}
