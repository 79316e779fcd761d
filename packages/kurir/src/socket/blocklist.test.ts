import { describe, expect, it } from 'vitest'
import type { BinaryNode } from '../binary/node.js'
import { Blocklist } from './blocklist.js'
import { testCore } from './testing/collaborator-core.js'

const item = (jid: string, attrs: BinaryNode['attrs'] = {}): BinaryNode => ({ tag: 'item', attrs: { jid, ...attrs } })
const list = (attrs: BinaryNode['attrs'], ...content: BinaryNode[]): BinaryNode => ({
  tag: 'iq',
  attrs: { type: 'result' },
  content: [{ tag: 'list', attrs, content }],
})
const change = (attrs: BinaryNode['attrs'], ...content: BinaryNode[]): BinaryNode => ({
  tag: 'blocklist',
  attrs,
  content,
})

function blocklistWith(...answers: BinaryNode[]) {
  const core = testCore({
    creds: { me: { id: '15550001111:3@s.whatsapp.net', lid: '11:3@lid' } },
    answer: () => answers.shift() ?? { tag: 'iq', attrs: { type: 'result' } },
  })
  return { core, blocklist: new Blocklist(core) }
}

describe('Blocklist (docs/protocol/04, 5.3)', () => {
  it('tells the whole list, and learns the numbers in it', async () => {
    const { core, blocklist } = blocklistWith(list({ dhash: '1' }, item('22@lid', { pn_jid: '2@s.whatsapp.net' })))
    await blocklist.refresh()
    expect(core.events).toEqual([{ name: 'blocklist.set', data: { blocklist: ['22@lid'] } }])
    expect(await core.repository.lidMapping.getLIDForPN('2@s.whatsapp.net')).toBe('22@lid')
  })

  it('follows changes as long as it has missed none', async () => {
    const { core, blocklist } = blocklistWith(list({ dhash: '1' }), list({ dhash: '9' }, item('44@lid')))
    await blocklist.members.fetchBlocklist()
    await blocklist.takeChange(change({ dhash: '2', prev_dhash: '1' }, item('22@lid', { action: 'block' })))
    await blocklist.takeChange(change({ dhash: '3', prev_dhash: '2' }, item('22@lid', { action: 'unblock' })))
    expect(core.sent).toHaveLength(1)
    await blocklist.takeChange(change({ dhash: '9', prev_dhash: '8' }, item('33@lid', { action: 'block' })))
    expect(core.events).toEqual([
      { name: 'blocklist.update', data: { blocklist: ['22@lid'], type: 'add' } },
      { name: 'blocklist.update', data: { blocklist: ['22@lid'], type: 'remove' } },
      { name: 'blocklist.set', data: { blocklist: ['44@lid'] } },
    ])
  })

  it('tells the list when the service knew another one than we do', async () => {
    const taken = list({ dhash: '2', matched: 'true' })
    const { core, blocklist } = blocklistWith(taken, list({ dhash: '3', matched: 'false' }, item('55@lid')))
    await blocklist.members.updateBlockStatus('22@lid', 'block')
    expect(core.events).toEqual([])
    await blocklist.members.updateBlockStatus('22@lid', 'unblock')
    expect(core.events).toEqual([{ name: 'blocklist.set', data: { blocklist: ['55@lid'] } }])
  })

  it('does not block what is no person, nor a number whose LID nobody knows', async () => {
    const { core, blocklist } = blocklistWith()
    const { updateBlockStatus } = blocklist.members
    for (const jid of ['1@g.us', 'status@broadcast', '1@newsletter', '', 'x']) {
      await expect(updateBlockStatus(jid, 'block')).rejects.toMatchObject({ code: 'invalid-jid' })
    }
    await expect(updateBlockStatus('2@s.whatsapp.net', 'block')).rejects.toMatchObject({ code: 'lid-unknown' })
    expect(core.sent).toEqual([])
  })
})
