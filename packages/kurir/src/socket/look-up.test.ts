import { describe, expect, it } from 'vitest'
import { childNodes } from '../binary/accessors.js'
import type { BinaryNode } from '../binary/node.js'
import { ContactTokens } from './contact-tokens.js'
import { lookUpMembers } from './look-up.js'
import { NOW, testCore } from './testing/collaborator-core.js'

const ME = { id: '15550001111:3@s.whatsapp.net', lid: '11:3@lid' }
const BOB = '15550002222@s.whatsapp.net'

const element = (tag: string, attrs: BinaryNode['attrs'] = {}, ...content: BinaryNode[]): BinaryNode => ({
  tag,
  attrs,
  content,
})
const users = (...found: BinaryNode[]): BinaryNode =>
  element('iq', { type: 'result' }, element('usync', {}, element('list', {}, ...found)))

function lookUp(answer: BinaryNode = users()) {
  const core = testCore({ creds: { me: ME }, answer: () => answer })
  return { core, members: lookUpMembers(core, new ContactTokens(core)) }
}
const asked = ([query]: readonly BinaryNode[], part: 'query' | 'list') =>
  childNodes(childNodes(childNodes(query)[0]).find(({ tag }) => tag === part))

describe('about texts', () => {
  it('are asked for with the token of each person, in one query', async () => {
    const { core, members } = lookUp()
    const token = { token: Buffer.of(1), timestamp: String(NOW) }
    await core.keys.set({ tctoken: { [BOB]: token } })
    await members.fetchStatus(BOB, '15550003333@s.whatsapp.net', ME.id)
    expect(core.sent).toHaveLength(1)
    expect(asked(core.sent, 'list')).toMatchObject([
      { attrs: { jid: BOB }, content: [{ tag: 'tctoken', attrs: { t: String(NOW) }, content: Buffer.of(1) }] },
      { content: [] },
      { content: [] },
    ])
  })
})

describe('usernames (docs/protocol/04, 4.4)', () => {
  const contact = (type: string, ...content: BinaryNode[]) => element('contact', { type }, ...content)

  it('lead to a person, whose number is learned', async () => {
    const { core, members } = lookUp(users(element('user', { jid: '22@lid', pn_jid: BOB }, contact('in'))))
    expect(await members.findByUsername('bob', '1234')).toEqual({ jid: '22@lid', phoneNumber: BOB })
    expect(asked(core.sent, 'query')[0]).toEqual({ tag: 'contact', attrs: { addressing_mode: 'lid' } })
    expect(asked(core.sent, 'list')).toMatchObject([
      { attrs: {}, content: [{ tag: 'contact', attrs: { username: 'bob', pin: '1234' } }] },
    ])
    expect(await core.repository.lidMapping.getLIDForPN(BOB)).toBe('22@lid')
  })

  it('that nobody has lead nowhere', async () => {
    const refused = element('user', {}, contact('in', element('error', { code: '404', text: 'no' })))
    for (const answer of [
      users(),
      users(element('user', {}, contact('out'))),
      users(refused),
      users(element('user')),
    ]) {
      expect(await lookUp(answer).members.findByUsername('bob')).toBeUndefined()
    }
  })

  it('may be protected by a key', async () => {
    const { members } = lookUp(users(element('user', {}, contact('in'))))
    await expect(members.findByUsername('bob')).rejects.toMatchObject({ code: 'username-key-needed' })
  })
})
