import { contentBytes, getBinaryNodeChild } from '../binary/accessors.js'
import type { BinaryNode } from '../binary/node.js'
import { aesCtrDecrypt, aesCtrEncrypt, aesGcmDecrypt, aesGcmEncrypt } from '../crypto/aes.js'
import { derivePairingCodeKey } from '../crypto/baileys-names.js'
import { generateKeyPair, type KeyPair } from '../crypto/curve.js'
import { hkdf } from '../crypto/hkdf.js'
import { randomBytes } from '../crypto/random.js'
import { KurirError } from '../errors/kurir-error.js'

/*
 * Linking by an eight-character code instead of a QR (docs/protocol/01 §7). The code is a password: each side sends an
 * ephemeral key encrypted under it, and both derive the pairing secret from the ephemeral and the identity keys. This
 * file holds what both sides have in common.
 */

const ALPHABET = '123456789ABCDEFGHJKLMNPQRSTVWXYZ'
const CODE = new RegExp(`^[${ALPHABET}]{8}$`)
const CODE_ENTROPY_BYTES = 5
export const KEY_LENGTH = 32
export const COUNTER_LENGTH = 16
export const GCM_IV_LENGTH = 12
export const WRAPPED_KEY_LENGTH = KEY_LENGTH + COUNTER_LENGTH + KEY_LENGTH
export const WRAPPED_BUNDLE_LENGTH = KEY_LENGTH + GCM_IV_LENGTH + 3 * KEY_LENGTH + 16
const BUNDLE_KEY_INFO = 'link_code_pairing_key_bundle_encryption_key'
const ADV_SECRET_INFO = 'adv_secret'

/** Five bytes as eight characters of the code alphabet, five bits each. Longer input gives longer text. */
export function bytesToCrockford(bytes: Uint8Array): string {
  let text = ''
  let bits = 0
  let count = 0
  for (const byte of bytes) {
    bits = (bits << 8) | byte
    count += 8
    while (count >= 5) {
      count -= 5
      text += ALPHABET[(bits >>> count) & 31] ?? ''
      bits &= (1 << count) - 1
    }
  }
  return count > 0 ? text + (ALPHABET[(bits << (5 - count)) & 31] ?? '') : text
}

export function generatePairingCode(): string {
  return bytesToCrockford(randomBytes(CODE_ENTROPY_BYTES))
}

/** A code as typed by a person: dashes and spaces go, letters become capitals. @throws KurirError `invalid-pairing-code` */
export function normalizePairingCode(code: string): string {
  const normalized = code.replace(/[\s-]/g, '').toUpperCase()
  if (!CODE.test(normalized)) {
    throw new KurirError('invalid-pairing-code', 'A pairing code has eight characters of 1-9 and A-Z without I, O, U', {
      statusCode: 400,
      data: { length: normalized.length },
    })
  }
  return normalized
}

/** An ephemeral public key encrypted under the code: salt(32) iv(16) ciphertext(32). */
export async function wrapEphemeral(
  code: string,
  ephemeralPublic: Uint8Array,
  salt: Uint8Array = randomBytes(KEY_LENGTH),
  iv: Uint8Array = randomBytes(COUNTER_LENGTH),
): Promise<Buffer> {
  const key = await derivePairingCodeKey(code, salt)
  return Buffer.concat([salt, iv, aesCtrEncrypt(key, iv, ephemeralPublic)])
}

/** The ephemeral inside; a wrong code gives a wrong key, which shows only later. @throws KurirError `invalid-link-code-stanza` */
export async function unwrapEphemeral(code: string, wrapped: Uint8Array): Promise<Buffer> {
  if (wrapped.length !== WRAPPED_KEY_LENGTH) throw malformed('wrapped-ephemeral')
  const key = await derivePairingCodeKey(code, wrapped.subarray(0, KEY_LENGTH))
  return aesCtrDecrypt(
    key,
    wrapped.subarray(KEY_LENGTH, KEY_LENGTH + COUNTER_LENGTH),
    wrapped.subarray(KEY_LENGTH + COUNTER_LENGTH),
  )
}

/** Where keys, salts and initialisation vectors come from. */
export interface PairingMaterial {
  readonly generateKeyPair: () => KeyPair
  readonly randomBytes: (length: number) => Uint8Array
}

export const freshMaterial: PairingMaterial = { generateKeyPair, randomBytes }

/** salt(32) iv(12) AES-GCM(bundle). */
export function sealBundle(
  sharedEphemeral: Uint8Array,
  bundle: Uint8Array,
  salt: Uint8Array = randomBytes(KEY_LENGTH),
  iv: Uint8Array = randomBytes(GCM_IV_LENGTH),
): Buffer {
  const key = hkdf(sharedEphemeral, KEY_LENGTH, { salt, info: BUNDLE_KEY_INFO })
  return Buffer.concat([salt, iv, aesGcmEncrypt(key, iv, bundle)])
}

export function deriveAdvSecret(sharedEphemeral: Uint8Array, sharedIdentity: Uint8Array, random: Uint8Array): Buffer {
  return hkdf(Buffer.concat([sharedEphemeral, sharedIdentity, random]), KEY_LENGTH, { info: ADV_SECRET_INFO })
}

/** Opens {@link sealBundle}. @throws KurirError `mac-mismatch`, `invalid-link-code-stanza` */
export function openBundle(sharedEphemeral: Uint8Array, wrapped: Uint8Array): Buffer {
  if (wrapped.length !== WRAPPED_BUNDLE_LENGTH) throw malformed('wrapped-key-bundle')
  const salt = wrapped.subarray(0, KEY_LENGTH)
  const iv = wrapped.subarray(KEY_LENGTH, KEY_LENGTH + GCM_IV_LENGTH)
  const key = hkdf(sharedEphemeral, KEY_LENGTH, { salt, info: BUNDLE_KEY_INFO })
  return aesGcmDecrypt(key, iv, wrapped.subarray(KEY_LENGTH + GCM_IV_LENGTH))
}

export function element(tag: string, content: string | Uint8Array): BinaryNode {
  return { tag, attrs: {}, content }
}

/** Content may come as bytes or as text (docs/protocol/01 §4.3). */
export function childBytes(node: BinaryNode | undefined, tag: string): Uint8Array | undefined {
  return contentBytes(getBinaryNodeChild(node, tag))
}

export function malformed(element: string): KurirError {
  return new KurirError('invalid-link-code-stanza', `A pairing-code stanza lacks a usable ${element}`, {
    statusCode: 400,
    data: { element },
  })
}
