import type { Phone } from '@kurir/simulator'
import { type BaileysEventMap, type BinaryNode, proto, type WAMessage } from 'kurir'
import { describe, expect, it } from 'vitest'
import type { KurirClient } from './support/kurir-client.js'
import { worldForEachTest } from './support/world.js'

const { StubType } = proto.WebMessageInfo

/** Everything that came with one event, in order; batches of lists are taken apart. */
function reported<Name extends keyof BaileysEventMap>(bot: KurirClient, name: Name): unknown[] {
  return bot.events.flatMap(event => (event.name === name ? event.data : []) as never[])
}

/** Waits for an entry of an event that has these members. */
const told = (bot: KurirClient, name: keyof BaileysEventMap, members: Readonly<Record<string, unknown>>) =>
  bot.waitFor(
    () =>
      reported(bot, name).find(entry => Object.entries(members).every(([key, value]) => isEqual(entry, key, value))),
    `${name} ${JSON.stringify(members)}; there were ${JSON.stringify(reported(bot, name))}`,
  )

const isEqual = (entry: unknown, key: string, value: unknown): boolean => {
  const found = Object(entry)[key]
  return value instanceof RegExp ? value.test(JSON.stringify(found)) : found === value
}

const line = (bot: KurirClient, type: number): Promise<WAMessage> =>
  bot.waitFor(() => bot.messages.find(({ messageStubType }) => messageStubType === type), `line ${type}`)

describe('changes of groups (docs/protocol/05 §2)', () => {
  const world = worldForEachTest()

  const scene = async () => {
    const [alice, bob, carol] = [await world().phone('Alice'), await world().phone('Bob'), await world().phone('Carol')]
    return { alice, bob, carol, bot: await world().linked(alice) }
  }
  const by = (phone: Phone) => ({ author: phone.lid, authorPn: phone.jid })

  it('of a group that somebody makes with us', async () => {
    const { alice, bob, bot } = await scene()
    const group = await bob.createGroup('Bread', [alice.jid])
    const upsert = { id: group, subject: 'Bread', owner: bob.lid, ...by(bob) }
    expect(await told(bot, 'groups.upsert', upsert)).toMatchObject({
      participants: [
        { id: bob.lid, phoneNumber: bob.jid, admin: 'superadmin' },
        { id: alice.lid, admin: null },
      ],
    })
    await told(bot, 'chats.upsert', { id: group, name: 'Bread' })
    expect(await line(bot, StubType.GROUP_CREATE)).toMatchObject({
      key: { remoteJid: group, fromMe: false, participant: bob.lid, participantAlt: bob.jid },
      messageStubParameters: ['Bread'],
    })
    expect(reported(bot, 'contacts.update')).toEqual([])
  })

  it('of name, description, settings and link, by others and by ourselves', async () => {
    const { alice, bob, bot } = await scene()
    const group = await bob.createGroup('Bread', [alice.jid])
    await bob.changeGroup(group, 'promote', [alice.jid])
    await bob.groups.setSubject(group, 'Butter')
    await told(bot, 'groups.update', { id: group, subject: 'Butter', ...by(bob) })
    await told(bot, 'chats.update', { id: group, name: 'Butter' })
    await bob.groups.setDescription(group, 'Rules')
    await told(bot, 'groups.update', { id: group, desc: 'Rules' })
    await bob.groups.set(group, 'announcement')
    await told(bot, 'groups.update', { id: group, announce: true })
    await bot.socket.groupSettingUpdate(group, 'not_announcement')
    await told(bot, 'groups.update', { id: group, announce: false, ...by(alice) })
    await bot.socket.groupSettingUpdate(group, 'locked')
    await told(bot, 'groups.update', { id: group, restrict: true, ...by(alice) })
    await bob.groups.setMemberAddMode(group, 'all_member_add')
    await told(bot, 'groups.update', { id: group, memberAddMode: true })
    await bob.groups.setApproval(group, 'on')
    await told(bot, 'groups.update', { id: group, joinApprovalMode: true })
    const inviteCode = await bob.groups.resetInvite(group)
    await told(bot, 'groups.update', { id: group, inviteCode })
    await bob.groups.setTimer(group, 86_400)
    await told(bot, 'chats.update', { id: group, ephemeralExpiration: 86_400 })
    await told(bot, 'groups.update', { id: group, ephemeralDuration: 86_400, ...by(bob) })
    await bot.socket.groupToggleEphemeral(group, 0)
    await told(bot, 'chats.update', { id: group, ephemeralExpiration: null })
    const own = await line(bot, StubType.GROUP_CHANGE_RESTRICT)
    expect(own).toMatchObject({ key: { fromMe: true, participant: alice.lid }, messageStubParameters: ['on'] })
  })

  it('of its members, us included', async () => {
    const { alice, bob, carol, bot } = await scene()
    const group = await bob.createGroup('Bread', [alice.jid])
    await bob.changeGroup(group, 'add', [carol.jid])
    const added = await told(bot, 'group-participants.update', { id: group, action: 'add', ...by(bob) })
    expect(added).toMatchObject({ participants: [{ id: carol.lid, phoneNumber: carol.jid, admin: null }] })
    await bob.changeGroup(group, 'promote', [carol.jid])
    await told(bot, 'group-participants.update', { id: group, action: 'promote' })
    await bob.changeGroup(group, 'demote', [carol.jid])
    await told(bot, 'group-participants.update', { id: group, action: 'demote' })
    await carol.groups.leave(group)
    await told(bot, 'group-participants.update', { id: group, action: 'remove', ...by(carol) })
    expect((await line(bot, StubType.GROUP_PARTICIPANT_LEAVE)).key.participant).toBe(carol.lid)
    await bob.changeGroup(group, 'remove', [alice.jid])
    await told(bot, 'chats.update', { id: group, readOnly: true })
    await line(bot, StubType.GROUP_PARTICIPANT_REMOVE)
    await bob.changeGroup(group, 'add', [alice.jid])
    await bot.waitFor(() => reported(bot, 'groups.upsert').length === 2, 'the group again')
  })

  it('that members ask for', async () => {
    const { alice, bob, carol, bot } = await scene()
    const { id } = await bot.socket.groupCreate('Bread', [])
    await bot.socket.groupJoinApprovalMode(id, 'on')
    const code = (await bot.socket.groupInviteCode(id)) ?? ''
    await bob.groups.join(code)
    await told(bot, 'group.join-request', {
      id,
      participant: bob.lid,
      participantPn: bob.jid,
      action: 'created',
      method: 'invite_link',
      ...by(bob),
    })
    await bob.groups.cancelRequest(id)
    await told(bot, 'group.join-request', { id, participant: bob.lid, action: 'revoked' })
    await carol.groups.join(code)
    await told(bot, 'group.join-request', { id, participant: carol.lid, action: 'created' })
    await bot.socket.groupRequestParticipantsUpdate(id, [carol.jid], 'reject')
    await told(bot, 'group.join-request', { id, participant: carol.lid, action: 'rejected', ...by(alice) })
  })

  it('of the labels that members give themselves', async () => {
    const { alice, bob, bot } = await scene()
    const group = await bob.createGroup('Bread', [alice.jid])
    const label = (text: string) => ({
      message: {
        protocolMessage: {
          type: proto.Message.ProtocolMessage.Type.GROUP_MEMBER_LABEL_CHANGE,
          memberLabel: { label: text, labelTimestamp: 1_700_000_000 },
        },
      },
    })
    await bob.send(group, label('Baker'))
    const tag = { groupId: group, participant: bob.lid, participantAlt: bob.jid }
    await told(bot, 'group.member-tag.update', { ...tag, label: 'Baker' })
    await bob.send(group, label(''))
    await told(bot, 'group.member-tag.update', { ...tag, label: '' })
    const id = await bot.socket.updateMemberLabel(group, 'Miller')
    const seen = await bob.waitForMessage(message => message.id === id)
    expect(seen.message.protocolMessage?.memberLabel?.label).toBe('Miller')
  })

  it('made while we were away', async () => {
    const { alice, bob, carol, bot } = await scene()
    const group = await bob.createGroup('Bread', [alice.jid])
    await told(bot, 'groups.upsert', { id: group })
    await bot.end()
    await bob.groups.setSubject(group, 'Butter')
    await bob.groups.setSubject(group, 'Cheese')
    await bob.changeGroup(group, 'add', [carol.jid])
    await bot.reconnect()
    // What was held back is one update for each group.
    await told(bot, 'groups.update', { id: group, subject: 'Cheese' })
    await told(bot, 'group-participants.update', { id: group, action: 'add' })
    const chat = bot.messages.flatMap(({ key, messageStubParameters: what }) => (key.remoteJid === group ? [what] : []))
    expect(chat.slice(-3, -1)).toEqual([['Butter'], ['Cheese']])
  })

  it('are known to the next message without a question', async () => {
    const { alice, bob, carol, bot } = await scene()
    const group = await bob.createGroup('Bread', [alice.jid])
    await told(bot, 'groups.upsert', { id: group })
    const asked: BinaryNode[] = []
    world().service.onStanza(({ direction, device, node }) => {
      const isOurs = direction === 'from-client' && device === bot.jid
      if (isOurs && node.attrs['xmlns'] === 'w:g2') asked.push(node)
    })
    await bot.sendText(group, 'one')
    await bob.waitForMessage(({ text }) => text === 'one')
    await bob.changeGroup(group, 'add', [carol.jid])
    await told(bot, 'group-participants.update', { action: 'add' })
    await bot.sendText(group, 'two')
    await carol.waitForMessage(({ text }) => text === 'two')
    await bob.groups.setTimer(group, 86_400)
    await told(bot, 'groups.update', { ephemeralDuration: 86_400 })
    await bot.sendText(group, 'three')
    const third = await bob.waitForMessage(({ text }) => text === 'three')
    expect(third.message.extendedTextMessage?.contextInfo?.expiration).toBe(86_400)
    await bob.changeGroup(group, 'remove', [carol.jid])
    await told(bot, 'group-participants.update', { action: 'remove' })
    await bot.sendText(group, 'four')
    await bob.waitForMessage(({ text }) => text === 'four')
    expect(carol.messages.flatMap(({ text }) => text ?? [])).toEqual(['two', 'three'])
    expect(asked).toEqual([])
  })

  it('that end our membership end our sender key', async () => {
    const { alice, bob, bot } = await scene()
    const group = await bob.createGroup('Bread', [alice.jid])
    await bot.sendText(group, 'one')
    await bob.waitForMessage(({ text }) => text === 'one')
    const holders = async () => (await bot.auth.keys.get('sender-key-memory', [group]))[group]
    await expect.poll(holders).toBeTruthy()
    await bob.changeGroup(group, 'remove', [alice.jid])
    await told(bot, 'chats.update', { id: group, readOnly: true })
    expect(await holders()).toBeFalsy()
    const name = `${group}::${alice.account.lidUser}_1::${bot.lid.split(':')[1]?.split('@')[0]}`
    expect((await bot.auth.keys.get('sender-key', [name]))[name]).toBeFalsy()
  })

  it('that the service has lost count of are asked for', async () => {
    const { alice, bob, bot } = await scene()
    const group = await bob.createGroup('Bread', [alice.jid])
    await told(bot, 'groups.upsert', { id: group })
    const inject = (node: BinaryNode) => world().service.inject(bot.jid, node)
    inject({
      tag: 'notification',
      attrs: { type: 'w:gp2', from: 'g.us', id: 'dirty-1', t: '1700000000' },
      content: [{ tag: 'groups_dirty', attrs: {}, content: [{ tag: 'group', attrs: { jid: group } }] }],
    })
    await told(bot, 'groups.update', { id: group, size: 2 })
    const before = reported(bot, 'groups.update').length
    world().service.markDirty(bot.jid, 'groups')
    await expect.poll(() => world().service.dirty(bot.jid)).toEqual([])
    expect(reported(bot, 'groups.update')).toHaveLength(before + 1)
  })

  it('that say something else than they should harm nothing', async () => {
    const { alice, bob, bot } = await scene()
    const group = await bob.createGroup('Bread', [alice.jid])
    await told(bot, 'groups.upsert', { id: group })
    const child = (tag: string, attrs: BinaryNode['attrs'] = {}, content?: BinaryNode['content']): BinaryNode =>
      content === undefined ? { tag, attrs } : { tag, attrs, content }
    const wrong = [
      child('create', {}, [child('group')]),
      child('create'),
      child('add'),
      child('remove', {}, [child('participant')]),
      child('subject'),
      child('description', {}, Buffer.from('text')),
      child('created_membership_requests', {}, [child('requested_user', { jid: 'x' })]),
      child('link', { link_type: 'odd' }),
      child('member_add_mode', {}, [child('x')]),
    ]
    for (const [index, content] of wrong.entries()) {
      world().service.inject(
        bot.jid,
        { tag: 'notification', attrs: { type: 'w:gp2', from: group, id: `wrong-${index}` }, content: [content] },
        { queue: true },
      )
    }
    await expect.poll(() => world().service.unconfirmed(bot.jid)).toBe(0)
    await bob.send(group, { text: 'still here' })
    await bot.text('still here')
    await bot.sendText(group, 'me too')
    await bob.waitForMessage(({ text }) => text === 'me too')
  })
})
