import { KurirError } from '../errors/kurir-error.js'

/** Bytes of a cipher block. */
export const blockLength = 16
/** Bytes of the truncated HMAC at the end of an encrypted file. */
export const mediaMacLength = 10
/** The largest file that Kurir transfers unless told otherwise: WhatsApp's own limit for documents. */
export const largestMedia = 2 ** 31

/** Length of the encrypted file of this many bytes: padding to full blocks, at least one byte, and the MAC. */
export function encryptedLength(plaintextLength: number): number {
  return Math.floor(plaintextLength / blockLength) * blockLength + blockLength + mediaMacLength
}

/** What can be wrong with a received file, in the order in which it is looked at (docs/protocol/03, 7.7). */
export type IntegrityCheck = 'length' | 'file-hash' | 'mac' | 'padding' | 'content-hash' | 'sidecar'

const complaints: Readonly<Record<IntegrityCheck, string>> = {
  length: 'The file has not the length it should have',
  'file-hash': 'The encrypted file is not the one that the message names',
  mac: 'The file was not encrypted with the key of the message',
  padding: 'The padding of the file is wrong',
  'content-hash': 'The content of the file is not the one that the message names',
  sidecar: 'A piece of the file was not encrypted with the key of the message',
}

/** The refusal of a file that is not what its message says. */
export function integrityFailed(check: IntegrityCheck, detail: Record<string, number> = {}): KurirError {
  return new KurirError('media-integrity-failed', complaints[check], { statusCode: 400, data: { check, ...detail } })
}

export function mediaTooLarge(limit: number): KurirError {
  return new KurirError('media-too-large', `The file is larger than ${limit} bytes`, {
    statusCode: 413,
    data: { limit },
  })
}
