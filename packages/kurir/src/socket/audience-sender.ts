import { isJidStatusBroadcast, isPnUser, jidNormalizedUser } from '../binary/jid.js'
import type { BinaryNode } from '../binary/node.js'
import { invalidContent } from '../messages/content/content-error.js'
import type { StatusSetting } from '../messages/content/content-types.js'
import { buildBroadcastListMessage, buildStatusMessage, type ExtraStanzaParts } from '../messages/fan-out.js'
import { isUserChat } from '../messages/own-account.js'
import { buildReportingNode } from '../messages/reporting-token.js'
import { stanzaAttributesOf } from '../messages/stanza-attributes.js'
import { proto } from '../proto/index.js'
import { participantHash } from '../usync/participant-hash.js'
import type { SocketCore } from './core.js'
import type { DeviceDirectory } from './device-directory.js'
import { isHosted, type MessageCopies } from './message-copies.js'
import { patchMessage } from './message-patch.js'
import { isThisDevice, ownAccount } from './own-account.js'

/** A status post or a message to a broadcast list, ready to leave. */
export interface AudienceStanza {
  readonly stanza: BinaryNode
  /** Devices that get the sender key with it. */
  readonly newHolders: readonly string[]
}

export interface AudienceStanzaRequest {
  readonly id: string
  readonly jid: string
  readonly message: proto.IMessage
  /** People that shall read it; we ourselves are added. */
  readonly audience: readonly string[] | undefined
  readonly statusSetting: StatusSetting | undefined
  readonly useDevicesCache: boolean
  readonly extra: ExtraStanzaParts | undefined
}

/** Most people that one post is for: what one stanza can name. */
const maxAudience = 2_000

/**
 * Encrypts a message for people whom the sender chooses: a status, or a broadcast list (docs/protocol/03, 2.13). Both are
 * addressed by LID.
 *
 * @throws KurirError `invalid-content` without an audience: nobody could read it
 */
export async function makeAudienceStanza(
  core: SocketCore,
  { devices, copies }: { readonly devices: DeviceDirectory; readonly copies: MessageCopies },
  request: AudienceStanzaRequest,
): Promise<AudienceStanza> {
  const { id, jid, useDevicesCache, extra } = request
  const me = ownAccount(core.creds)
  const meId = me.lid ?? me.id
  const ownUser = jidNormalizedUser(meId)
  const users = await lidsOf(core, devices, checkAudience(request.audience))
  const all = (await devices.devicesOf([...new Set([...users, ownUser])], useDevicesCache)).filter(
    device => !isHosted(device),
  )
  const others = all.filter(device => !isThisDevice(device, me))
  const { message } = await patchMessage(core.config.patchMessageBeforeSending, jid, request.message)
  const encoded = proto.Message.encode(message).finish()
  const { senderKeyMessage, keyDistribution } = await copies.encryptWithSenderKey(jid, meId, { all, others }, encoded)
  const newHolders = keyDistribution.map(copy => copy.jid)
  const attributes = stanzaAttributesOf(message)
  const parts = {
    id,
    to: jid,
    attributes,
    deviceIdentity: copies.deviceIdentity,
    senderKeyMessage,
    keyDistribution,
    holders: usersWithout(others, new Set(newHolders)),
    reporting: buildReportingNode(message, encoded, { messageId: id, senderUserJid: ownUser, remoteJid: jid }),
    extra,
  }
  if (isJidStatusBroadcast(jid)) {
    const isPost = attributes.type !== 'reaction' && attributes.edit === undefined
    const meta = isPost ? { status_setting: request.statusSetting ?? 'contacts' } : undefined
    return { stanza: buildStatusMessage({ ...parts, meta }), newHolders }
  }
  return { stanza: buildBroadcastListMessage({ ...parts, phash: participantHash([...others, meId]) }), newHolders }
}

/** @throws KurirError `invalid-content` */
export function checkAudience(audience: readonly string[] | undefined): readonly string[] {
  if (!Array.isArray(audience) || audience.length === 0 || audience.length > maxAudience) {
    throw invalidContent('statusJidList', 'A status or broadcast needs the people that it is for', {
      limit: maxAudience,
      length: audience?.length ?? 0,
    })
  }
  const stranger = audience.find(jid => !isUserChat(jid))
  if (stranger === undefined) return audience
  throw invalidContent('statusJidList', 'The audience of a status consists of people', { jid: stranger })
}

/** The audience by LID, as far as it is known: asking for devices tells the LIDs too. */
async function lidsOf(core: SocketCore, devices: DeviceDirectory, audience: readonly string[]): Promise<string[]> {
  const { lidMapping } = core.repository
  const numbers = audience.filter(jid => isPnUser(jid) === true).map(jidNormalizedUser)
  const known = await Promise.all(numbers.map(number => lidMapping.getLIDForPN(number)))
  const unknown = numbers.filter((_, index) => !known[index])
  if (unknown.length > 0) await devices.devicesOf(unknown)
  return Promise.all(
    audience.map(async jid => {
      const lid = isPnUser(jid) ? await lidMapping.getLIDForPN(jidNormalizedUser(jid)) : undefined
      return jidNormalizedUser(lid ?? jid)
    }),
  )
}

/** Users all of whose devices hold the key already: naming them tells the server the audience. */
function usersWithout(devices: readonly string[], newHolders: ReadonlySet<string>): string[] {
  const users = new Map<string, boolean>()
  for (const device of devices) {
    const user = jidNormalizedUser(device)
    users.set(user, (users.get(user) ?? true) && !newHolders.has(device))
  }
  return [...users].flatMap(([user, holds]) => (holds ? [user] : []))
}
