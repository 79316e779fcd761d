import { KurirError } from '../errors/index.js'
import { NOISE_WA_HEADER } from './constants.js'

/** The longest routing info that is sent or accepted. */
export const largestRoutingInfo = 1024

/** "ED", 00 01: routing info of three length bytes and the bytes follows. */
const preIntro = Buffer.from([0x45, 0x44, 0, 1])
const preIntroLength = preIntro.byteLength + 3

/**
 * What a client sends before its first frame, in the same message (`docs/protocol/01` §1.3).
 *
 * @param routingInfo opaque bytes that the service gave for the next connection; absent or empty when there are none
 * @throws KurirError `noise-routing-info-too-large` beyond 1024 bytes
 */
export function buildIntro(routingInfo?: Uint8Array, header: Uint8Array = NOISE_WA_HEADER): Buffer {
  if (routingInfo === undefined || routingInfo.byteLength === 0) return Buffer.from(header)
  const length = checkedRoutingInfo(routingInfo.byteLength)
  const lengthBytes = Buffer.allocUnsafe(3)
  lengthBytes.writeUIntBE(length, 0, 3)
  return Buffer.concat([preIntro, lengthBytes, routingInfo, header])
}

export interface ParsedIntro {
  readonly routingInfo: Buffer | undefined
  /** Bytes of the intro: what follows is the first frame. */
  readonly length: number
}

/**
 * Reads the intro of a client from the first bytes of its connection.
 *
 * @returns `undefined` when more bytes are needed; an intro has at most 1035
 * @throws KurirError `noise-intro-invalid` as soon as the bytes cannot become an intro, `noise-routing-info-too-large`
 */
export function parseIntro(bytes: Uint8Array): ParsedIntro | undefined {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (!startsLike(buffer, preIntro)) return parseHeader(buffer, 0, undefined)
  if (buffer.byteLength < preIntroLength) return undefined
  const length = checkedRoutingInfo(buffer.readUIntBE(preIntro.byteLength, 3))
  const end = preIntroLength + length
  if (buffer.byteLength < end) return undefined
  return parseHeader(buffer, end, length === 0 ? undefined : Buffer.from(buffer.subarray(preIntroLength, end)))
}

function parseHeader(buffer: Buffer, start: number, routingInfo: Buffer | undefined): ParsedIntro | undefined {
  const end = start + NOISE_WA_HEADER.byteLength
  const header = buffer.subarray(start, end)
  if (!startsLike(header, NOISE_WA_HEADER)) {
    throw new KurirError('noise-intro-invalid', 'The connection does not begin with a known intro', { statusCode: 400 })
  }
  return header.byteLength === NOISE_WA_HEADER.byteLength ? { routingInfo, length: end } : undefined
}

/** True when the bytes agree with the pattern as far as both reach. */
function startsLike(bytes: Buffer, pattern: Buffer): boolean {
  const length = Math.min(bytes.byteLength, pattern.byteLength)
  return bytes.subarray(0, length).equals(pattern.subarray(0, length))
}

function checkedRoutingInfo(length: number): number {
  if (length > largestRoutingInfo) {
    throw new KurirError('noise-routing-info-too-large', 'The routing info is longer than 1024 bytes', {
      statusCode: 400,
      data: { length },
    })
  }
  return length
}

/** Collects the first bytes of a connection until its intro is complete. */
export class IntroReader {
  #collected: Buffer = Buffer.alloc(0)

  /**
   * @returns the intro and the bytes after it, or `undefined` while it is incomplete
   * @throws KurirError as {@link parseIntro}
   */
  push(chunk: Uint8Array): { readonly routingInfo: Buffer | undefined; readonly rest: Buffer } | undefined {
    this.#collected = Buffer.concat([this.#collected, chunk])
    const intro = parseIntro(this.#collected)
    if (intro === undefined) return undefined
    const rest = this.#collected.subarray(intro.length)
    this.#collected = Buffer.alloc(0)
    return { routingInfo: intro.routingInfo, rest }
  }
}
