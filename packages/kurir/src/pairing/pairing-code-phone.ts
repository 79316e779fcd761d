import { getBinaryNodeChild, getBinaryNodeChildString } from '../binary/accessors.js'
import type { BinaryNode } from '../binary/node.js'
import { type KeyPair, x25519 } from '../crypto/curve.js'
import { constantTimeEqual } from '../crypto/random.js'
import { KurirError } from '../errors/kurir-error.js'
import {
  COUNTER_LENGTH,
  childBytes,
  deriveAdvSecret,
  element,
  freshMaterial,
  KEY_LENGTH,
  malformed,
  openBundle,
  type PairingMaterial,
  unwrapEphemeral,
  WRAPPED_BUNDLE_LENGTH,
  WRAPPED_KEY_LENGTH,
  wrapEphemeral,
} from './pairing-code-crypto.js'

/** Step 2, on the phone: answers a companion's hello after the user typed the code. */
export async function beginPrimaryHello(
  code: string,
  identity: KeyPair,
  reference: Uint8Array,
  material: PairingMaterial = freshMaterial,
): Promise<{ readonly ephemeral: KeyPair; readonly content: BinaryNode }> {
  const ephemeral = material.generateKeyPair()
  const salt = material.randomBytes(KEY_LENGTH)
  const wrapped = await wrapEphemeral(code, ephemeral.public, salt, material.randomBytes(COUNTER_LENGTH))
  const content: BinaryNode = {
    tag: 'link_code_companion_reg',
    attrs: { stage: 'primary_hello' },
    content: [
      element('link_code_pairing_wrapped_primary_ephemeral_pub', wrapped),
      element('primary_identity_pub', identity.public),
      element('link_code_pairing_ref', reference),
    ],
  }
  return { ephemeral, content }
}

/** What a companion asks for, as the service and the phone read it. */
export interface CompanionHello {
  readonly kind: 'companion-hello'
  readonly jid: string
  readonly wrappedEphemeral: Uint8Array
  /** The companion's Noise public key. */
  readonly noiseKey: Uint8Array
  readonly platformId: string
  readonly platformDisplay: string
}

export interface CompanionFinishRequest {
  readonly kind: 'companion-finish'
  readonly jid: string
  readonly wrappedBundle: Uint8Array
  readonly companionIdentity: Uint8Array
  readonly reference: Uint8Array
}

/** Reads a companion's request, on the side of the service. @throws KurirError `invalid-link-code-stanza` */
export function parseLinkCodeRequest(iq: BinaryNode): CompanionHello | CompanionFinishRequest {
  const node = getBinaryNodeChild(iq, 'link_code_companion_reg')
  const { jid, stage } = node?.attrs ?? {}
  if (!jid) throw malformed('jid')
  const bytes = (tag: string, length: number): Uint8Array => {
    const content = childBytes(node, tag)
    if (content?.length !== length) throw malformed(tag)
    return content
  }
  if (stage === 'companion_hello') {
    return {
      kind: 'companion-hello',
      jid,
      wrappedEphemeral: bytes('link_code_pairing_wrapped_companion_ephemeral_pub', WRAPPED_KEY_LENGTH),
      noiseKey: bytes('companion_server_auth_key_pub', KEY_LENGTH),
      platformId: getBinaryNodeChildString(node, 'companion_platform_id') ?? '',
      platformDisplay: getBinaryNodeChildString(node, 'companion_platform_display') ?? '',
    }
  }
  if (stage !== 'companion_finish') throw malformed('stage')
  const reference = childBytes(node, 'link_code_pairing_ref')
  if (!reference?.length) throw malformed('link_code_pairing_ref')
  return {
    kind: 'companion-finish',
    jid,
    wrappedBundle: bytes('link_code_pairing_wrapped_key_bundle', WRAPPED_BUNDLE_LENGTH),
    companionIdentity: bytes('companion_identity_public', KEY_LENGTH),
    reference,
  }
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
  const sharedEphemeral = x25519(primary.ephemeral, await unwrapEphemeral(code, wrappedCompanionEphemeral))
  const bundle = openBundle(sharedEphemeral, wrappedBundle)
  const companionIdentity = bundle.subarray(0, KEY_LENGTH)
  const random = bundle.subarray(2 * KEY_LENGTH)
  if (!constantTimeEqual(bundle.subarray(KEY_LENGTH, 2 * KEY_LENGTH), primary.identity.public)) {
    throw new KurirError('link-code-identity-mismatch', 'The bundle names another phone', { statusCode: 400 })
  }
  const sharedIdentity = x25519(primary.identity, companionIdentity)
  return { companionIdentity, advSecret: deriveAdvSecret(sharedEphemeral, sharedIdentity, random) }
}
