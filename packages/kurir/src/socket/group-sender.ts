import { jidNormalizedUser } from '../binary/jid.js'
import type { BinaryNode } from '../binary/node.js'
import { inPieces } from '../groups/group-request.js'
import type { GroupMetadata } from '../groups/group-types.js'
import { attributesBesideBusiness, businessCompanionOf } from '../messages/business-companion.js'
import { buildGroupKeyDistribution, buildGroupMessage, type ExtraStanzaParts } from '../messages/fan-out.js'
import { generateMessageIDV2 } from '../messages/ids.js'
import { maxFanOutDevices } from '../messages/message-stanza.js'
import { buildReportingNode } from '../messages/reporting-token.js'
import { stanzaAttributesOf } from '../messages/stanza-attributes.js'
import { proto } from '../proto/index.js'
import type { SocketCore } from './core.js'
import type { GroupAudiences } from './group-audiences.js'
import type { MessageCopies } from './message-copies.js'
import { patchMessage } from './message-patch.js'
import { ownAccount } from './own-account.js'

/** A message to a group, ready to leave. */
export interface GroupStanza {
  readonly stanza: BinaryNode
  readonly message: proto.IMessage
  /** All devices that it is for, this one left out. */
  readonly devices: readonly string[]
  /** Those that get the sender key with it. */
  readonly newHolders: readonly string[]
  /** What leaves before it: the sender key for those that one stanza has no room for. */
  readonly keysAhead: readonly KeyStanza[]
  readonly phash: string
  readonly addressingMode: 'lid' | 'pn'
}

export interface KeyStanza {
  readonly id: string
  readonly stanza: BinaryNode
  readonly newHolders: readonly string[]
}

export interface GroupStanzaRequest {
  readonly id: string
  readonly metadata: GroupMetadata
  readonly message: proto.IMessage
  readonly useDevicesCache: boolean
  readonly extra: ExtraStanzaParts | undefined
}

/** Encrypts a message for a group (docs/protocol/03, 2.12). */
export async function makeGroupStanza(
  core: SocketCore,
  { audiences, copies }: { readonly audiences: GroupAudiences; readonly copies: MessageCopies },
  { id, metadata, message, useDevicesCache, extra }: GroupStanzaRequest,
): Promise<GroupStanza> {
  const jid = metadata.id
  const me = ownAccount(core.creds)
  const addressingMode = metadata.addressingMode === 'pn' ? 'pn' : 'lid'
  const meId = addressingMode === 'lid' ? (me.lid ?? me.id) : me.id
  const audience = await audiences.of(metadata, meId, me, useDevicesCache)
  const { message: patched } = await patchMessage(core.config.patchMessageBeforeSending, jid, message)
  const encoded = proto.Message.encode(patched).finish()
  const { senderKeyMessage, keyDistribution } = await copies.encryptWithSenderKey(jid, meId, audience, encoded)
  const { phash, others } = audience
  const withMessage = keyDistribution.slice(0, maxFanOutDevices)
  const { deviceIdentity } = copies
  const keysAhead = inPieces(keyDistribution.slice(maxFanOutDevices), maxFanOutDevices).map((part): KeyStanza => {
    const parts = { id: generateMessageIDV2(me.id), to: jid, phash, addressingMode, deviceIdentity } as const
    return {
      id: parts.id,
      stanza: buildGroupKeyDistribution({ ...parts, keyDistribution: part }),
      newHolders: part.map(copy => copy.jid),
    }
  })
  const biz = businessCompanionOf(patched)
  const attributes = stanzaAttributesOf(patched)
  const stanza = buildGroupMessage({
    id,
    to: jid,
    attributes: biz ? attributesBesideBusiness(attributes) : attributes,
    deviceIdentity,
    addressingMode,
    phash,
    senderKeyMessage,
    keyDistribution: withMessage,
    biz,
    reporting: buildReportingNode(patched, encoded, {
      messageId: id,
      senderUserJid: jidNormalizedUser(meId),
      remoteJid: jid,
    }),
    extra,
  })
  const newHolders = withMessage.map(copy => copy.jid)
  return { stanza, message: patched, devices: others, newHolders, keysAhead, phash, addressingMode }
}
