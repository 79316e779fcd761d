import type { Phone } from '@kurir/simulator'
import { generateWAMessage, type MiscMessageGenerationOptions, proto, type WAMessage } from 'kurir'
import type { Party } from '../../kinds/party.js'
import type { KurirClient } from './kurir-client.js'

export const kurirParty = (client: KurirClient, phone: Phone): Party => ({
  jid: phone.jid,
  send: async (chat, content, options) => sent(await client.socket.sendMessage(chat, content, options)),
  read: id => client.waitFor(() => client.readable.find(({ key }) => key.id === id), id),
})

/** A phone sends the protobuf that Kurir makes of some content. */
export const phoneParty = (phone: Phone): Party => ({
  jid: phone.jid,
  send: async (chat, content, options = {}) => {
    const message = await generateWAMessage(chat, content, { userJid: phone.jid, userLid: phone.lid, ...options })
    const id = await phone.send(chat, { message: message.message ?? {} }, audienceOf(options))
    return { key: { remoteJid: chat, fromMe: true, id }, message: proto.Message.create(phone.sentMessage(id)) }
  },
  read: async id => {
    const { chat, sender, fromMe, message } = await phone.waitForMessage(each => each.id === id)
    return { key: { remoteJid: chat, fromMe, id, participant: sender }, message: proto.Message.create(message) }
  },
})

export const audienceOf = ({ statusJidList }: MiscMessageGenerationOptions) =>
  statusJidList === undefined ? {} : { audience: statusJidList }

export function sent(message: WAMessage | undefined): WAMessage {
  if (message === undefined) throw new Error('nothing was sent')
  return message
}
