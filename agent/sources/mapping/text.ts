// Bytes of a record -> text.

/** Bytes that are no text of the encoding become U+FFFD. */
export function createTextDecoder(encoding: 'utf-8' | 'euc-kr'): (bytes: Buffer) => string {
  if (encoding === 'utf-8') return (bytes) => bytes.toString('utf8')
  const decoder = new TextDecoder(encoding)
  return (bytes) => decoder.decode(bytes)
}
