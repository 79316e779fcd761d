import type { RandomAccess } from './random-access.js'

/** What decides how a sticker is announced (docs/protocol/03, 7.4 and 7.11). */
export interface WebpInfo {
  readonly isAnimated: boolean
  /** Offset of the end of the first frame, in an animated file. */
  readonly firstFrameLength?: number
}

/** More chunks than this before the first frame are not looked at. */
const maxChunks = 64

/** Whether a WebP is animated; undefined for anything else. */
export async function readWebp(bytes: RandomAccess): Promise<WebpInfo | undefined> {
  const head = await bytes.read(0, 16)
  const isWebp = head.byteLength === 16 && head.toString('latin1', 0, 4) === 'RIFF'
  if (!isWebp || head.toString('latin1', 8, 12) !== 'WEBP') return undefined
  // Only the extended format holds frames.
  if (head.toString('latin1', 12, 16) !== 'VP8X') return { isAnimated: false }
  let at = 12
  for (let chunk = 0; chunk < maxChunks; chunk += 1) {
    const header = await bytes.read(at, 8)
    if (header.byteLength < 8) break
    const length = header.readUInt32LE(4)
    const end = at + 8 + length + (length % 2)
    if (header.toString('latin1', 0, 4) === 'ANMF') {
      return end <= bytes.length ? { isAnimated: true, firstFrameLength: end } : { isAnimated: true }
    }
    at = end
  }
  return { isAnimated: false }
}
