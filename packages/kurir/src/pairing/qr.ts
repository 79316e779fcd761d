import { KurirError } from '../errors/kurir-error.js'
import { getCompanionPlatformId, type WABrowserDescription } from './browsers.js'

const LINK = 'https://wa.me/settings/linked_devices#'
/** 32 bytes in base64. */
const KEY = /^[A-Za-z0-9+/]{43}=$/
const LONGEST_TEXT = 4096

/** The text that goes into the QR code (docs/protocol/01 §6.2). Keys are base64 of 32 bytes. */
export function buildPairingQRData(
  ref: string,
  noiseKeyB64: string,
  identityKeyB64: string,
  advB64: string,
  browser: WABrowserDescription,
): string {
  return LINK + [ref, noiseKeyB64, identityKeyB64, advB64, getCompanionPlatformId(browser)].join(',')
}

export interface ScannedQR {
  readonly ref: string
  readonly noiseKey: Buffer
  readonly identityKey: Buffer
  readonly advSecret: Buffer
  /** Absent in the texts of old clients. */
  readonly platformId: string | undefined
}

/**
 * What a phone reads from a QR code, with or without the link in front.
 *
 * @throws KurirError `invalid-qr` when the text is not one of ours
 */
export function parsePairingQR(text: string): ScannedQR {
  if (text.length > LONGEST_TEXT) throw invalidQR()
  const fields = (/^https?:/.test(text) ? text.slice(text.indexOf('#') + 1) : text).split(',')
  // The reference is opaque: the other fields are counted from the right.
  const platformId = keyOf(fields.at(-1)) === undefined ? fields.pop() : undefined
  const [advSecret, identityKey, noiseKey] = [keyOf(fields.pop()), keyOf(fields.pop()), keyOf(fields.pop())]
  const ref = fields.join(',')
  if (!advSecret || !identityKey || !noiseKey || ref === '') throw invalidQR()
  return { ref, noiseKey, identityKey, advSecret, platformId }
}

function keyOf(field: string | undefined): Buffer | undefined {
  return field !== undefined && KEY.test(field) ? Buffer.from(field, 'base64') : undefined
}

function invalidQR(): KurirError {
  return new KurirError('invalid-qr', 'The text is not a pairing QR code', { statusCode: 400 })
}
