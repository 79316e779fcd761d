import type { Phone } from '@kurir/simulator'
import { type BaileysEventMap, GroupRefusal, getBinaryNodeChild, getBinaryNodeChildren, proto } from 'kurir'
import { describe, expect, it } from 'vitest'
import { type KurirClient, rejection } from './support/kurir-client.js'
import { worldForEachTest } from './support/world.js'

const { StubType } = proto.WebMessageInfo

const reasonOf = async (promise: Promise<unknown>): Promise<string> => {
  const error = await rejection(promise)
  expect(error).toBeInstanceOf(GroupRefusal)
  return (error as GroupRefusal).reason
}

const updates = (bot: KurirClient) =>
  bot.events.flatMap(({ name, data }) => (name === 'groups.update' ? (data as BaileysEventMap['groups.update']) : []))

const updated = (bot: KurirClient, fits: (update: Partial<BaileysEventMap['groups.update'][number]>) => boolean) =>
  bot.waitFor(() => updates(bot).find(fits), `groups.update; there were ${JSON.stringify(updates(bot))}`)

const line = (bot: KurirClient, group: string, type: number) =>
  bot.waitFor(
    () => bot.messages.find(({ key, messageStubType }) => key.remoteJid === group && messageStubType === type),
    `line ${type}`,
  )

const isIn = async (phone: Phone, group: string, member: Phone): Promise<boolean> =>
  getBinaryNodeChildren(await phone.groups.look(group), 'participant').some(({ attrs }) => attrs['jid'] === member.lid)

describe('communities (docs/protocol/05 §3)', () => {
  const world = worldForEachTest()

  /** A bot of Alice with a community, and Bob. */
  const scene = async () => {
    const [alice, bob] = [await world().phone('Alice'), await world().phone('Bob')]
    const bot = await world().linked(alice)
    const made = await bot.socket.communityCreate('Town', 'About us')
    return { alice, bob, bot, town: made?.id ?? '' }
  }
  const groupsOf = async (bot: KurirClient, jid: string) =>
    (await bot.socket.communityFetchLinkedGroups(jid)).linkedGroups

  it('are made with a group for announcements and a general chat', async () => {
    const { alice, bot, town } = await scene()
    expect(await bot.socket.communityMetadata(town)).toMatchObject({
      id: town,
      subject: 'Town',
      desc: 'About us',
      isCommunity: true,
      owner: alice.lid,
    })
    const groups = await groupsOf(bot, town)
    expect(groups).toMatchObject([
      { subject: 'Town', isAnnounce: true, owner: alice.lid, size: 1 },
      { subject: 'Town: General', isGeneralChat: true },
    ])
    const announcements = groups[0]?.id ?? ''
    expect(await bot.socket.groupMetadata(announcements)).toMatchObject({
      linkedParent: town,
      announce: true,
      isCommunityAnnounce: true,
    })
    expect(await bot.socket.communityFetchLinkedGroups(announcements)).toMatchObject({
      communityJid: town,
      isCommunity: false,
    })
    await updated(bot, ({ id, linkedParent }) => id === announcements && linkedParent === town)
    expect(await reasonOf(bot.socket.communityCreate('x'.repeat(101), ''))).toBe('not-acceptable')
    expect(await reasonOf(bot.socket.communityFetchLinkedGroups('120363999999999999@g.us'))).toBe('not-found')
  })

  it('hold groups, whose members are members of both', async () => {
    const { alice, bob, bot, town } = await scene()
    const made = await bot.socket.communityCreateGroup('Bakers', [bob.jid], town)
    const bakers = made?.id ?? ''
    expect(await isIn(bob, town, bob)).toBe(true)
    expect(getBinaryNodeChild(await bob.groups.look(bakers), 'linked_parent')?.attrs['jid']).toBe(town)
    expect((await groupsOf(bot, town)).map(({ subject }) => subject)).toContain('Bakers')
    expect((await bot.socket.communityFetchMembers(town)).map(({ id }) => id).sort()).toEqual(
      [alice.lid, bob.lid].sort(),
    )
    const other = await bob.groups.createCommunity('Of Bob')
    expect(await reasonOf(bot.socket.communityCreateGroup('Mine', [], other))).toBe('forbidden')
    expect(await reasonOf(bot.socket.communityFetchMembers(bakers))).toBe('not-allowed')
    expect(await reasonOf(bot.socket.communityFetchMembers(other))).toBe('forbidden')
  })

  it('take groups in and let them go, and everybody hears of it', async () => {
    const { alice, bob, bot, town } = await scene()
    const { id: bakers } = await bot.socket.groupCreate('Bakers', [bob.jid])
    await bot.socket.communityLinkGroup(bakers, town)
    await updated(bot, ({ id, linkedParent }) => id === bakers && linkedParent === town)
    await bob.groups.waitForNotice(({ group, change }) => group === bakers && change.tag === 'link')
    await line(bot, town, StubType.COMMUNITY_LINK_SUB_GROUP)
    expect(await isIn(bob, town, bob)).toBe(true)
    expect(await reasonOf(bot.socket.communityLinkGroup(bakers, town))).toBe('conflict')
    await bot.socket.communityUnlinkGroup(bakers, town)
    await updated(bot, update => update.id === bakers && 'linkedParent' in update && update.linkedParent === undefined)
    await line(bot, town, StubType.COMMUNITY_UNLINK_SUB_GROUP)
    expect((await bot.socket.groupMetadata(bakers)).linkedParent).toBeUndefined()
    expect(await reasonOf(bot.socket.communityUnlinkGroup(bakers, town))).toBe('not-found')
    const ofBob = await bob.createGroup('Of Bob', [alice.jid])
    expect(await reasonOf(bot.socket.communityLinkGroup(ofBob, town))).toBe('forbidden')
    expect((await rejection(bot.socket.communityLinkGroup('x', town))).code).toBe('invalid-jid')
  })

  it('are changed like groups', async () => {
    const { bob, bot, town } = await scene()
    await bot.socket.communityUpdateSubject(town, 'City')
    await updated(bot, ({ id, subject }) => id === town && subject === 'City')
    await bot.socket.communityUpdateDescription(town, 'All about us')
    await updated(bot, ({ id, desc }) => id === town && desc === 'All about us')
    await bot.socket.communitySettingUpdate(town, 'not_allow_non_admin_sub_group_creation')
    await bot.socket.communitySettingUpdate(town, 'locked')
    await updated(bot, ({ id, restrict }) => id === town && restrict === true)
    await bot.socket.communityMemberAddMode(town, 'all_member_add')
    await updated(bot, ({ id, memberAddMode }) => id === town && memberAddMode === true)
    await bot.socket.communityJoinApprovalMode(town, 'on')
    await updated(bot, ({ id, joinApprovalMode }) => id === town && joinApprovalMode === true)
    await bot.socket.communityToggleEphemeral(town, 86_400)
    await updated(bot, ({ id, ephemeralDuration }) => id === town && ephemeralDuration === 86_400)
    expect(await bot.socket.communityMetadata(town)).toMatchObject({ subject: 'City', desc: 'All about us' })

    const other = await bob.groups.createCommunity('Of Bob')
    const group = await bob.groups.create('Bakers', [(await world().phone('Dora')).jid], { linkedParent: other })
    expect(group).toMatch(/@g\.us$/)
    for (const change of [
      () => bot.socket.communityUpdateSubject(other, 'mine'),
      () => bot.socket.communityUpdateDescription(other, 'mine'),
      () => bot.socket.communitySettingUpdate(other, 'locked'),
      () => bot.socket.communityMemberAddMode(other, 'admin_add'),
      () => bot.socket.communityJoinApprovalMode(other, 'off'),
      () => bot.socket.communityToggleEphemeral(other, 0),
      () => bot.socket.communityMetadata(other),
      () => bot.socket.communityInviteCode(other),
      () => bot.socket.communityRevokeInvite(other),
      () => bot.socket.communityRequestParticipantsList(other),
      () => bot.socket.communityRequestParticipantsUpdate(other, [bob.jid], 'approve'),
      () => bot.socket.communityParticipantsUpdate(other, [bob.jid], 'promote'),
      () => bot.socket.communityRevokeInviteV4(other, bob.jid),
      () => bot.socket.communityDeactivate(other),
      () => bot.socket.communityJoinGroup(group, other),
    ]) {
      expect(await reasonOf(change())).toBe('forbidden')
    }
  })

  it('are joined by link, with approval when it is wanted', async () => {
    const { alice, bob, bot, town } = await scene()
    expect(await bob.groups.join((await bot.socket.communityInviteCode(town)) ?? '')).toBe(true)
    const [announcements] = await groupsOf(bot, town)
    expect(await isIn(bob, announcements?.id ?? '', bob)).toBe(true)
    const old = (await bot.socket.communityInviteCode(town)) ?? ''
    await bot.socket.communityRevokeInvite(town)
    expect(await reasonOf(bot.socket.communityGetInviteInfo(old))).toBe('gone')

    const other = await bob.groups.createCommunity('Of Bob')
    const code = await bob.groups.inviteCode(other)
    expect(await bot.socket.communityGetInviteInfo(code)).toMatchObject({ id: other, isCommunity: true })
    await bob.groups.setApproval(other, 'on')
    expect(await bot.socket.communityAcceptInvite(code)).toBeUndefined()
    await bob.groups.decide(other, 'approve', [alice.jid])
    await bot.waitFor(
      () =>
        bot.events.some(({ name, data }) => name === 'groups.upsert' && (data as { id: string }[])[0]?.id === other),
      'the community',
    )
    expect(await bot.socket.communityAcceptInvite(code)).toBe(other)
    expect(await reasonOf(bot.socket.communityAcceptInvite('never'))).toBe('not-found')

    await bot.socket.communityJoinApprovalMode(town, 'on')
    const carol = await world().phone('Carol')
    await carol.groups.join((await bot.socket.communityInviteCode(town)) ?? '')
    expect(await bot.socket.communityRequestParticipantsList(town)).toMatchObject([{ jid: carol.lid }])
    expect(await bot.socket.communityRequestParticipantsUpdate(town, [carol.jid], 'approve')).toMatchObject([
      { status: '200' },
    ])
    expect(await isIn(carol, town, carol)).toBe(true)
  })

  it('let their members into their groups', async () => {
    const { alice, bob, bot } = await scene()
    const other = await bob.groups.createCommunity('Of Bob')
    const bakers = await bob.groups.create('Bakers', [], { linkedParent: other })
    const closed = await bob.groups.create('Closed', [], { linkedParent: other })
    await bob.groups.setApproval(closed, 'on')
    await bot.socket.communityAcceptInvite(await bob.groups.inviteCode(other))
    expect(await bot.socket.communityJoinGroup(bakers, other)).toBe(true)
    expect(await isIn(bob, bakers, alice)).toBe(true)
    expect(await bot.socket.communityJoinGroup(closed, other)).toBe(false)
    expect(await bob.groups.joinRequests(closed)).toEqual([alice.lid])
    expect((await rejection(bot.socket.communityJoinGroup(bakers, other))).data).toBe(304)
  })

  it('are entered by an invitation in a message', async () => {
    const { alice, bob, bot } = await scene()
    alice.account.privacy.set('groupadd', 'none')
    const other = await bob.groups.createCommunity('Of Bob')
    const [outcome] = await bob.groups.change(other, 'add', [alice.jid])
    const { code = '', expiration = 0 } = outcome?.invitation ?? {}
    const invite = { groupJid: other, inviteCode: code, inviteExpiration: expiration }
    expect(await reasonOf(bot.socket.communityAcceptInviteV4(bob.jid, { ...invite, inviteCode: 'wrong' }))).toBe(
      'not-found',
    )
    expect(await bot.socket.communityAcceptInviteV4(bob.jid, invite)).toBe(other)
    expect(Object.keys(await bot.socket.communityFetchAllParticipating())).toContain(other)
  })

  it('lose people with all of their groups, and take invitations back', async () => {
    const { bob, bot, town } = await scene()
    const bakers = (await bot.socket.communityCreateGroup('Bakers', [bob.jid], town))?.id ?? ''
    expect(await bot.socket.communityParticipantsUpdate(town, [bob.jid], 'promote')).toMatchObject([{ status: '200' }])
    expect(await bot.socket.communityParticipantsUpdate(town, [bob.jid], 'remove')).toMatchObject([{ status: '200' }])
    expect(await bot.socket.groupMetadata(bakers)).toMatchObject({ size: 1 })
    expect(await bot.socket.communityMetadata(town)).toMatchObject({ size: 1 })
    bob.account.privacy.set('groupadd', 'none')
    const [refused] = await bot.socket.communityParticipantsUpdate(town, [bob.jid], 'add')
    expect(refused?.invitation).toBeDefined()
    expect(await bot.socket.communityRevokeInviteV4(town, bob.jid)).toBe(true)
    expect(await bot.socket.communityRevokeInviteV4(town, bob.jid)).toBe(false)
  })

  it('are left with their groups', async () => {
    const { bob, alice, bot } = await scene()
    const other = await bob.groups.createCommunity('Of Bob')
    const bakers = await bob.groups.create('Bakers', [alice.jid], { linkedParent: other })
    expect(await isIn(bob, other, alice)).toBe(true)
    await bot.socket.communityLeave(other)
    for (const group of [other, bakers]) expect(await isIn(bob, group, alice)).toBe(false)
    expect(await reasonOf(bot.socket.communityLeave(other))).toBe('not-found')
  })

  it('end, and their groups go on', async () => {
    const { bob, bot, town } = await scene()
    const bakers = (await bot.socket.communityCreateGroup('Bakers', [bob.jid], town))?.id ?? ''
    await bot.socket.communityDeactivate(town)
    await line(bot, town, StubType.COMMUNITY_PARENT_GROUP_DELETED)
    await updated(bot, update => update.id === bakers && 'linkedParent' in update && update.linkedParent === undefined)
    expect(await reasonOf(bot.socket.communityMetadata(town))).toBe('gone')
    await bot.sendText(bakers, 'still here')
    await bob.waitForMessage(({ text }) => text === 'still here')
  })

  it('are told apart from groups', async () => {
    const { bot, town } = await scene()
    await bot.socket.groupCreate('Only a group', [])
    const before = updates(bot).length
    expect(Object.keys(await bot.socket.communityFetchAllParticipating())).toEqual([town])
    await bot.waitFor(() => updates(bot).length === before + 1, 'groups.update')
    expect(updates(bot).at(-1)).toMatchObject({ id: town, isCommunity: true })
  })

  it('hear announcements of admins only', async () => {
    const { alice, bob, bot } = await scene()
    const other = await bob.groups.createCommunity('Of Bob')
    await bob.groups.create('Bakers', [alice.jid], { linkedParent: other })
    const [announcements] = await groupsOf(bot, other)
    const group = announcements?.id ?? ''
    await bob.send(group, { text: 'hear, hear' })
    await bot.text('hear, hear')
    await bot.sendText(group, 'me too')
    expect(await bot.logged('message-refused')).toMatchObject({ fields: { err: { data: { errorCode: 403 } } } })
    expect(bob.messages.some(({ text }) => text === 'me too')).toBe(false)
  })
})
