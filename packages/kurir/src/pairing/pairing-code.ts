import type { AuthenticationCreds } from '../auth/credentials.js'
import { getBinaryNodeChild, getBinaryNodeChildBuffer } from '../binary/accessors.js'
import { S_WHATSAPP_NET } from '../binary/jid.js'
import type { BinaryNode } from '../binary/node.js'
import { aesCtrDecrypt, aesCtrEncrypt, aesGcmDecrypt, aesGcmEncrypt } from '../crypto/aes.js'
import { generateKeyPair, type KeyPair, x25519 } from '../crypto/curve.js'
import { hkdf, pbkdf2Sha256 } from '../crypto/hkdf.js'
import { constantTimeEqual, randomBytes } from '../crypto/random.js'
import { KurirError } from '../errors/kurir-error.js'
import { companionDisplayName, getCompanionPlatformId, type WABrowserDescription } from './browsers.js'

/*
 * Linking by an eight-character code instead of a QR (docs/protocol/01 §7). The code is a password: each side sends an
 * ephemeral key encrypted under it, and both derive the pairing secret from the ephemeral and the identity keys.
 */

const ALPHABET = '123456789ABCDEFGHJKLMNPQRSTVWXYZ'
const CODE = new RegExp(`^[${ALPHABET}]{8}$`)
const CODE_ENTROPY_BYTES = 5
const PBKDF2_ITERATIONS = 131_072
const KEY_LENGTH = 32
const COUNTER_LENGTH = 16
const GCM_IV_LENGTH = 12
const WRAPPED_KEY_LENGTH = KEY_LENGTH + COUNTER_LENGTH + KEY_LENGTH
const WRAPPED_BUNDLE_LENGTH = KEY_LENGTH + GCM_IV_LENGTH + 3 * KEY_LENGTH + 16
const BUNDLE_KEY_INFO = 'link_code_pairing_key_bundle_encryption_key'
const ADV_SECRET_INFO = 'adv_secret'
const SHORTEST_PHONE_NUMBER = 7

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

/** The key that a code stands for: 131,072 rounds of PBKDF2. */
export function derivePairingCodeKey(pairingCode: string, salt: Uint8Array): Promise<Buffer> {
  return pbkdf2Sha256(pairingCode, salt, PBKDF2_ITERATIONS, KEY_LENGTH)
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

/** A pairing by code that is under way. The ephemeral is fresh for each attempt. */
export interface CodePairing {
  readonly code: string
  /** Own JID without device. */
  readonly jid: string
  readonly ephemeral: KeyPair
  /** From the server's answer to the request. */
  readonly reference: Uint8Array | undefined
  /** `companion_hello`, to be sent as a query. */
  readonly request: BinaryNode
}

export interface CodePairingOptions {
  readonly creds: Pick<AuthenticationCreds, 'noiseKey'>
  readonly phoneNumber: string
  readonly browser: WABrowserDescription
  readonly code?: string | undefined
}

/** Step 1, on the device to be linked. @throws KurirError `invalid-phone-number` (400) */
export async function beginPairingByCode(options: CodePairingOptions): Promise<CodePairing> {
  const { creds, browser, code = generatePairingCode() } = options
  const jid = phoneNumberJid(options.phoneNumber)
  const ephemeral = generateKeyPair()
  const wrapped = await wrapEphemeral(code, ephemeral.public)
  const request = linkCodeRequest({ jid, stage: 'companion_hello', should_show_push_notification: 'true' }, [
    element('link_code_pairing_wrapped_companion_ephemeral_pub', wrapped),
    element('companion_server_auth_key_pub', creds.noiseKey.public),
    element('companion_platform_id', getCompanionPlatformId(browser)),
    element('companion_platform_display', companionDisplayName(browser)),
    element('link_code_pairing_nonce', '0'),
  ])
  return { code, jid, ephemeral, reference: undefined, request }
}

function phoneNumberJid(phoneNumber: string): string {
  const digits = phoneNumber.replace(/\D/g, '')
  if (digits.length < SHORTEST_PHONE_NUMBER || digits.startsWith('0')) {
    throw new KurirError('invalid-phone-number', 'The phone number must be in international form, digits only', {
      statusCode: 400,
      data: { digits: digits.length },
    })
  }
  return digits + S_WHATSAPP_NET
}

/** The reference in the server's answer to `companion_hello`. */
export function readPairingReference(answer: BinaryNode): Uint8Array | undefined {
  return getBinaryNodeChildBuffer(getBinaryNodeChild(answer, 'link_code_companion_reg'), 'link_code_pairing_ref')
}

export interface PrimaryHello {
  readonly kind: 'primary-hello'
  readonly wrappedEphemeral: Uint8Array
  readonly primaryIdentity: Uint8Array
  readonly reference: Uint8Array
}

export type LinkCodeStage = PrimaryHello | { readonly kind: 'refresh-code'; readonly manual: boolean }

/** What a `link_code_companion_reg` notification says. @throws KurirError `invalid-link-code-stanza` */
export function parseLinkCodeNotification(notification: BinaryNode): LinkCodeStage {
  const node = getBinaryNodeChild(notification, 'link_code_companion_reg')
  if (!node) throw malformed('link_code_companion_reg')
  if (node.attrs['stage'] === 'refresh_code') {
    return { kind: 'refresh-code', manual: node.attrs['force_manual_refresh'] === 'true' }
  }
  const wrappedEphemeral = getBinaryNodeChildBuffer(node, 'link_code_pairing_wrapped_primary_ephemeral_pub')
  const primaryIdentity = getBinaryNodeChildBuffer(node, 'primary_identity_pub')
  const reference = getBinaryNodeChildBuffer(node, 'link_code_pairing_ref')
  if (!wrappedEphemeral || primaryIdentity?.length !== KEY_LENGTH || !reference) throw malformed('primary_hello')
  return { kind: 'primary-hello', wrappedEphemeral, primaryIdentity, reference }
}

export interface CompanionFinish {
  /** Store it before the request leaves: pair-success may follow at once. Base64. */
  readonly advSecretKey: string
  readonly request: BinaryNode
}

/**
 * Step 3, on the device to be linked: opens the phone's ephemeral and answers with the sealed bundle.
 *
 * @throws KurirError `link-code-reference-mismatch`, `invalid-link-code-stanza`, `invalid-public-key`
 */
export async function answerPrimaryHello(
  hello: PrimaryHello,
  pairing: CodePairing,
  creds: Pick<AuthenticationCreds, 'signedIdentityKey'>,
): Promise<CompanionFinish> {
  if (!pairing.reference || !constantTimeEqual(hello.reference, pairing.reference)) {
    throw new KurirError('link-code-reference-mismatch', 'The phone answered another pairing attempt', {
      statusCode: 400,
    })
  }
  const identity = creds.signedIdentityKey
  const primaryEphemeral = await unwrapEphemeral(pairing.code, hello.wrappedEphemeral)
  const sharedEphemeral = x25519(pairing.ephemeral, primaryEphemeral)
  const sharedIdentity = x25519(identity, hello.primaryIdentity)
  const random = randomBytes(KEY_LENGTH)
  const bundle = Buffer.concat([identity.public, hello.primaryIdentity, random])
  const request = linkCodeRequest({ jid: pairing.jid, stage: 'companion_finish' }, [
    element('link_code_pairing_wrapped_key_bundle', sealBundle(sharedEphemeral, bundle)),
    element('companion_identity_public', identity.public),
    element('link_code_pairing_ref', hello.reference),
  ])
  return { request, advSecretKey: deriveAdvSecret(sharedEphemeral, sharedIdentity, random).toString('base64') }
}

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

/** Step 2, on the phone: answers a companion's hello after the user typed the code. */
export async function beginPrimaryHello(
  code: string,
  identity: KeyPair,
  reference: Uint8Array,
): Promise<{ readonly ephemeral: KeyPair; readonly content: BinaryNode }> {
  const ephemeral = generateKeyPair()
  const content: BinaryNode = {
    tag: 'link_code_companion_reg',
    attrs: { stage: 'primary_hello' },
    content: [
      element('link_code_pairing_wrapped_primary_ephemeral_pub', await wrapEphemeral(code, ephemeral.public)),
      element('primary_identity_pub', identity.public),
      element('link_code_pairing_ref', reference),
    ],
  }
  return { ephemeral, content }
}

export interface CompanionBundle {
  readonly companionIdentity: Buffer
  readonly advSecret: Buffer
}

/**
 * The phone's last step: opens the companion's bundle and derives the pairing secret.
 *
 * @throws KurirError `mac-mismatch` when the code was typed wrong, `link-code-identity-mismatch`
 */
export async function openCompanionFinish(
  code: string,
  wrappedCompanionEphemeral: Uint8Array,
  wrappedBundle: Uint8Array,
  primary: { readonly ephemeral: KeyPair; readonly identity: KeyPair },
): Promise<CompanionBundle> {
  if (wrappedBundle.length !== WRAPPED_BUNDLE_LENGTH) throw malformed('wrapped-key-bundle')
  const sharedEphemeral = x25519(primary.ephemeral, await unwrapEphemeral(code, wrappedCompanionEphemeral))
  const salt = wrappedBundle.subarray(0, KEY_LENGTH)
  const iv = wrappedBundle.subarray(KEY_LENGTH, KEY_LENGTH + GCM_IV_LENGTH)
  const key = hkdf(sharedEphemeral, KEY_LENGTH, { salt, info: BUNDLE_KEY_INFO })
  const bundle = aesGcmDecrypt(key, iv, wrappedBundle.subarray(KEY_LENGTH + GCM_IV_LENGTH))
  const [companionIdentity, primaryIdentity, random] = [0, 1, 2].map(part =>
    bundle.subarray(part * KEY_LENGTH, (part + 1) * KEY_LENGTH),
  )
  if (
    !companionIdentity ||
    !primaryIdentity ||
    !random ||
    !constantTimeEqual(primaryIdentity, primary.identity.public)
  ) {
    throw new KurirError('link-code-identity-mismatch', 'The bundle names another phone', { statusCode: 400 })
  }
  const sharedIdentity = x25519(primary.identity, companionIdentity)
  return { companionIdentity, advSecret: deriveAdvSecret(sharedEphemeral, sharedIdentity, random) }
}

function linkCodeRequest(attrs: BinaryNode['attrs'], content: BinaryNode[]): BinaryNode {
  return {
    tag: 'iq',
    attrs: { to: S_WHATSAPP_NET, type: 'set', xmlns: 'md' },
    content: [{ tag: 'link_code_companion_reg', attrs, content }],
  }
}

function element(tag: string, content: string | Uint8Array): BinaryNode {
  return { tag, attrs: {}, content }
}

function malformed(element: string): KurirError {
  return new KurirError('invalid-link-code-stanza', `A pairing-code stanza lacks a usable ${element}`, {
    statusCode: 400,
    data: { element },
  })
}
