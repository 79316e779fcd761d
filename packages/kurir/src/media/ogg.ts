import type { RandomAccess } from './random-access.js'

/** Opus always counts in 48,000ths of a second. */
const opusRate = 48_000
/** No page is longer. */
const longestPage = 65_307

/** Seconds of an OGG/Opus file, the form of voice notes; undefined for anything else. */
export async function readOggOpusDuration(bytes: RandomAccess): Promise<number | undefined> {
  const head = await bytes.read(0, 64)
  const isOpus = head.toString('latin1', 0, 4) === 'OggS' && head.toString('latin1', 28, 36) === 'OpusHead'
  if (!isOpus || head.byteLength < 40) return undefined
  const preSkip = head.readUInt16LE(38)
  const tail = await bytes.read(Math.max(0, bytes.length - longestPage), longestPage)
  const page = tail.lastIndexOf('OggS', undefined, 'latin1')
  if (page < 0 || page + 14 > tail.byteLength) return undefined
  const position = Number(tail.readBigInt64LE(page + 6))
  return position > preSkip ? (position - preSkip) / opusRate : undefined
}
