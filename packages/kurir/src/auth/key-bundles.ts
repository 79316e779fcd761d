import { getBinaryNodeChild, getBinaryNodeChildren } from '../binary/accessors.js'
import { S_WHATSAPP_NET } from '../binary/jid.js'
import type { BinaryNode } from '../binary/node.js'
import { KurirError } from '../errors/kurir-error.js'
import type { SignalRepositoryWithLIDStore } from '../signal/repository.js'
import type { E2ESession } from '../signal/x3dh.js'
import { bigEndianNumber } from './big-endian.js'

const publicKeyLength = 32
const signatureLength = 64
const keyIdLength = 3

/**
 * Asks for the key bundles of devices; each answer uses up one of the device's one-time prekeys.
 *
 * @param identityChanged the reason is that identities changed (docs/protocol/02 §8.1)
 */
export function buildKeyBundleQuery(jids: readonly string[], identityChanged = false): BinaryNode {
  return {
    tag: 'iq',
    attrs: { xmlns: 'encrypt', type: 'get', to: S_WHATSAPP_NET },
    content: [
      {
        tag: 'key',
        attrs: {},
        content: jids.map(jid => ({ tag: 'user', attrs: identityChanged ? { jid, reason: 'identity' } : { jid } })),
      },
    ],
  }
}

export interface KeyBundle {
  readonly jid: string
  readonly session: E2ESession
  /** ADVSignedDeviceIdentity, where the server sends it along. */
  readonly deviceIdentity: Uint8Array | undefined
}

export interface KeyBundles {
  readonly bundles: readonly KeyBundle[]
  /** Devices without a usable bundle: they fail alone, the others are not held up (docs/protocol/02 §8.2). */
  readonly failures: readonly { readonly jid: string; readonly error: KurirError }[]
}

/** Reads the answer to {@link buildKeyBundleQuery}. Signatures are checked when a session is built from a bundle. */
export function parseKeyBundles(answer: BinaryNode): KeyBundles {
  const bundles: KeyBundle[] = []
  const failures: { jid: string; error: KurirError }[] = []
  for (const user of getBinaryNodeChildren(getBinaryNodeChild(answer, 'list'), 'user')) {
    const jid = user.attrs['jid'] ?? ''
    try {
      bundles.push({ jid, session: parseBundle(user, jid), deviceIdentity: bytesOf(user, 'device-identity') })
    } catch (error) {
      if (!KurirError.is(error)) throw error
      failures.push({ jid, error })
    }
  }
  return { bundles, failures }
}

function parseBundle(user: BinaryNode, jid: string): E2ESession {
  const error = getBinaryNodeChild(user, 'error')
  if (error) {
    throw new KurirError('key-bundle-refused', error.attrs['text'] ?? 'The server has no keys of this device', {
      statusCode: 404,
      data: { jid, serverCode: Number(error.attrs['code']) || undefined },
    })
  }
  const signed = getBinaryNodeChild(user, 'skey')
  const oneTime = getBinaryNodeChild(user, 'key')
  return {
    registrationId: bigEndianNumber(sized(user, 'registration', 4, jid)),
    identityKey: sized(user, 'identity', publicKeyLength, jid),
    signedPreKey: {
      keyId: bigEndianNumber(sized(signed, 'id', keyIdLength, jid)),
      publicKey: sized(signed, 'value', publicKeyLength, jid),
      signature: sized(signed, 'signature', signatureLength, jid),
    },
    ...(oneTime && {
      preKey: {
        keyId: bigEndianNumber(sized(oneTime, 'id', keyIdLength, jid)),
        publicKey: sized(oneTime, 'value', publicKeyLength, jid),
      },
    }),
  }
}

function bytesOf(node: BinaryNode | undefined, tag: string): Uint8Array | undefined {
  const content = getBinaryNodeChild(node, tag)?.content
  return content instanceof Uint8Array ? content : undefined
}

function sized(node: BinaryNode | undefined, tag: string, length: number, jid: string): Uint8Array {
  const bytes = bytesOf(node, tag)
  if (bytes?.length === length) return bytes
  throw new KurirError('invalid-key-bundle', `A key bundle has no usable <${tag}>`, {
    statusCode: 400,
    data: { jid, element: tag },
  })
}

/** Builds sessions from a bundle answer, as Baileys' function of this name; users without keys are left out. */
export async function parseAndInjectE2ESessions(
  node: BinaryNode,
  repository: SignalRepositoryWithLIDStore,
): Promise<void> {
  const { bundles } = parseKeyBundles(node)
  for (const { jid, session } of bundles) await repository.injectE2ESession({ jid, session })
}
