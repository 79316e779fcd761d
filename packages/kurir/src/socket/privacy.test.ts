import { describe, expect, it } from 'vitest'
import { childNodes } from '../binary/accessors.js'
import type { BinaryNode } from '../binary/node.js'
import { Privacy } from './privacy.js'
import { testCore } from './testing/collaborator-core.js'

const ME = { id: '15550001111:3@s.whatsapp.net', lid: '11:3@lid' }
const BOB = '15550002222@s.whatsapp.net'

const element = (tag: string, attrs: BinaryNode['attrs'] = {}, ...content: BinaryNode[]): BinaryNode => ({
  tag,
  attrs,
  content,
})
const result = (...content: BinaryNode[]): BinaryNode => element('iq', { type: 'result' }, ...content)
const settings = (values: Record<string, string>): BinaryNode =>
  result(element('privacy', {}, ...Object.entries(values).map(([name, value]) => element('category', { name, value }))))
const refusal = (code: string): BinaryNode => element('iq', { type: 'error' }, element('error', { code, text: 'no' }))

function privacyWith(answers: readonly (BinaryNode | Promise<BinaryNode>)[], me: typeof ME | { id: string } = ME) {
  const left = [...answers]
  const core = testCore({ creds: { me }, answer: () => left.shift() ?? result() })
  return { core, privacy: new Privacy(core) }
}

describe('the privacy settings that are kept', () => {
  it('are asked for once by everybody who asks at the same time', async () => {
    const { core, privacy } = privacyWith([settings({ last: 'all' })])
    const both = await Promise.all([privacy.fetch(), privacy.fetch()])
    expect([...both, await privacy.fetch()]).toEqual([{ last: 'all' }, { last: 'all' }, { last: 'all' }])
    expect(core.sent).toHaveLength(1)
  })

  it('are a copy: what the program does with it stays with it', async () => {
    const { privacy } = privacyWith([settings({ last: 'all' })])
    const mine = await privacy.fetch()
    mine['last'] = 'none'
    expect(await privacy.fetch()).toEqual({ last: 'all' })
  })

  it('follow what is set here and on other devices (docs/protocol/04, 10.2: they went stale)', async () => {
    const { core, privacy } = privacyWith([settings({ last: 'all', online: 'all' })])
    await privacy.fetch()
    await privacy.members.updateLastSeenPrivacy('contacts')
    privacy.takeChange(element('privacy', {}, element('category', { name: 'online', value: 'match_last_seen' })))
    expect(await privacy.fetch()).toEqual({ last: 'contacts', online: 'match_last_seen' })
    expect(core.sent).toHaveLength(2)
  })

  it('are asked for again when a notification does not say what has changed', async () => {
    const { privacy } = privacyWith([settings({ last: 'all' }), settings({ last: 'none' })])
    await privacy.fetch()
    privacy.takeChange(element('privacy', { action: 'modify' }))
    expect(await privacy.fetch()).toEqual({ last: 'none' })
  })

  it('know of changes that overtook the answer', async () => {
    let answerNow: (node: BinaryNode) => void = () => {}
    const late = new Promise<BinaryNode>(resolve => {
      answerNow = resolve
    })
    const { privacy } = privacyWith([late, settings({ last: 'none' })])
    const asked = privacy.fetch()
    privacy.takeChange(element('privacy', {}, element('category', { name: 'last', value: 'contacts' })))
    answerNow(settings({ last: 'all', online: 'all' }))
    expect(await asked).toEqual({ last: 'contacts', online: 'all' })
    expect(await privacy.fetch()).toEqual({ last: 'contacts', online: 'all' })
  })

  it('stay as they were when the service refuses', async () => {
    const { privacy } = privacyWith([settings({ last: 'all' }), refusal('400')])
    await privacy.fetch()
    await expect(privacy.members.updateLastSeenPrivacy('none')).rejects.toMatchObject({ data: 400 })
    expect(await privacy.fetch()).toEqual({ last: 'all' })
  })
})

describe('lists of exceptions', () => {
  const sentLists = (sent: readonly BinaryNode[]) =>
    sent.flatMap(node => childNodes(node).flatMap(privacy => childNodes(privacy).map(({ attrs }) => attrs['dhash'])))

  it('are changed against the state that is known, and read again when that is out of date', async () => {
    const list = result(element('privacy', {}, element('list', { dhash: '7' })))
    const taken = result(element('privacy', {}, element('category', { name: 'last', dhash: '8' })))
    const { core, privacy } = privacyWith([refusal('409'), list, taken, taken])
    await core.repository.lidMapping.storeLIDPNMappings([{ lid: '22@lid', pn: BOB }])
    await privacy.members.updatePrivacyExceptions('last', { add: [BOB] })
    await privacy.members.updatePrivacyExceptions('last', { remove: ['22@lid'] })
    expect(sentLists(core.sent)).toEqual(['none', undefined, '7', '8'])
    expect(childNodes(childNodes(childNodes(core.sent[3])[0])[0])).toEqual([
      { tag: 'user', attrs: { action: 'remove', jid: '22@lid', pn_jid: BOB } },
    ])
  })

  it('set the category, which is known from then on', async () => {
    const { privacy } = privacyWith([settings({ last: 'all' })])
    await privacy.fetch()
    await privacy.members.updatePrivacyExceptions('last', { remove: ['22@lid'] })
    expect(await privacy.fetch()).toEqual({ last: 'contact_blacklist' })
  })

  it('are tried twice, not for ever', async () => {
    const { core, privacy } = privacyWith([refusal('409'), result(), refusal('409')])
    await expect(privacy.members.updatePrivacyExceptions('last', { remove: ['22@lid'] })).rejects.toMatchObject({
      data: 409,
    })
    expect(core.sent).toHaveLength(3)
  })

  it('need the LID of a number on accounts that go by LIDs, and do without it on others', async () => {
    const { core, privacy } = privacyWith([])
    await expect(privacy.members.updatePrivacyExceptions('last', { add: [BOB] })).rejects.toMatchObject({
      code: 'lid-unknown',
    })
    await expect(privacy.members.updatePrivacyExceptions('last', { add: ['1@g.us'] })).rejects.toMatchObject({
      code: 'invalid-jid',
    })
    expect(core.sent).toEqual([])
    const old = privacyWith([], { id: ME.id })
    await old.privacy.members.updatePrivacyExceptions('last', { add: [BOB] })
    expect(childNodes(old.core.sent[0])).toMatchObject([
      { attrs: {}, content: [{ content: [{ tag: 'user', attrs: { action: 'add', jid: BOB } }] }] },
    ])
  })
})

describe('the audience of the own status', () => {
  it('is all contacts when nothing was ever set, and refused when it is refused', async () => {
    const { privacy } = privacyWith([refusal('404'), refusal('503')])
    expect(await privacy.members.fetchStatusAudience()).toEqual({ type: 'contacts', users: [] })
    await expect(privacy.members.fetchStatusAudience()).rejects.toMatchObject({ data: 503 })
  })
})
