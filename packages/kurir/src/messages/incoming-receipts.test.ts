import { describe, expect, it } from 'vitest'
import type { BinaryNode } from '../binary/node.js'
import { proto } from '../proto/index.js'
import {
  confirmingDevice,
  getStatusFromReceiptType,
  parseReceipt,
  receiptEffects,
  updateMessageWithReceipt,
} from './incoming-receipts.js'
import { me } from './testing/fixtures.js'

const receipt = (attrs: Record<string, string>, content?: BinaryNode[]): BinaryNode => ({
  tag: 'receipt',
  attrs: { id: 'M1', t: '1700000000', ...attrs },
  ...(content === undefined ? {} : { content }),
})
const list = (...ids: string[]): BinaryNode => ({
  tag: 'list',
  attrs: {},
  content: ids.map(id => ({ tag: 'item', attrs: { id } })),
})
const effectsOf = (attrs: Record<string, string>, content?: BinaryNode[]) =>
  receiptEffects(parseReceipt(receipt(attrs, content)), me)
const { Status } = proto.WebMessageInfo

describe('the device that confirms a message (docs/protocol/02, 10.5)', () => {
  const confirming = (attrs: Record<string, string>, content?: BinaryNode[]) =>
    confirmingDevice(parseReceipt(receipt(attrs, content)))

  it('is the one that sends a receipt of delivery', () => {
    expect(confirming({ from: '2:3@lid' })).toBe('2:3@lid')
    expect(confirming({ from: '2:3@lid', type: 'inactive' })).toBe('2:3@lid')
    expect(confirming({ from: '1:4@lid', type: 'sender', recipient: '2@lid' })).toBe('1:4@lid')
    expect(confirming({ from: '1-2@g.us', participant: '2:3@lid' })).toBe('2:3@lid')
  })

  it('is nobody with other receipts', () => {
    for (const type of ['read', 'read-self', 'played', 'server-error']) {
      expect(confirming({ from: '2:3@lid', type })).toBeUndefined()
    }
    expect(confirming({ from: '1-2@g.us' })).toBeUndefined()
    expect(confirming({ from: '2:3@lid' }, [{ tag: 'error', attrs: { type: 'feature-incapable' } }])).toBeUndefined()
  })
})

describe('receipts of a 1:1 chat', () => {
  const update = (status: number, change: object = {}) => ({
    key: { remoteJid: '2@lid', id: 'M1', fromMe: true, ...change },
    update: { status, messageTimestamp: 1_700_000_000 },
  })

  it.each([
    [undefined, Status.DELIVERY_ACK],
    ['inactive', Status.DELIVERY_ACK],
    ['read', Status.READ],
    ['played', Status.PLAYED],
  ] as const)('of type %s set the status', (type, status) => {
    const attrs = { from: '2:3@lid', ...(type === undefined ? {} : { type }) }
    expect(effectsOf(attrs).messageUpdates).toEqual([update(status)])
    expect(effectsOf(attrs).receiptUpdates).toEqual([])
  })

  it.each(['peer_msg', 'hist_sync', 'server-error', 'unknown'])('of type %s change nothing', type => {
    expect(effectsOf({ from: '2@lid', type })).toEqual({
      messageUpdates: [],
      receiptUpdates: [],
      readElsewhere: undefined,
    })
  })

  it('list further messages', () => {
    const { messageUpdates } = effectsOf({ from: '2@lid', type: 'read' }, [list('M2', 'M3', 'M1')])
    expect(messageUpdates.map(({ key }) => key.id)).toEqual(['M1', 'M2', 'M3'])
  })

  it('from an own device say what was read elsewhere', () => {
    const effects = effectsOf({ from: '15550001111:4@s.whatsapp.net', recipient: '2@lid', type: 'read-self' }, [
      list('M2'),
    ])
    expect(effects.readElsewhere).toEqual({ chat: '2@lid', ids: ['M1', 'M2'] })
    expect(effects.messageUpdates[0]).toEqual(update(Status.READ, { fromMe: false }))
  })

  it('from an own device that got the copy mean that the server has it', () => {
    const effects = effectsOf({ from: '15550001111:4@s.whatsapp.net', recipient: '2@lid', type: 'sender' })
    expect(effects.messageUpdates).toEqual([update(Status.SERVER_ACK)])
  })
})

describe('receipts of a group', () => {
  const entry = (times: object, participant = '2:3@lid') => ({
    key: { remoteJid: '1@g.us', id: 'M1', fromMe: true, participant },
    receipt: { userJid: '2@lid', ...times },
  })
  const from = { from: '1@g.us', participant: '2:3@lid' }

  it('are kept for each member', () => {
    expect(effectsOf(from)).toEqual({
      messageUpdates: [],
      receiptUpdates: [entry({ receiptTimestamp: 1_700_000_000 })],
      readElsewhere: undefined,
    })
    expect(effectsOf({ ...from, type: 'read' }).receiptUpdates).toEqual([entry({ readTimestamp: 1_700_000_000 })])
  })

  it('tell playing from reading (docs/protocol/03, 5.2: playedTimestamp)', () => {
    expect(effectsOf({ ...from, type: 'played' }).receiptUpdates).toEqual([entry({ playedTimestamp: 1_700_000_000 })])
  })

  it('of own devices do not count as reading (docs/protocol/03, 5.2: the flaw of sender receipts)', () => {
    const own = { from: '1@g.us', participant: '100000000000001:4@lid' }
    expect(effectsOf({ ...own, type: 'sender' })).toEqual({
      messageUpdates: [],
      receiptUpdates: [],
      readElsewhere: undefined,
    })
    expect(effectsOf(own).receiptUpdates).toEqual([])
    expect(effectsOf({ ...own, type: 'read-self' }).readElsewhere).toEqual({ chat: '1@g.us', ids: ['M1'] })
  })

  it('may come for many members at once (docs/protocol/03, 5.2: Baileys does not read this form)', () => {
    const users: BinaryNode[] = [
      { tag: 'user', attrs: { jid: '2@lid', t: '10', participant_pn: '22@s.whatsapp.net' } },
      { tag: 'user', attrs: { jid: '3:1@lid', t: '11', type: 'read' } },
    ]
    const node = receipt({ from: '1@g.us' }, [{ tag: 'participants', attrs: { key: 'M9' }, content: users }])
    const parsed = parseReceipt(node)
    expect(parsed.mappings).toEqual([{ lid: '2@lid', pn: '22@s.whatsapp.net' }])
    const key = { remoteJid: '1@g.us', id: 'M9', fromMe: true }
    expect(receiptEffects(parsed, me)).toEqual({
      messageUpdates: [],
      receiptUpdates: [
        { key: { ...key, participant: '2@lid' }, receipt: { userJid: '2@lid', receiptTimestamp: 10 } },
        { key: { ...key, participant: '3:1@lid' }, receipt: { userJid: '3@lid', readTimestamp: 11 } },
      ],
      readElsewhere: undefined,
    })
  })

  it('name pairs of identities', () => {
    const attrs = { ...from, participant_pn: '22:3@s.whatsapp.net' }
    expect(parseReceipt(receipt(attrs)).mappings).toEqual([{ lid: '2@lid', pn: '22@s.whatsapp.net' }])
  })
})

describe('reading receipts', () => {
  it('understands channel views, errors and the offline mark', () => {
    const items: BinaryNode = { tag: 'list', attrs: {}, content: [{ tag: 'item', attrs: { server_id: '101' } }] }
    const view = parseReceipt(receipt({ from: '1@newsletter', type: 'view' }, [items]))
    expect(view).toMatchObject({ ids: [], serverIds: ['101'] })
    const failed = parseReceipt(
      receipt({ from: '2@lid', offline: '0' }, [{ tag: 'error', attrs: { type: 'feature-incapable', reason: 'lid' } }]),
    )
    expect(failed).toMatchObject({ offline: true, error: { type: 'feature-incapable', reason: 'lid' } })
  })

  it.each([
    ['no id', receipt({ id: '', from: '2@lid' })],
    ['no sender', receipt({})],
    ['an impossible id in the list', receipt({ from: '2@lid' }, [list('a\u0000')])],
    [
      'a participants element without message',
      receipt({ from: '1@g.us' }, [{ tag: 'participants', attrs: {}, content: [] }]),
    ],
    [
      'too many users',
      receipt({ from: '1@g.us' }, [
        {
          tag: 'participants',
          attrs: { key: 'M' },
          content: Array.from({ length: 1_025 }, () => ({ tag: 'user', attrs: { jid: '1@lid' } })),
        },
      ]),
    ],
  ])('refuses %s', (_name, node) => {
    expect(() => parseReceipt(node)).toThrow(expect.objectContaining({ code: 'invalid-stanza' }))
  })

  it('maps types to status as the public function does', () => {
    expect(getStatusFromReceiptType(undefined)).toBe(Status.DELIVERY_ACK)
    expect(getStatusFromReceiptType('sender')).toBe(Status.SERVER_ACK)
    expect(getStatusFromReceiptType('read-self')).toBe(Status.READ)
    expect(getStatusFromReceiptType('played')).toBe(Status.PLAYED)
    expect(getStatusFromReceiptType('inactive')).toBeUndefined()
  })
})

describe('keeping receipts', () => {
  it('merges what one person did into one entry', () => {
    const message: { userReceipt?: proto.IUserReceipt[] } = {}
    updateMessageWithReceipt(message, { userJid: '2@lid', receiptTimestamp: 1 })
    updateMessageWithReceipt(message, { userJid: '3@lid', receiptTimestamp: 2 })
    updateMessageWithReceipt(message, { userJid: '2@lid', readTimestamp: 3 })
    expect(message.userReceipt).toEqual([
      { userJid: '2@lid', receiptTimestamp: 1, readTimestamp: 3 },
      { userJid: '3@lid', receiptTimestamp: 2 },
    ])
  })
})
