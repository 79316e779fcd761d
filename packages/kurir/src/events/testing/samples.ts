import type { WAMessage, WAMessageKey } from '../message-types.js'

export const ana = '5511999990000@s.whatsapp.net'
export const bob = '5511888880000@s.whatsapp.net'
export const group = '120363000000000001@g.us'

export const keyOf = (id: string, remoteJid = ana, fromMe = false): WAMessageKey => ({ remoteJid, id, fromMe })

/** A received text. */
export const textMessage = (id: string, remoteJid = ana, text = `text ${id}`): WAMessage => ({
  key: keyOf(id, remoteJid),
  messageTimestamp: 1_700_000_000,
  message: { conversation: text },
})

export const reactionBy = (participant: string, id: string, text: string) => ({
  key: { remoteJid: group, fromMe: false, id, participant },
  text,
})
