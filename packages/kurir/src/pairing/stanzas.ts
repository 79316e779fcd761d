import { getBinaryNodeChild, getBinaryNodeChildren } from '../binary/accessors.js'
import { S_WHATSAPP_NET } from '../binary/jid.js'
import type { BinaryNode } from '../binary/node.js'
import { KurirError } from '../errors/kurir-error.js'

/** References that a server offers at once. */
export const referencesPerOffer = 6

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
    .map(({ content }) =>
      typeof content === 'string' ? content : content instanceof Uint8Array ? Buffer.from(content).toString() : '',
    )
    .filter(reference => reference !== '')
  if (references.length === 0) {
    throw new KurirError('invalid-pair-device', 'The server offered no pairing reference', {
      data: { id: iq.attrs['id'] },
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
  const deviceIdentity = getBinaryNodeChild(node, 'device-identity')?.content
  const device = getBinaryNodeChild(node, 'device')
  const { jid, lid } = device?.attrs ?? {}
  if (!(deviceIdentity instanceof Uint8Array) || deviceIdentity.length === 0 || deviceIdentity.length > 500) {
    throw incomplete('device-identity')
  }
  if (!jid || !lid) throw incomplete('device')
  return {
    deviceIdentity,
    jid,
    lid,
    platform: getBinaryNodeChild(node, 'platform')?.attrs['name'],
    businessName: getBinaryNodeChild(node, 'biz')?.attrs['name'],
  }
}

function incomplete(element: string): KurirError {
  return new KurirError('pairing-incomplete', `pair-success lacks a usable <${element}>`, {
    statusCode: 500,
    data: { element },
  })
}

/** The reply to a `<pair-success>` that was refused; codes and texts are those of other clients. */
export function pairingErrorReply(iq: BinaryNode, error: unknown): BinaryNode {
  const code = KurirError.is(error) ? error.code : undefined
  const [status, text] =
    code === 'pairing-hmac-mismatch'
      ? ['401', 'hmac-mismatch']
      : code === 'pairing-account-signature-invalid'
        ? ['401', 'signature-mismatch']
        : ['500', 'internal-error']
  return {
    tag: 'iq',
    attrs: { to: S_WHATSAPP_NET, type: 'error', id: iq.attrs['id'] ?? '' },
    content: [{ tag: 'error', attrs: { code: status, text } }],
  }
}
