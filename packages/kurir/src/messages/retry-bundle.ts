import type { BinaryNode } from '../binary/node.js'
import { typedPublicKey } from '../crypto/curve.js'
import type { E2ESession } from '../signal/repository.js'
import { bigEndianOf, bytesOf, childNode } from './stanza-values.js'

const curve25519 = 5
const publicKeyLength = 32
const signatureLength = 64

/**
 * The key bundle inside a retry receipt, as `injectE2ESession` takes it; null when there is none or it is damaged. The
 * bundle is untrusted: its signature is checked when a session is built from it. {@link parseRetryReceipt} reads the
 * rest of the receipt and says what is wrong.
 */
export function extractE2ESessionFromRetryReceipt(receipt: BinaryNode): E2ESession | null {
  const keys = childNode(receipt, 'keys')
  const registrationId = bigEndianOf(childNode(receipt, 'registration'), 4)
  if (keys === undefined || registrationId === undefined || bigEndianOf(childNode(keys, 'type'), 1) !== curve25519) {
    return null
  }
  const identityKey = publicKeyIn(keys, 'identity')
  const signedPreKey = signedKeyIn(childNode(keys, 'skey'))
  const oneTime = childNode(keys, 'key')
  const preKey = keyIn(oneTime)
  if (identityKey === undefined || signedPreKey === undefined) return null
  if (oneTime !== undefined && preKey === undefined) return null
  return { registrationId, identityKey, signedPreKey, ...(preKey && { preKey }) }
}

function signedKeyIn(node: BinaryNode | undefined): E2ESession['signedPreKey'] | undefined {
  const key = keyIn(node)
  const signature = node && bytesOf(childNode(node, 'signature'))
  return key && signature?.byteLength === signatureLength ? { ...key, signature } : undefined
}

function keyIn(node: BinaryNode | undefined): { keyId: number; publicKey: Uint8Array } | undefined {
  const keyId = node && bigEndianOf(childNode(node, 'id'), 3)
  const publicKey = node && publicKeyIn(node, 'value')
  return keyId === undefined || publicKey === undefined ? undefined : { keyId, publicKey }
}

/** With the type byte, as Baileys gives it. */
function publicKeyIn(node: BinaryNode, tag: string): Uint8Array | undefined {
  const bytes = bytesOf(childNode(node, tag))
  return bytes?.byteLength === publicKeyLength ? typedPublicKey(bytes) : undefined
}
