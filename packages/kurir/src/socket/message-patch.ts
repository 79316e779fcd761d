import { KurirError } from '../errors/kurir-error.js'
import type { proto } from '../proto/index.js'
import type { PatchedMessageWithRecipientJID, SocketConfig } from './config.js'

/** A message as `patchMessageBeforeSending` left it: for everybody, and for devices that get one of their own. */
export interface PatchedMessage {
  readonly message: proto.IMessage
  readonly forDevices: ReadonlyMap<string, proto.IMessage>
}

/**
 * Applies the hook (docs/protocol/03, 2.11): with the devices in 1:1 chats, where it may answer with a message for each;
 * without them in groups and for status; with none in channels.
 *
 * @throws KurirError `invalid-patch` for one message per recipient where all read the same one
 */
export async function patchMessage(
  patch: SocketConfig['patchMessageBeforeSending'],
  jid: string,
  message: proto.IMessage,
  devices?: readonly string[],
): Promise<PatchedMessage> {
  const result = await patch(message, devices === undefined ? undefined : [...devices])
  if (!Array.isArray(result)) return { message: contentOf(result), forDevices: new Map() }
  if (devices === undefined || devices.length === 0) {
    throw new KurirError(
      'invalid-patch',
      'Only in 1:1 chats patchMessageBeforeSending may give each device a message',
      {
        statusCode: 400,
        data: { jid },
      },
    )
  }
  const entries = result.flatMap(each => (each.recipientJid ? [[each.recipientJid, contentOf(each)] as const] : []))
  return { message, forDevices: new Map(entries) }
}

/** The content stands in the entry itself, as its type says, or under `message`, as Baileys reads it. */
function contentOf(patched: PatchedMessageWithRecipientJID & { message?: proto.IMessage }): proto.IMessage {
  const { recipientJid, message, ...content } = patched
  if (message !== undefined) return message
  return recipientJid === undefined ? patched : content
}
