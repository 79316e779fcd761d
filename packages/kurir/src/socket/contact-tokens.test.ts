import { describe, expect, it } from 'vitest'
import { childNodes } from '../binary/accessors.js'
import type { BinaryNode } from '../binary/node.js'
import { ContactTokens } from './contact-tokens.js'
import { NOW, refusal, result, type TestCoreOptions, testCore } from './testing/collaborator-core.js'

const BOB = '15550002222@s.whatsapp.net'
const BOB_LID = '22@lid'
const WEEK = 604_800

const given = (t: number, token: Uint8Array, attrs: BinaryNode['attrs'] = { from: BOB }): BinaryNode => ({
  tag: 'notification',
  attrs,
  content: [
    {
      tag: 'tokens',
      attrs: {},
      content: [{ tag: 'token', attrs: { type: 'trusted_contact', t: String(t) }, content: token }],
    },
  ],
})

function tokensOf(options: TestCoreOptions = {}) {
  const core = testCore({ creds: { me: { id: '15550001111:3@s.whatsapp.net', lid: '11:3@lid' } }, ...options })
  const issued = () => core.sent.map(query => childNodes(childNodes(query)[0]).map(({ attrs }) => attrs['jid']))
  return { core, issued, tokens: new ContactTokens(core) }
}

describe('ContactTokens (docs/protocol/02 §11.2)', () => {
  it('shows the newest token that a contact gave, while it is valid', async () => {
    const { tokens } = tokensOf()
    expect(await tokens.tokenOf(BOB)).toBeUndefined()
    await tokens.receive(given(NOW, Buffer.of(2)))
    await tokens.receive(given(NOW - 1, Buffer.of(1)))
    expect(await tokens.tokenOf(BOB)).toEqual(Buffer.of(2))
    await tokens.receive(given(NOW - 5 * WEEK, Buffer.of(3), { from: '15550003333@s.whatsapp.net' }))
    expect(await tokens.tokenOf('15550003333@s.whatsapp.net')).toBeUndefined()
  })

  it('files a token under the LID, and finds it under both names', async () => {
    const { core, tokens } = tokensOf()
    await core.repository.lidMapping.storeLIDPNMappings([{ pn: BOB, lid: BOB_LID }])
    await tokens.receive(given(NOW, Buffer.of(7), { from: BOB, sender_lid: BOB_LID }))
    expect([await tokens.tokenOf(BOB), await tokens.tokenOf(BOB_LID)]).toEqual([Buffer.of(7), Buffer.of(7)])
    expect(Object.keys(await core.keys.get('tctoken', [BOB_LID]))).toEqual([BOB_LID])
  })

  it('takes none from who can give none', async () => {
    const { tokens } = tokensOf()
    await tokens.receive(given(NOW, Buffer.of(1), { from: '120363000000000001@g.us' }))
    await tokens.receive({ tag: 'notification', attrs: { from: BOB }, content: 'x' })
    expect([await tokens.tokenOf('120363000000000001@g.us'), await tokens.tokenOf(BOB)]).toEqual([undefined, undefined])
  })

  it('gives tokens when told to, and notes when', async () => {
    const { core, issued, tokens } = tokensOf()
    await core.repository.lidMapping.storeLIDPNMappings([{ pn: BOB, lid: BOB_LID }])
    await tokens.issue([BOB_LID, '15550003333@s.whatsapp.net'], NOW - 1)
    await tokens.issue([BOB])
    expect(issued()).toEqual([[BOB, '15550003333@s.whatsapp.net'], [BOB]])
    const { [BOB_LID]: stored } = await core.keys.get('tctoken', [BOB_LID])
    expect(stored?.senderTimestamp).toBe(NOW)
    await expect(tokens.issue(['120363000000000001@g.us'])).rejects.toMatchObject({ code: 'invalid-jid' })
  })

  it('gives a contact one token in a period, however many messages there are', async () => {
    const { core, issued, tokens } = tokensOf()
    await Promise.all([tokens.issueTo(BOB), tokens.issueTo(BOB)])
    await tokens.issueTo(BOB)
    expect(issued()).toEqual([[BOB]])
    // The next process knows it, too.
    await new ContactTokens(core).issueTo(BOB)
    expect(issued()).toHaveLength(1)
    await core.keys.set({ tctoken: { [BOB]: { token: Buffer.alloc(0), senderTimestamp: NOW - WEEK } } })
    await new ContactTokens(core).issueTo(BOB)
    expect(issued()).toHaveLength(2)
  })

  it('gives one that is not due when the server wants more trust, one at a time', async () => {
    const { issued, tokens } = tokensOf()
    await tokens.issueTo(BOB)
    await Promise.all([tokens.issueNowTo(BOB), tokens.issueNowTo(BOB)])
    expect(issued()).toEqual([[BOB], [BOB]])
    for (const jid of ['120363000000000001@g.us', '11@lid', undefined]) await tokens.issueNowTo(jid)
    expect(issued()).toHaveLength(2)
  })

  it('keeps the token that was received when it gives one', async () => {
    const { tokens } = tokensOf()
    await tokens.receive(given(NOW, Buffer.of(7)))
    await tokens.issueTo(BOB)
    expect(await tokens.tokenOf(BOB)).toEqual(Buffer.of(7))
  })

  it('names a contact by phone number where it is known', async () => {
    const { core, issued, tokens } = tokensOf()
    await tokens.issueTo('99@lid')
    await core.repository.lidMapping.storeLIDPNMappings([{ pn: BOB, lid: BOB_LID }])
    await tokens.issueTo(BOB_LID)
    expect(issued()).toEqual([['99@lid'], [BOB]])
  })

  it('gives none to groups, bots and the own account', async () => {
    const { issued, tokens } = tokensOf()
    for (const jid of ['120363000000000001@g.us', '13135550002@s.whatsapp.net', '0@s.whatsapp.net', '11@lid']) {
      await tokens.issueTo(jid)
    }
    expect(issued()).toEqual([])
  })

  it('logs that a token could not be given, and tries with the next message', async () => {
    let isDown = true
    const { core, issued, tokens } = tokensOf({ answer: () => (isDown ? refusal(500) : result()) })
    await tokens.issueTo(BOB)
    expect(core.log.map(({ level }) => level)).toEqual(['warn'])
    isDown = false
    await tokens.issueTo(BOB)
    expect(issued()).toHaveLength(2)
  })
})
