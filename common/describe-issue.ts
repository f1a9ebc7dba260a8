import type { z } from 'zod'

// What zod found, in words: which value, where, and what was expected.

const pathText = (path: PropertyKey[]): string =>
  path.reduce<string>(
    (text, part) => (typeof part === 'number' ? `${text}[${part}]` : text ? `${text}.${String(part)}` : String(part)),
    '',
  )

/** `root`: the value that was checked. `unknownKey`: what to say of a key that the schema does not have there. */
export function describeIssue(
  issue: z.core.$ZodIssue,
  root: unknown,
  unknownKey: (key: string, path: PropertyKey[]) => string,
): string[] {
  const at = pathText(issue.path)
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => `${at ? `${at}.` : ''}${key}: ${unknownKey(key, issue.path)}`)
  const found = issue.path.reduce<unknown>(
    (value, part) => (value as Record<PropertyKey, unknown> | undefined)?.[part],
    root,
  )
  // zod's own words; a schema may have better ones.
  const isMissing = found === undefined && issue.message.startsWith('Invalid input')
  if (isMissing) return [`${at || 'the whole'}: is needed, found nothing`]
  const foundText = found === undefined ? 'nothing' : JSON.stringify(found)?.slice(0, 80)
  return [`${at || 'the whole'}: ${issue.message} (found ${foundText})`]
}
