import { describe, expect, it } from 'vitest'
import type { BinaryNode } from '../binary/node.js'
import {
  aggregateMessageKeysNotFromMe,
  buildChatReceipt,
  buildDeliveryReceipt,
  buildHistorySyncReceipt,
  buildReadReceipts,
  buildReceipt,
} from './receipts.js'
import { me, readFixture } from './testing/fixtures.js'
import { violations } from './testing/stanza-schema.js'

const message = (attrs: Record<string, string>): BinaryNode => ({
  tag: 'message',
  attrs: { id: 'M1', t: '1', type: 'text', ...attrs },
})

describe('delivery receipts', () => {
  const receiptFor = (attrs: Record<string, string>, isActive = true) => {
    const receipt = buildDeliveryReceipt(message(attrs), me, isActive)
    if (receipt === undefined) throw new Error('no receipt')
    return receipt
  }

  it('have no type while the client is active, and say inactive otherwise', () => {
    const receipt = receiptFor({ from: '2@lid' })
    expect(receipt).toEqual({ tag: 'receipt', attrs: { id: 'M1', to: '2@lid' } })
    expect(violations(receipt, 'delivery')).toEqual([])
    const inactive = receiptFor({ from: '2@lid' }, false)
    expect(inactive.attrs['type']).toBe('inactive')
    expect(violations(inactive, 'delivery')).toEqual([])
  })

  it('name the author in groups', () => {
    const receipt = receiptFor({ from: '1@g.us', participant: '2:3@lid' })
    expect(receipt.attrs).toEqual({ id: 'M1', to: '1@g.us', participant: '2:3@lid' })
    expect(violations(receipt, 'delivery')).toEqual([])
  })

  it('go to the own device that sent, with the chat as recipient (docs/protocol/00, 4)', () => {
    const receipt = receiptFor({ from: '15550001111:4@s.whatsapp.net', recipient: '2@s.whatsapp.net' })
    expect(receipt.attrs).toEqual({
      id: 'M1',
      to: '15550001111:4@s.whatsapp.net',
      type: 'sender',
      recipient: '2@s.whatsapp.net',
    })
    expect(violations(receipt, 'sender')).toEqual([])
    const group = receiptFor({ from: '1@g.us', participant: '100000000000001:4@lid' })
    expect(group.attrs['type']).toBe('sender')
    expect(violations(group, 'sender')).toEqual([])
  })

  it('are peer_msg for peer messages', () => {
    const receipt = receiptFor({ from: '15550001111@s.whatsapp.net', category: 'peer' })
    expect(receipt.attrs).toEqual({ id: 'M1', to: '15550001111@s.whatsapp.net', type: 'peer_msg' })
    expect(violations(receipt, 'peer_msg')).toEqual([])
  })

  it('of the newest peer form have a category (docs/protocol/03, 2.15)', () => {
    const appdata = { ...message({ from: '15550001111@s.whatsapp.net', category: 'peer' }), tag: 'appdata' }
    const receipt = buildDeliveryReceipt(appdata, me, true)
    expect(receipt?.attrs).toEqual({ id: 'M1', to: '15550001111@s.whatsapp.net', category: 'peer_appdata' })
    expect(violations(receipt!, 'peerAppdata')).toEqual([])
  })

  it('are not sent to channels (docs/protocol/02, 9.4)', () => {
    expect(buildDeliveryReceipt(message({ from: '1@newsletter' }), me, true)).toBeUndefined()
  })

  it('do not tell strangers which chat they claim', () => {
    expect(receiptFor({ from: '2@lid', recipient: '3@lid' }).attrs).not.toHaveProperty('recipient')
  })
})

describe('receipts of a recorded Baileys session', () => {
  interface Step {
    dir: string
    node: BinaryNode
  }
  const { transcripts } = readFixture<{ transcripts: { name: string; steps: Step[] }[] }>('vectors/02-transcripts.json')
  const own = { id: '15550001111:3@s.whatsapp.net', lid: '100000012345678:3@lid' }
  for (const { name, steps } of transcripts) {
    const received = steps.filter(step => step.dir === 'server' && step.node.tag === 'message').map(step => step.node)
    for (const stanza of received) {
      const sent = steps.find(
        ({ dir, node }) =>
          dir === 'client' &&
          node.tag === 'receipt' &&
          node.attrs['id'] === stanza.attrs['id'] &&
          node.attrs['type'] !== 'retry',
      )
      if (sent === undefined) continue
      it(`${name}: ${stanza.attrs['id']}`, () => {
        expect(buildDeliveryReceipt(stanza, own, true)?.attrs).toEqual(sent.node.attrs)
      })
    }
  }
})

describe('other receipts', () => {
  it('of history go to the own account', () => {
    const receipt = buildHistorySyncReceipt('H1', me)
    expect(receipt.attrs).toEqual({ id: 'H1', to: '15550001111@s.whatsapp.net', type: 'hist_sync' })
    expect(violations(receipt, 'hist_sync')).toEqual([])
  })

  it('of reading list further ids and carry the time', () => {
    const keys = [
      { remoteJid: '2@lid', id: 'A', fromMe: false },
      { remoteJid: '1@g.us', id: 'B', fromMe: false, participant: '3@lid' },
      { remoteJid: '2@lid', id: 'C', fromMe: false },
      { remoteJid: '2@lid', id: 'MINE', fromMe: true },
    ]
    const [chat, group] = buildReadReceipts(keys, true, me, 1_700_000_000)
    expect(chat?.attrs).toEqual({ id: 'A', to: '2@lid', type: 'read', t: '1700000000' })
    expect(chat?.content).toEqual([{ tag: 'list', attrs: {}, content: [{ tag: 'item', attrs: { id: 'C' } }] }])
    expect(group?.attrs).toEqual({ id: 'B', to: '1@g.us', participant: '3@lid', type: 'read', t: '1700000000' })
    for (const receipt of [chat, group]) expect(violations(receipt!, 'read')).toEqual([])
  })

  it('of reading stay among own devices when the setting hides it, and for channels', () => {
    const types = (jid: string, isVisible: boolean) =>
      buildReadReceipts([{ remoteJid: jid, id: 'A' }], isVisible, me, 1).map(node => node.attrs['type'])
    expect(types('2@lid', false)).toEqual(['read-self'])
    expect(types('2@newsletter', true)).toEqual(['read-self'])
  })

  it('named sender always have a destination (docs/protocol/03, 5.1: Baileys leaves it out in phone number chats)', () => {
    const phone = buildChatReceipt('2@s.whatsapp.net', undefined, ['A'], 'sender', me, 1)
    expect(phone.attrs).toEqual({
      id: 'A',
      to: '15550001111@s.whatsapp.net',
      type: 'sender',
      recipient: '2@s.whatsapp.net',
    })
    const lid = buildChatReceipt('2@lid', '100000000000001:4@lid', ['A'], 'sender', me, 1)
    expect(lid.attrs).toEqual({ id: 'A', to: '100000000000001:4@lid', type: 'sender', recipient: '2@lid' })
    for (const receipt of [phone, lid]) expect(violations(receipt, 'sender')).toEqual([])
  })

  it('leave the participant out in 1:1 chats', () => {
    expect(buildChatReceipt('2@lid', '2:1@lid', ['A'], 'read', me, 1).attrs).not.toHaveProperty('participant')
  })

  it('need ids, and an author in groups', () => {
    expect(() => buildReceipt({ ids: [], to: '1@lid' })).toThrow(expect.objectContaining({ code: 'invalid-receipt' }))
    expect(() => buildReceipt({ ids: ['A', ''], to: '1@lid' })).toThrow(
      expect.objectContaining({ code: 'invalid-receipt' }),
    )
    expect(() => buildReceipt({ ids: ['A'], to: '1@g.us' })).toThrow(
      expect.objectContaining({ code: 'invalid-receipt', data: expect.objectContaining({ field: 'participant' }) }),
    )
  })

  it('are grouped by chat and author', () => {
    const keys = [
      { remoteJid: '1@g.us', id: 'A', participant: '2@lid' },
      { remoteJid: '1@g.us', id: 'B', participant: '3@lid' },
      { remoteJid: '1@g.us', id: 'C', participant: '2@lid' },
      { remoteJid: '1@g.us', id: 'D', participant: '2@lid', fromMe: true },
      { remoteJid: null, id: 'E' },
    ]
    expect(aggregateMessageKeysNotFromMe(keys)).toEqual([
      { jid: '1@g.us', participant: '2@lid', messageIds: ['A', 'C'] },
      { jid: '1@g.us', participant: '3@lid', messageIds: ['B'] },
    ])
  })
})
