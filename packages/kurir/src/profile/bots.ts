import { getBinaryNodeChild, getBinaryNodeChildren } from '../binary/accessors.js'
import { S_WHATSAPP_NET } from '../binary/jid.js'
import type { BinaryNode } from '../binary/node.js'

/** Bots that WhatsApp offers (docs/protocol/04, 6.1); the connection adds the id. */

export type BotListInfo = {
  jid: string
  personaId: string
}

export function buildBotListQuery(): BinaryNode {
  return {
    tag: 'iq',
    attrs: { to: S_WHATSAPP_NET, type: 'get', xmlns: 'bot' },
    content: [{ tag: 'bot', attrs: { v: '2' } }],
  }
}

/** The bots of the section that holds all of them; entries without JID or persona are left out. */
export function parseBotList(answer: BinaryNode): BotListInfo[] {
  const sections = getBinaryNodeChildren(getBinaryNodeChild(answer, 'bot'), 'section')
  return sections
    .filter(({ attrs }) => attrs['type'] === 'all')
    .flatMap(section => getBinaryNodeChildren(section, 'bot'))
    .flatMap(({ attrs: { jid, persona_id: personaId } }) => (jid && personaId ? [{ jid, personaId }] : []))
}
