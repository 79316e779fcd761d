/** An integer as big-endian bytes: key ids have three, registration ids four. */
export function encodeBigEndian(value: number, length = 4): Buffer {
  const bytes = Buffer.alloc(length)
  bytes.writeUIntBE(value, 0, length)
  return bytes
}

/** The integer in one to six big-endian bytes; 0 for none. */
export function bigEndianNumber(bytes: Uint8Array): number {
  let value = 0
  for (const byte of bytes.subarray(0, 6)) value = value * 256 + byte
  return value
}
