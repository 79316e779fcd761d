/**
 * Names of elements and attributes that are not tokens (`phone_number` in a group of a thousand) come again and again.
 * Finding the string of the last time costs a third of making it anew, and spares the engine from looking it up in its
 * own table when it becomes a property name. Fixed size: a name takes the place of another one.
 */

const PLACES = 256
const LONGEST_NAME = 40

const names: (string | undefined)[] = new Array(PLACES).fill(undefined)

/** The UTF-8 text of the `length` bytes at `start`, which must exist. */
export function nameAt(bytes: Buffer, start: number, length: number): string {
  const end = start + length
  if (length > LONGEST_NAME) return bytes.toString('utf8', start, end)
  let hash = length
  for (let index = start; index < end; index++) hash = (hash * 31 + (bytes[index] ?? 0)) | 0
  const place = (hash ^ (hash >>> 8)) & (PLACES - 1)
  const known = names[place]
  if (known !== undefined && isTextAt(known, bytes, start, length)) return known
  const name = bytes.toString('utf8', start, end)
  names[place] = name
  return name
}

/** Byte by byte, so only ASCII text is ever found. */
function isTextAt(text: string, bytes: Buffer, start: number, length: number): boolean {
  if (text.length !== length) return false
  for (let index = 0; index < length; index++) {
    const byte = bytes[start + index] ?? 0
    if (byte > 127 || text.charCodeAt(index) !== byte) return false
  }
  return true
}
