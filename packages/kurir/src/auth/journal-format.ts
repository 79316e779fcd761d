/*
 * A journal segment is a sequence of frames, each `length[4] crc32[4] payload[length]`, big-endian. The first frame of
 * a segment is its header, every other frame holds the rows of one `set`: the unit that is replayed wholly or not at
 * all.
 */

/** One file to write, or (text null) to delete. */
export interface JournalRow {
  readonly file: string
  readonly text: string | null
}

export interface SegmentHeader {
  readonly version: 1
  /** CRC-32 of every content that creds.json may have had while this segment was begun; null: it did not exist. */
  readonly credentials: readonly (number | null)[]
}

export interface Segment {
  /** Absent when the segment ends before its header. */
  readonly header?: SegmentHeader
  /** Rows of each complete frame, in order. */
  readonly sets: readonly (readonly JournalRow[])[]
  /** True when the bytes end in the middle of a frame or in one whose checksum does not match. */
  readonly torn: boolean
}

const frameHead = 8
const rowHead = 6
const deleted = 0xffffffff
/** Largest payload of one frame; a set that needs more is refused. */
export const largestFrame = 256 * 1024 * 1024

/** The CRC-32 that segments and headers use. */
export function checksum(text: string | Uint8Array): number {
  // Loaded with the first journal: importing the library stays cheap (docs/decisions/0004).
  return process.getBuiltinModule('node:zlib').crc32(text)
}

export function encodeHeader(header: SegmentHeader): Buffer {
  return frame(Buffer.from(JSON.stringify(header)))
}

/** The bytes of one set. Null when it is larger than {@link largestFrame}. */
export function encodeSet(rows: readonly JournalRow[]): Buffer | null {
  let length = 0
  for (const row of rows) {
    length += rowHead + Buffer.byteLength(row.file) + (row.text === null ? 0 : Buffer.byteLength(row.text))
  }
  if (length > largestFrame) return null
  const bytes = Buffer.allocUnsafe(frameHead + length)
  let offset = frameHead
  for (const row of rows) {
    const fileLength = bytes.write(row.file, offset + rowHead)
    bytes.writeUInt16BE(fileLength, offset)
    const textAt = offset + rowHead + fileLength
    const textLength = row.text === null ? 0 : bytes.write(row.text, textAt)
    bytes.writeUInt32BE(row.text === null ? deleted : textLength, offset + 2)
    offset = textAt + textLength
  }
  bytes.writeUInt32BE(length, 0)
  bytes.writeUInt32BE(checksum(bytes.subarray(frameHead)), 4)
  return bytes
}

/** Reads a segment as far as its frames are whole. */
export function decodeSegment(bytes: Buffer): Segment {
  const sets: JournalRow[][] = []
  let header: SegmentHeader | undefined
  let offset = 0
  while (offset < bytes.byteLength) {
    const payload = payloadAt(bytes, offset)
    if (payload === undefined) return segment(header, sets, true)
    if (header === undefined) header = decodeHeader(payload)
    else {
      const rows = decodeRows(payload)
      if (rows === undefined) return segment(header, sets, true)
      sets.push(rows)
    }
    if (header === undefined) return segment(header, sets, true)
    offset += frameHead + payload.byteLength
  }
  return segment(header, sets, false)
}

function segment(header: SegmentHeader | undefined, sets: JournalRow[][], torn: boolean): Segment {
  return header === undefined ? { sets, torn } : { header, sets, torn }
}

function frame(payload: Buffer): Buffer {
  const head = Buffer.allocUnsafe(frameHead)
  head.writeUInt32BE(payload.byteLength, 0)
  head.writeUInt32BE(checksum(payload), 4)
  return Buffer.concat([head, payload])
}

function payloadAt(bytes: Buffer, offset: number): Buffer | undefined {
  if (bytes.byteLength - offset < frameHead) return undefined
  const length = bytes.readUInt32BE(offset)
  const start = offset + frameHead
  if (length === 0 || length > bytes.byteLength - start) return undefined
  const payload = bytes.subarray(start, start + length)
  return checksum(payload) === bytes.readUInt32BE(offset + 4) ? payload : undefined
}

function decodeHeader(payload: Buffer): SegmentHeader | undefined {
  try {
    const value: unknown = JSON.parse(payload.toString())
    if (typeof value !== 'object' || value === null || !('version' in value) || value.version !== 1) return undefined
    if (!('credentials' in value) || !Array.isArray(value.credentials)) return undefined
    const known = value.credentials.filter(item => item === null || typeof item === 'number')
    return { version: 1, credentials: known }
  } catch {
    return undefined
  }
}

function decodeRows(payload: Buffer): JournalRow[] | undefined {
  const rows: JournalRow[] = []
  let offset = 0
  while (offset < payload.byteLength) {
    if (payload.byteLength - offset < rowHead) return undefined
    const fileEnd = offset + rowHead + payload.readUInt16BE(offset)
    const textLength = payload.readUInt32BE(offset + 2)
    const textEnd = fileEnd + (textLength === deleted ? 0 : textLength)
    if (textEnd > payload.byteLength) return undefined
    const file = payload.toString('utf8', offset + rowHead, fileEnd)
    rows.push({ file, text: textLength === deleted ? null : payload.toString('utf8', fileEnd, textEnd) })
    offset = textEnd
  }
  return rows
}
