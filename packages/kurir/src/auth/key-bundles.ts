import { contentBytes, getBinaryNodeChild, getBinaryNodeChildren } from '../binary/accessors.js'
import { accountJid, S_WHATSAPP_NET } from '../binary/jid.js'
import type { BinaryNode } from '../binary/node.js'
import { KurirError } from '../errors/kurir-error.js'
import { checkCompanion, isCompanion, type KnownIdentities } from '../signal/companion-trust.js'
import type { SignalRepositoryWithLIDStore } from '../signal/repository.js'
import type { E2ESession } from '../signal/x3dh.js'
import { bigEndianNumber } from './big-endian.js'

const publicKeyLength = 32
const signatureLength = 64
const keyIdLength = 3
/** Key type byte. */
const curve25519 = 5

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

/**
 * Reads the answer to {@link buildKeyBundleQuery}. Nothing is verified yet: see {@link checkCompanion}; the signature of a
 * signed prekey is checked when a session is built from it.
 */
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
  const type = bytesOf(user, 'type')
  if (type !== undefined && (type.length !== 1 || type[0] !== curve25519)) throw invalidBundle('type', jid)
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
  return contentBytes(getBinaryNodeChild(node, tag))
}

function sized(node: BinaryNode | undefined, tag: string, length: number, jid: string): Uint8Array {
  const bytes = bytesOf(node, tag)
  if (bytes?.length === length) return bytes
  throw invalidBundle(tag, jid)
}

function invalidBundle(element: string, jid: string): KurirError {
  return new KurirError('invalid-key-bundle', `A key bundle has no usable <${element}>`, {
    statusCode: 400,
    data: { jid, element },
  })
}

/** Sessions built at the same time. */
const injectedAtOnce = 100

/**
 * Builds sessions from the answer to {@link buildKeyBundleQuery}. Devices whose bundle is missing, damaged, forged or
 * not vouched for by its account are left out and the others are not held up (docs/protocol/02 §8.2: Baileys drops the
 * whole answer). With a repository that keeps no identities, companions are held against the phones of the same answer.
 *
 * @throws KurirError of the first device when no session at all could be built
 */
export async function parseAndInjectE2ESessions(
  node: BinaryNode,
  repository: Pick<SignalRepositoryWithLIDStore, 'injectE2ESession'> & Partial<KnownIdentities>,
): Promise<void> {
  const { bundles, failures } = parseKeyBundles(node)
  const identities = identitiesOf(repository, bundles)
  let built = 0
  let failure: unknown = failures[0]?.error
  const build = async ({ jid, session, deviceIdentity }: KeyBundle): Promise<void> => {
    await checkCompanion(identities, { jid, identityKey: session.identityKey, deviceIdentity }, 'refuse')
    await repository.injectE2ESession({ jid, session })
  }
  // The identities of phones vouch for those of the companions.
  const phones = bundles.filter(({ jid }) => !isCompanion(jid))
  const companions = bundles.filter(({ jid }) => isCompanion(jid))
  for (const group of [phones, companions]) {
    for (let start = 0; start < group.length; start += injectedAtOnce) {
      for (const result of await Promise.allSettled(group.slice(start, start + injectedAtOnce).map(build))) {
        if (result.status === 'fulfilled') built++
        else failure ??= result.reason
      }
    }
  }
  if (built === 0 && failure !== undefined) throw failure
}

function identitiesOf(repository: Partial<KnownIdentities>, bundles: readonly KeyBundle[]): KnownIdentities {
  const { getIdentityKey, saveIdentityKey } = repository
  if (getIdentityKey !== undefined && saveIdentityKey !== undefined) return { getIdentityKey, saveIdentityKey }
  const phones = bundles.filter(({ jid }) => !isCompanion(jid))
  const known = new Map(phones.map(({ jid, session }) => [accountJid(jid), session.identityKey]))
  return {
    getIdentityKey: async jid => (isCompanion(jid) ? undefined : known.get(accountJid(jid))),
    saveIdentityKey: async (jid, identityKey) => {
      known.set(accountJid(jid), identityKey)
      return true
    },
  }
}
