import { KurirError } from '../errors/kurir-error.js'
import { getCompanionPlatformId, type WABrowserDescription } from './browsers.js'

const LINK = 'https://wa.me/settings/linked_devices#'
const KEY_LENGTH = 32

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
  const fields = text.slice(text.indexOf('#') + 1).split(',')
  // The reference is opaque: the other fields are counted from the right.
  const isKey = (field: string | undefined) => field !== undefined && Buffer.from(field, 'base64').length === KEY_LENGTH
  const platformId = isKey(fields.at(-1)) ? undefined : fields.pop()
  const [advSecret, identityKey, noiseKey] = [fields.pop(), fields.pop(), fields.pop()]
  const ref = fields.join(',')
  if (!advSecret || !identityKey || !noiseKey || ref === '' || ![advSecret, identityKey, noiseKey].every(isKey)) {
    throw new KurirError('invalid-qr', 'The text is not a pairing QR code', { statusCode: 400 })
  }
  return {
    ref,
    noiseKey: Buffer.from(noiseKey, 'base64'),
    identityKey: Buffer.from(identityKey, 'base64'),
    advSecret: Buffer.from(advSecret, 'base64'),
    platformId,
  }
}
