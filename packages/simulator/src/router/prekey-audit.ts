import type { BinaryNode } from 'kurir/binary'
import { getBinaryNodeChild } from 'kurir/binary'
import { proto } from 'kurir/proto'
import type { Device } from '../accounts/device.js'
import type { ServiceCore } from './service-core.js'
import { bytesOf } from './stanzas.js'

/** The fields of a prekey message that are readable on the way (docs/protocol/02 §2.4). */
interface PreKeyMessageHead {
  readonly preKeyId: number | undefined
  readonly baseKey: Uint8Array
}

/** Checks what can be checked without keys: that one-time prekeys are used once, and that identities are the linked ones. */
export class PreKeyAudit {
  readonly #core: ServiceCore

  constructor(core: ServiceCore) {
    this.#core = core
  }

  inspect(sender: Device, receiver: Device, node: BinaryNode, parts: readonly BinaryNode[]): void {
    for (const part of parts) {
      if (part.attrs['type'] === 'pkmsg') this.#inspectPreKeyMessage(sender, receiver, node, bytesOf(part))
    }
    if (sender.id !== 0) this.#inspectIdentity(sender, node)
  }

  #inspectPreKeyMessage(sender: Device, receiver: Device, node: BinaryNode, bytes: Uint8Array | undefined): void {
    const head = bytes === undefined ? undefined : readHead(bytes)
    if (head === undefined) {
      this.#core.violation(sender, 'invalid-stanza', 'a pkmsg is no prekey message', node)
      return
    }
    if (head.preKeyId === undefined) return
    if (receiver.preKeys.noteUse(head.preKeyId, head.baseKey) === 'reused') {
      const message = `prekey ${head.preKeyId} of ${receiver.pn} was used for another session before`
      this.#core.violation(sender, 'prekey-reuse', message, node)
    }
  }

  #inspectIdentity(sender: Device, node: BinaryNode): void {
    const shown = bytesOf(getBinaryNodeChild(node, 'device-identity'))
    if (shown === undefined || sender.deviceIdentity === undefined) return
    if (sender.checkedIdentity !== undefined && Buffer.compare(sender.checkedIdentity, shown) === 0) return
    if (isLinkedIdentity(shown, sender)) sender.checkedIdentity = shown
    else this.#core.violation(sender, 'wrong-device-identity', 'device-identity is not the linked one', node)
  }
}

const readHead = (bytes: Uint8Array): PreKeyMessageHead | undefined => {
  try {
    if (bytes[0] !== 0x33) return undefined
    const { preKeyId, baseKey } = proto.PreKeySignalMessage.decode(bytes.subarray(1))
    return baseKey == null ? undefined : { preKeyId: preKeyId ?? undefined, baseKey }
  } catch {
    return undefined
  }
}

/** The same details and signatures as at pairing, with the account key of the phone. */
const isLinkedIdentity = (shown: Uint8Array, sender: Device): boolean => {
  try {
    const given = proto.ADVSignedDeviceIdentity.decode(shown)
    const linked = proto.ADVSignedDeviceIdentity.decode(sender.deviceIdentity ?? Buffer.alloc(0))
    const phoneKey = sender.account.phone?.keys.identity
    return (
      same(given.details, linked.details) &&
      same(given.accountSignature, linked.accountSignature) &&
      same(given.deviceSignature, linked.deviceSignature) &&
      same(given.accountSignatureKey, phoneKey)
    )
  } catch {
    return false
  }
}

const same = (left: Uint8Array | null | undefined, right: Uint8Array | null | undefined): boolean =>
  left != null && right != null && Buffer.compare(left, right) === 0
