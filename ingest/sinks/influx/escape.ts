// Names and texts of line protocol (https://docs.influxdata.com/influxdb/v1/write_protocols/line_protocol_reference/):
// a backslash before comma and space in a measurement, and before '=' too in tags and field names; text in quotes with a
// backslash before quote and backslash. Line protocol has no way to write a line feed in a name, nor a backslash before one of
// those or at the end: such characters become "_". (Schemas have neither in the names of channels.)

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const impossible = /[\u0000-\u001f\u007f\\]|^#/g

/** The name as InfluxDB will have it: itself, but for what line protocol cannot carry. */
export const storableName = (name: string): string => (name === '' ? '_' : name.replace(impossible, '_'))

/** A storable name as a measurement in a line. */
export const escapeMeasurement = (name: string): string => name.replace(/[, ]/g, '\\$&')

/** A storable name as a tag's or a field's name, or as a tag's value. */
export const escapeKey = (name: string): string => name.replace(/[,= ]/g, '\\$&')

/** A text value, in its quotes. */
export const quoteText = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}"`
