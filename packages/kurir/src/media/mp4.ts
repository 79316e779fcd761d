import type { RandomAccess } from './random-access.js'

/** What the index of an MP4 says. */
export interface Mp4Info {
  /** Seconds, may be fractional. */
  readonly seconds?: number
  /** Pixels of the first track that has any. */
  readonly width?: number
  readonly height?: number
}

/** Boxes that are looked at, in all. */
const maxBoxes = 2_000
const containers: ReadonlySet<string> = new Set(['moov', 'trak'])

/** Duration and size of an MP4 or MOV; undefined for anything else. The media itself is not read. */
export async function readMp4(bytes: RandomAccess): Promise<Mp4Info | undefined> {
  const head = await bytes.read(4, 4)
  if (head.toString('latin1') !== 'ftyp') return undefined
  const found: { seconds?: number; width?: number; height?: number } = {}
  const open = [{ at: 0, end: bytes.length }]
  for (let box = 0; box < maxBoxes; box += 1) {
    const level = open.at(-1)
    if (level === undefined) break
    const header = await bytes.read(level.at, 16)
    const size = header.byteLength < 8 ? 0 : sizeOf(header, level.end - level.at)
    if (size < 8 || level.at + size > level.end) {
      open.pop()
      continue
    }
    const { at } = level
    level.at += size
    const type = header.toString('latin1', 4, 8)
    const start = at + (header.readUInt32BE(0) === 1 ? 16 : 8)
    if (containers.has(type)) open.push({ at: start, end: at + size })
    else if (type === 'mvhd') Object.assign(found, durationOf(await bytes.read(start, 32)))
    else if (type === 'tkhd' && found.width === undefined)
      Object.assign(found, dimensionsOf(await bytes.read(start, 96)))
    if (found.seconds !== undefined && found.width !== undefined) break
  }
  return found
}

/** Bytes of a box, header included; 0 in the field means all the rest. */
function sizeOf(header: Buffer, rest: number): number {
  const size = header.readUInt32BE(0)
  if (size === 0) return rest
  if (size !== 1) return size
  return header.byteLength < 16 ? 0 : Number(header.readBigUInt64BE(8))
}

function durationOf(box: Buffer): { seconds?: number } {
  const isLong = box[0] === 1
  if (box.byteLength < (isLong ? 32 : 20)) return {}
  const scale = box.readUInt32BE(isLong ? 20 : 12)
  const duration = isLong ? Number(box.readBigUInt64BE(24)) : box.readUInt32BE(16)
  const isUnknown = scale === 0 || duration === 0 || duration === 0xffff_ffff
  return isUnknown ? {} : { seconds: duration / scale }
}

/** Fixed-point numbers at the end of the track header, and the matrix before them, which may turn the picture. */
function dimensionsOf(box: Buffer): { width?: number; height?: number } {
  const matrix = box[0] === 1 ? 52 : 40
  if (box.byteLength < matrix + 44) return {}
  const width = box.readUInt32BE(matrix + 36) >>> 16
  const height = box.readUInt32BE(matrix + 40) >>> 16
  if (width === 0 || height === 0) return {}
  const isTurned = box.readInt32BE(matrix) === 0 && box.readInt32BE(matrix + 4) !== 0
  return isTurned ? { width: height, height: width } : { width, height }
}
