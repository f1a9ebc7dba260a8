// MQTT 3.1.1 packets by hand, for what no client library would send.

const text = (value: string): Buffer => {
  const bytes = Buffer.from(value)
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 255]), bytes])
}

/** A fixed header that announces `length` bytes. */
export function fixedHeader(first: number, length: number): Buffer {
  const bytes = [first]
  let rest = length
  do {
    bytes.push((rest & 127) | (rest > 127 ? 128 : 0))
    rest >>= 7
  } while (rest > 0)
  return Buffer.from(bytes)
}

const packet = (first: number, rest: Buffer) => Buffer.concat([fixedHeader(first, rest.length), rest])

/** CONNECT: clean session, keep-alive 60 s, a user name and no password. */
export const connectPacket = (clientId: string, username: string): Buffer =>
  packet(0x10, Buffer.concat([text('MQTT'), Buffer.from([4, 0x82, 0, 60]), text(clientId), text(username)]))

/** PUBLISH of QoS 1 whose remaining length is `length` (7 or more): topic a/b. */
export const publishPacket = (length: number): Buffer =>
  packet(0x32, Buffer.concat([text('a/b'), Buffer.from([0, 7]), Buffer.alloc(length - 7)]))
