import $protobuf from 'protobufjs/minimal.js'

/** A larger buffer than this is not kept for the next message, bytes. */
const keptBytesMax = 1024 * 1024

let writer = $protobuf.Writer.create()

interface MessageType<M> {
  encode(message: M, writer: $protobuf.Writer): $protobuf.Writer
}

/** Encodes with one writer for all messages, because growing a new one copies the bytes several times over. */
export function writeMessage<M>(type: MessageType<M>, message: M): Uint8Array {
  try {
    const bytes = type.encode(message, writer).finish()
    if (bytes.length > keptBytesMax) writer = $protobuf.Writer.create()
    else writer.reset()
    return bytes
  } catch (error) {
    writer = $protobuf.Writer.create()
    throw error
  }
}

/**
 * The text as UTF-8 can hold it: half a surrogate pair becomes U+FFFD. Such halves come out of JSON escapes and of
 * strings cut in two; written as they are, strict readers would refuse the whole envelope.
 */
export const wellFormed = (text: string): string => text.replace(/\p{Surrogate}/gu, '\ufffd')
