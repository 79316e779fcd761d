import { readFileSync } from 'node:fs'
import type { MediaType } from '../media-types.js'

interface FileVector {
  readonly hkdfInfo: string
  readonly mediaType: MediaType
  readonly plaintextLength: number
  readonly plaintext: { readonly hex: string } | { readonly rule: string }
  readonly encryptedLength: number
  readonly encryptedFileHex?: string
  readonly mac10: string
  readonly fileSha256: string
  readonly fileEncSha256: string
  readonly streamingSidecar: string
  readonly firstFrameLength?: number
  readonly firstFrameSidecar?: string
  readonly uploadToken: string
}

interface RangeVector {
  readonly startByte: number
  readonly endByte: number | null
  readonly httpRangeHeaderSentByBaileys: string
  readonly plaintextHex: string
  readonly baileysResultMatches: boolean
}

export const mediaVectors: {
  readonly mediaKeyHex: string
  readonly files: readonly FileVector[]
  readonly rangeReads: { readonly encryptedFileHex: string; readonly cases: readonly RangeVector[] }
} = JSON.parse(
  readFileSync(new URL('../../../../../tests/fixtures/vectors/03-media-crypto.json', import.meta.url), 'utf8'),
)

export const vectorMediaKey = Buffer.from(mediaVectors.mediaKeyHex, 'hex')

/** The rule of all plaintexts in the vectors. */
export function plaintextOf(length: number): Buffer {
  return Buffer.from(Uint8Array.from({ length }, (_, index) => (index * 7 + 3) & 0xff))
}

export function plaintextOfVector({ plaintext, plaintextLength }: FileVector): Buffer {
  return 'hex' in plaintext ? Buffer.from(plaintext.hex, 'hex') : plaintextOf(plaintextLength)
}
