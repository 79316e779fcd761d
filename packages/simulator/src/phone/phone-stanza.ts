import type { BinaryNode } from 'kurir/binary'
import { buildReportingNode } from 'kurir/messages'
import { proto } from 'kurir/proto'
import { element } from '../router/stanzas.js'
import type { SentByPhone } from './phone-content.js'

/** Attributes of the `<enc>` that carries the content (docs/protocol/03 §2.10). */
export const contentAttributes = ({ attributes }: SentByPhone): Readonly<Record<string, string | undefined>> => ({
  mediatype: attributes.mediatype,
  'decrypt-fail': attributes.decryptFail ? 'hide' : undefined,
})

/** The children that every copy of a message carries: what it is about, and the token for a report. */
export const commonChildren = (
  sent: SentByPhone,
  senderUserJid: string,
  further: Readonly<Record<string, string>> = {},
): BinaryNode[] => {
  const meta = { ...sent.attributes.meta, ...further }
  const encoded = proto.Message.encode(sent.message).finish()
  const context = { messageId: sent.id, senderUserJid, remoteJid: sent.chat }
  const reporting = buildReportingNode(sent.message, encoded, context)
  return [
    ...(Object.keys(meta).length === 0 ? [] : [element('meta', meta)]),
    ...(reporting === undefined ? [] : [reporting]),
  ]
}
