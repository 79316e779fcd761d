import { contentBytes, contentString, getBinaryNodeChild, getBinaryNodeChildren } from '../binary/accessors.js'
import { S_WHATSAPP_NET } from '../binary/jid.js'
import type { BinaryNode } from '../binary/node.js'
import { KurirError } from '../errors/kurir-error.js'

/** Bytes of `<device-identity>` in pair-success (docs/protocol/01 §6.4). */
const longestDeviceIdentity = 500

/** `<pair-device>` with its references, as a server sends it (docs/protocol/01 §6.1). */
export function buildPairDevice(id: string, references: readonly string[]): BinaryNode {
  return {
    tag: 'iq',
    attrs: { from: S_WHATSAPP_NET, type: 'set', id, xmlns: 'md' },
    content: [
      {
        tag: 'pair-device',
        attrs: {},
        content: references.map(reference => ({ tag: 'ref', attrs: {}, content: Buffer.from(reference) })),
      },
    ],
  }
}

/**
 * The references of a `<pair-device>`, in the order in which they are to be shown.
 *
 * @throws KurirError `invalid-pair-device` when there is none
 */
export function parsePairDevice(iq: BinaryNode): readonly string[] {
  const references = getBinaryNodeChildren(getBinaryNodeChild(iq, 'pair-device'), 'ref')
    .map(reference => contentString(reference) ?? '')
    .filter(reference => reference !== '')
  if (references.length === 0) {
    throw new KurirError('invalid-pair-device', 'The server offered no pairing reference', {
      data: { id: iq.attrs.id },
    })
  }
  return references
}

/** Facts of a `<pair-success>` (docs/protocol/01 §6.4). */
export interface PairSuccess {
  /** ADVSignedDeviceIdentityHMAC. */
  readonly deviceIdentity: Uint8Array
  readonly jid: string
  readonly lid: string
  readonly platform: string | undefined
  readonly businessName: string | undefined
}

/** `<pair-success>` as a server sends it. `t` is in unix seconds. */
export function buildPairSuccess(id: string, t: number, success: PairSuccess): BinaryNode {
  const { deviceIdentity, jid, lid, platform, businessName } = success
  return {
    tag: 'iq',
    attrs: { from: S_WHATSAPP_NET, type: 'set', id, xmlns: 'md', t: String(t) },
    content: [
      {
        tag: 'pair-success',
        attrs: {},
        content: [
          { tag: 'device-identity', attrs: {}, content: deviceIdentity },
          { tag: 'device', attrs: { jid, lid } },
          ...(platform === undefined ? [] : [{ tag: 'platform', attrs: { name: platform } }]),
          ...(businessName === undefined ? [] : [{ tag: 'biz', attrs: { name: businessName } }]),
          { tag: 'jurisdiction', attrs: { cc: 'ID', iso: 'ID' } },
        ],
      },
    ],
  }
}

/** @throws KurirError `pairing-incomplete` when the identity or the device is missing */
export function parsePairSuccess(iq: BinaryNode): PairSuccess {
  const node = getBinaryNodeChild(iq, 'pair-success')
  const deviceIdentity = contentBytes(getBinaryNodeChild(node, 'device-identity'))
  const device = getBinaryNodeChild(node, 'device')
  const { jid, lid } = device?.attrs ?? {}
  if (!deviceIdentity?.length || deviceIdentity.length > longestDeviceIdentity) throw incomplete('device-identity')
  if (!jid || !lid) throw incomplete('device')
  return {
    deviceIdentity,
    jid,
    lid,
    platform: getBinaryNodeChild(node, 'platform')?.attrs.name,
    businessName: getBinaryNodeChild(node, 'biz')?.attrs.name,
  }
}

function incomplete(element: string): KurirError {
  return new KurirError('pairing-incomplete', `pair-success lacks a usable <${element}>`, {
    statusCode: 500,
    data: { element },
  })
}

/**
 * The answer to `<pair-success>`.
 *
 * @param deviceIdentity ADVSignedDeviceIdentity without the account's signature key
 */
export function buildPairDeviceSign(id: string, deviceIdentity: Uint8Array, keyIndex: number): BinaryNode {
  const identity = { tag: 'device-identity', attrs: { 'key-index': String(keyIndex) }, content: deviceIdentity }
  return {
    tag: 'iq',
    attrs: { to: S_WHATSAPP_NET, type: 'result', id },
    content: [{ tag: 'pair-device-sign', attrs: {}, content: [identity] }],
  }
}

/** Reads {@link buildPairDeviceSign}, on the phone's side. @throws KurirError `pairing-incomplete` */
export function parsePairDeviceSign(iq: BinaryNode): {
  readonly deviceIdentity: Uint8Array
  readonly keyIndex: number
} {
  const identity = getBinaryNodeChild(getBinaryNodeChild(iq, 'pair-device-sign'), 'device-identity')
  const bytes = contentBytes(identity)
  const keyIndex = identity?.attrs['key-index'] ?? ''
  if (bytes === undefined || !/^\d{1,9}$/.test(keyIndex)) throw incomplete('device-identity')
  return { deviceIdentity: bytes, keyIndex: Number(keyIndex) }
}

/** Error code and text of each failed check, as other clients give them (docs/protocol/01 §6.5). */
const refusals: ReadonlyMap<string, readonly [code: string, text: string]> = new Map([
  ['pairing-hmac-mismatch', ['401', 'hmac-mismatch']],
  ['pairing-account-signature-invalid', ['401', 'signature-mismatch']],
])

/** The reply to a `<pair-success>` that was refused. */
export function pairingErrorReply(iq: BinaryNode, error: unknown): BinaryNode {
  const [code, text] = refusals.get(KurirError.is(error) ? error.code : '') ?? ['500', 'internal-error']
  return {
    tag: 'iq',
    attrs: { to: S_WHATSAPP_NET, type: 'error', id: iq.attrs.id ?? '' },
    content: [{ tag: 'error', attrs: { code, text } }],
  }
}

/** The empty result that a server expects for `<pair-device>`. */
export function pairDeviceReply(iq: BinaryNode): BinaryNode {
  return { tag: 'iq', attrs: { to: S_WHATSAPP_NET, type: 'result', id: iq.attrs.id ?? '' } }
}

/**
 * Asks the server to remove a linked device: this one for a logout (docs/protocol/01 §8.7). The server answers with an
 * empty result and closes, or says that the device is removed.
 */
export function buildRemoveCompanionDevice(jid: string, reason = 'user_initiated'): BinaryNode {
  return {
    tag: 'iq',
    attrs: { to: S_WHATSAPP_NET, type: 'set', xmlns: 'md' },
    content: [{ tag: 'remove-companion-device', attrs: { jid, reason } }],
  }
}

/** Whether a notification asks for a new QR at once (docs/protocol/01 §6.3). */
export function isPairingRefresh(notification: BinaryNode): boolean {
  return notification.tag === 'notification' && notification.attrs.type === 'companion_reg_refresh'
}
