/** DER, as far as a certificate needs it (X.690): every function returns one encoded value. */

const tagged = (tag: number, content: Uint8Array): Buffer =>
  Buffer.concat([Buffer.of(tag), lengthOf(content.length), content])

const lengthOf = (length: number): Buffer => {
  if (length < 0x80) return Buffer.of(length)
  const bytes: number[] = []
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256)
  return Buffer.of(0x80 | bytes.length, ...bytes)
}

export const sequence = (...items: readonly Uint8Array[]): Buffer => tagged(0x30, Buffer.concat(items))

export const set = (item: Uint8Array): Buffer => tagged(0x31, item)

/** An unsigned integer, big-endian. */
export const integer = (bytes: Uint8Array): Buffer => {
  const start = bytes.findIndex(byte => byte !== 0)
  const digits = start < 0 ? Buffer.of(0) : Buffer.from(bytes.subarray(start))
  // A leading bit that is set would make it negative.
  return tagged(0x02, digits.readUInt8(0) < 0x80 ? digits : Buffer.concat([Buffer.of(0), digits]))
}

export const boolean = (value: boolean): Buffer => tagged(0x01, Buffer.of(value ? 0xff : 0))

export const utf8 = (text: string): Buffer => tagged(0x0c, Buffer.from(text))

export const octets = (content: Uint8Array): Buffer => tagged(0x04, content)

/** Bits, of which the last `unused` do not count. */
export const bits = (content: Uint8Array, unused = 0): Buffer =>
  tagged(0x03, Buffer.concat([Buffer.of(unused), content]))

/** An object identifier in its dotted form. */
export const identifier = (dotted: string): Buffer => {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  return tagged(0x06, Buffer.from([first * 40 + second, ...rest].flatMap(baseOf128)))
}

const baseOf128 = (value: number): number[] => {
  const bytes = [value % 128]
  for (let rest = Math.floor(value / 128); rest > 0; rest = Math.floor(rest / 128)) bytes.unshift(0x80 | (rest % 128))
  return bytes
}

/** A point in time, in milliseconds since the Unix epoch; a certificate writes years up to 2049 with two digits. */
export const time = (milliseconds: number): Buffer => {
  const digits = `${new Date(milliseconds).toISOString().slice(0, 19).replace(/\D/g, '')}Z`
  return digits < '2050' ? tagged(0x17, Buffer.from(digits.slice(2))) : tagged(0x18, Buffer.from(digits))
}

/** A value under a tag of its context; `primitive`: the tag stands in place of the value's own. */
export const context = (number: number, content: Uint8Array, primitive = false): Buffer =>
  tagged((primitive ? 0x80 : 0xa0) | number, content)

/** The text form in which keys and certificates are handed around. */
export const pem = (label: string, der: Uint8Array): string => {
  const lines = Buffer.from(der).toString('base64').replace(/.{64}/g, '$&\n').trimEnd()
  return `-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----\n`
}
