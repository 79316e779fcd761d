import { describe, expect, it } from 'vitest'
import type { BinaryNode } from '../binary/node.js'
import type { WAMessage } from '../events/message-types.js'
import { GroupDirectory } from './group-directory.js'
import { GroupNotifications } from './group-notifications.js'
import { refusal, result, type TestCoreOptions, testCore } from './testing/collaborator-core.js'

const GROUP = '120363000000000001@g.us'
const LEAVER = '15550002222@s.whatsapp.net'

const element = (tag: string, attrs: BinaryNode['attrs'] = {}, ...content: BinaryNode[]): BinaryNode => ({
  tag,
  attrs,
  content,
})
const person = (jid: string) => element('participant', { jid })
const notification = (...content: BinaryNode[]): BinaryNode => ({
  tag: 'notification',
  attrs: { type: 'w:gp2', from: GROUP, id: 'N1', t: '1700000000', participant: '1@lid' },
  content,
})

async function receiverOf(options: TestCoreOptions = {}) {
  const group = element(
    'group',
    { id: GROUP, addressing_mode: 'lid', subject: 'Old' },
    person('1@lid'),
    person('2@lid'),
  )
  const core = testCore({
    answer: () => result(group),
    creds: { me: { id: '15550001111:3@s.whatsapp.net', lid: '11:3@lid' } },
    ...options,
  })
  await core.repository.lidMapping.storeLIDPNMappings([{ lid: '2@lid', pn: LEAVER }])
  const directory = new GroupDirectory(core)
  await directory.fetch(GROUP)
  const lines: WAMessage[] = []
  const receiver = new GroupNotifications(core, { directory, upsert: async line => void lines.push(line) })
  return { core, directory, lines, receive: (...content: BinaryNode[]) => receiver.receive(notification(...content)) }
}

describe('GroupNotifications', () => {
  it('keeps what is known of a group true without asking, and names people by both names', async () => {
    const { core, directory, lines, receive } = await receiverOf()
    await receive(element('subject', { subject: 'New' }), element('remove', {}, person('2@lid')))
    expect(await directory.metadata(GROUP, true)).toMatchObject({ subject: 'New', participants: [{ id: '1@lid' }] })
    expect(core.sent).toHaveLength(1)
    expect(lines[1]?.messageStubParameters).toEqual([JSON.stringify({ id: '2@lid', phoneNumber: LEAVER, admin: null })])
  })

  it('tells who listens that we are no longer in a group, by whatever name', async () => {
    const { directory, receive } = await receiverOf()
    const left: string[] = []
    directory.whenLeft(async jid => void left.push(jid))
    await receive(element('remove', {}, person('2@lid')))
    expect(left).toEqual([])
    await receive(element('remove', {}, person('11@lid')))
    await receive(element('remove', {}, person('15550001111@s.whatsapp.net')))
    await receive(element('delete'))
    expect(left).toEqual([GROUP, GROUP, GROUP])
  })

  it('tells the other changes when one cannot be followed', async () => {
    let isBusy = false
    const { core, directory, lines, receive } = await receiverOf({
      answer: () => (isBusy ? refusal(429) : result(element('group', { id: GROUP }, person('1@lid')))),
    })
    isBusy = true
    const dirty = element('groups_dirty', {}, element('group', { jid: GROUP }))
    await receive(dirty, element('subject', { subject: 'New' }))
    expect(lines.map(({ messageStubParameters }) => messageStubParameters)).toEqual([['New']])
    expect(core.log.map(({ level }) => level)).toEqual(['warn'])
    await expect(directory.metadata(GROUP, true)).rejects.toMatchObject({ data: 429 })
  })

  it('says nothing of groups that are ignored, but follows them', async () => {
    const { core, directory, lines, receive } = await receiverOf({ config: { shouldIgnoreJid: () => true } })
    await receive(element('locked'), element('ephemeral', { expiration: '86400' }))
    expect(lines).toEqual([])
    expect(core.named('groups.update')).toEqual([])
    expect(await directory.metadata(GROUP, true)).toMatchObject({ restrict: true })
  })
})
