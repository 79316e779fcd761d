import type { AuthenticationCreds } from '../auth/credentials.js'
import { getBinaryNodeChild } from '../binary/accessors.js'
import { S_WHATSAPP_NET } from '../binary/jid.js'
import type { BinaryNode } from '../binary/node.js'
import { type KeyPair, x25519 } from '../crypto/curve.js'
import { constantTimeEqual } from '../crypto/random.js'
import { KurirError } from '../errors/kurir-error.js'
import { companionDisplayName, getCompanionPlatformId, type WABrowserDescription } from './browsers.js'
import {
  COUNTER_LENGTH,
  childBytes,
  deriveAdvSecret,
  element,
  freshMaterial,
  GCM_IV_LENGTH,
  generatePairingCode,
  KEY_LENGTH,
  malformed,
  type PairingMaterial,
  sealBundle,
  unwrapEphemeral,
  WRAPPED_KEY_LENGTH,
  wrapEphemeral,
} from './pairing-code-crypto.js'

export { normalizePairingCode } from './pairing-code-crypto.js'

const SHORTEST_PHONE_NUMBER = 7

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
  /** Replaceable in tests. */
  readonly material?: PairingMaterial
}

/** Step 1, on the device to be linked. @throws KurirError `invalid-phone-number` (400) */
export async function beginPairingByCode(options: CodePairingOptions): Promise<CodePairing> {
  const { creds, browser, code = generatePairingCode(), material = freshMaterial } = options
  const jid = phoneNumberJid(options.phoneNumber)
  const ephemeral = material.generateKeyPair()
  const salt = material.randomBytes(KEY_LENGTH)
  const wrapped = await wrapEphemeral(code, ephemeral.public, salt, material.randomBytes(COUNTER_LENGTH))
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
  return childBytes(getBinaryNodeChild(answer, 'link_code_companion_reg'), 'link_code_pairing_ref')
}

/** Asks for the country of the own address, to help people type their number; see {@link readCountryCode}. */
export function buildCountryCodeQuery(): BinaryNode {
  return {
    tag: 'iq',
    attrs: { to: S_WHATSAPP_NET, type: 'get', xmlns: 'md' },
    content: [{ tag: 'link_code_companion_reg', attrs: { stage: 'get_country_code' } }],
  }
}

/** The country (ISO 3166-1 alpha-2) in the answer to {@link buildCountryCodeQuery}. */
export function readCountryCode(answer: BinaryNode): string | undefined {
  const registration = getBinaryNodeChild(answer, 'link_code_companion_reg')
  return (getBinaryNodeChild(registration, 'country_code') ?? getBinaryNodeChild(answer, 'country_code'))?.attrs.iso
}

export interface PrimaryHello {
  readonly kind: 'primary-hello'
  readonly wrappedEphemeral: Uint8Array
  readonly primaryIdentity: Uint8Array
  readonly reference: Uint8Array
}

/** The code has expired: a new one is due, made at once or (`manual`) when the user asks for it. */
export interface RefreshCode {
  readonly kind: 'refresh-code'
  readonly manual: boolean
  /** Absent when the server does not say which attempt it means. */
  readonly reference: Uint8Array | undefined
}

export type LinkCodeStage = PrimaryHello | RefreshCode

/**
 * What a `link_code_companion_reg` notification says.
 *
 * @throws KurirError `invalid-link-code-stanza`, for an unknown stage too (docs/protocol/01 §7.3: Baileys takes any
 *   stage for `primary_hello`)
 */
export function parseLinkCodeNotification(notification: BinaryNode): LinkCodeStage {
  const node = getBinaryNodeChild(notification, 'link_code_companion_reg')
  const reference = childBytes(node, 'link_code_pairing_ref')
  switch (node?.attrs.stage) {
    case 'refresh_code':
      return { kind: 'refresh-code', manual: node.attrs.force_manual_refresh === 'true', reference }
    case 'primary_hello': {
      const wrappedEphemeral = childBytes(node, 'link_code_pairing_wrapped_primary_ephemeral_pub')
      const primaryIdentity = childBytes(node, 'primary_identity_pub')
      if (wrappedEphemeral?.length !== WRAPPED_KEY_LENGTH) throw malformed('wrapped-ephemeral')
      if (primaryIdentity?.length !== KEY_LENGTH) throw malformed('primary-identity')
      if (!reference?.length) throw malformed('reference')
      return { kind: 'primary-hello', wrappedEphemeral, primaryIdentity, reference }
    }
    default:
      throw malformed('stage')
  }
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
  material: PairingMaterial = freshMaterial,
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
  const random = material.randomBytes(KEY_LENGTH)
  const bundle = Buffer.concat([identity.public, hello.primaryIdentity, random])
  const salt = material.randomBytes(KEY_LENGTH)
  const sealed = sealBundle(sharedEphemeral, bundle, salt, material.randomBytes(GCM_IV_LENGTH))
  const request = linkCodeRequest({ jid: pairing.jid, stage: 'companion_finish' }, [
    element('link_code_pairing_wrapped_key_bundle', sealed),
    element('companion_identity_public', identity.public),
    element('link_code_pairing_ref', hello.reference),
  ])
  return { request, advSecretKey: deriveAdvSecret(sharedEphemeral, sharedIdentity, random).toString('base64') }
}

function linkCodeRequest(attrs: BinaryNode['attrs'], content: BinaryNode[]): BinaryNode {
  return {
    tag: 'iq',
    attrs: { to: S_WHATSAPP_NET, type: 'set', xmlns: 'md' },
    content: [{ tag: 'link_code_companion_reg', attrs, content }],
  }
}
