import type { Phone } from '@kurir/simulator'
import { GroupRefusal, getBinaryNodeChild, getBinaryNodeChildren, KurirError } from 'kurir'
import { describe, expect, it } from 'vitest'
import type { KurirClient } from './support/kurir-client.js'
import { rejection } from './support/kurir-client.js'
import { worldForEachTest } from './support/world.js'

/** The names of the switches and values that a phone sees. */
const settingsAt = async (phone: Phone, group: string): Promise<string[]> => {
  const { content } = await phone.groups.look(group)
  return Array.isArray(content) ? content.map(({ tag }) => tag) : []
}

const memberOf = async (phone: Phone, group: string, lid: string) => {
  const members = getBinaryNodeChildren(await phone.groups.look(group), 'participant')
  return members.find(({ attrs }) => attrs['jid'] === lid)?.attrs
}

const refusal = async (promise: Promise<unknown>): Promise<GroupRefusal> => {
  const error = await rejection(promise)
  expect(error).toBeInstanceOf(GroupRefusal)
  return error as GroupRefusal
}

describe('groups (docs/protocol/05 §1)', () => {
  const world = worldForEachTest()

  /** A bot of Alice, and Bob and Carol. */
  const scene = async () => {
    const [alice, bob, carol] = await Promise.all(['Alice', 'Bob', 'Carol'].map(name => world().phone(name)))
    const bot = await world().linked(alice as Phone)
    return { alice: alice as Phone, bob: bob as Phone, carol: carol as Phone, bot }
  }
  const ofBot = (bot: KurirClient, ...members: Phone[]) =>
    bot.socket.groupCreate(
      'Team',
      members.map(({ jid }) => jid),
    )

  it('are made with members and settings, and say who could not be added', async () => {
    const { alice, bob, carol, bot } = await scene()
    carol.account.privacy.set('groupadd', 'none')
    const made = await bot.socket.groupCreate('Bread', [bob.lid, carol.jid, '99999999999@s.whatsapp.net'], {
      description: 'Rules',
      announce: true,
      restrict: true,
      ephemeralDuration: 86_400,
      memberAddMode: true,
      joinApprovalMode: true,
    })
    expect(made).toMatchObject({
      subject: 'Bread',
      desc: 'Rules',
      announce: true,
      restrict: true,
      ephemeralDuration: 86_400,
      memberAddMode: true,
      joinApprovalMode: true,
      owner: alice.lid,
      addressingMode: 'lid',
    })
    expect(made.participants.map(({ id, phoneNumber, admin }) => [id, phoneNumber, admin])).toEqual([
      [alice.lid, alice.jid, 'superadmin'],
      [bob.lid, bob.jid, null],
    ])
    expect(made.failed.map(({ jid, status, reason }) => [jid, status, reason])).toEqual([
      [carol.jid, '403', 'forbidden'],
      ['99999999999@s.whatsapp.net', '404', 'not-found'],
    ])
    expect(made.failed[0]?.invitation?.inviteCode).toMatch(/.{10}/)
    expect((await bob.groups.look(made.id)).attrs['subject']).toBe('Bread')
    expect(await bot.socket.groupMetadata(made.id)).toMatchObject({ id: made.id, size: 2 })
    expect(await refusal(bot.socket.groupCreate('x'.repeat(101), []))).toMatchObject({
      reason: 'not-acceptable',
      data: 406,
      field: 'subject',
      operation: 'create',
    })
  })

  it('change their name and description, for those who may', async () => {
    const { alice, bob, bot } = await scene()
    const { id } = await ofBot(bot, bob)
    await bot.socket.groupUpdateSubject(id, 'New name')
    await bot.socket.groupUpdateDescription(id, 'First')
    await bot.socket.groupUpdateDescription(id, 'Second')
    const seen = await bob.groups.look(id)
    expect(seen.attrs['subject']).toBe('New name')
    expect(getBinaryNodeChild(getBinaryNodeChild(seen, 'description'), 'body')?.content?.toString()).toBe('Second')
    await bot.socket.groupUpdateDescription(id)
    expect(await settingsAt(bob, id)).not.toContain('description')
    const other = await bob.createGroup('Locked', [alice.jid])
    await bob.groups.set(other, 'locked')
    for (const change of [
      () => bot.socket.groupUpdateSubject(other, 'mine'),
      () => bot.socket.groupUpdateDescription(other, 'mine'),
      () => bot.socket.groupToggleEphemeral(other, 86_400),
    ]) {
      expect(await refusal(change())).toMatchObject({ code: 'server-refused', reason: 'forbidden', group: other })
    }
    expect(await refusal(bot.socket.groupUpdateDescription(id, 'x'.repeat(2049)))).toMatchObject({
      field: 'description',
    })
  })

  it('change their settings, for admins', async () => {
    const { alice, bob, bot } = await scene()
    const { id } = await ofBot(bot, bob)
    for (const [on, off] of [
      ['announcement', 'not_announcement'],
      ['locked', 'unlocked'],
      ['no_frequently_forwarded', 'frequently_forwarded_ok'],
      ['allow_admin_reports', 'not_allow_admin_reports'],
      ['group_history', 'no_group_history'],
    ] as const) {
      await bot.socket.groupSettingUpdate(id, on)
      expect(await settingsAt(bob, id)).toContain(on)
      await bot.socket.groupSettingUpdate(id, off)
      expect(await settingsAt(bob, id)).not.toContain(on)
    }
    await bot.socket.groupMemberAddMode(id, 'all_member_add')
    await bot.socket.groupJoinApprovalMode(id, 'on')
    await bot.socket.groupToggleEphemeral(id, 604_800)
    expect(await bot.socket.groupMetadata(id)).toMatchObject({
      memberAddMode: true,
      joinApprovalMode: true,
      ephemeralDuration: 604_800,
    })
    await bot.socket.groupToggleEphemeral(id, 0)
    expect(await bot.socket.groupMetadata(id)).toMatchObject({ ephemeralDuration: undefined })
    expect(await refusal(bot.socket.groupToggleEphemeral(id, 5))).toMatchObject({ reason: 'bad-request' })
    const other = await bob.createGroup('Of Bob', [alice.jid])
    for (const change of [
      () => bot.socket.groupSettingUpdate(other, 'announcement'),
      () => bot.socket.groupMemberAddMode(other, 'all_member_add'),
      () => bot.socket.groupJoinApprovalMode(other, 'on'),
    ]) {
      expect((await refusal(change())).reason).toBe('forbidden')
    }
  })

  it('change their members one by one, each with its own result', async () => {
    const { alice, bob, carol, bot } = await scene()
    const { id } = await ofBot(bot, bob)
    const update = async (members: Phone[], action: 'add' | 'remove' | 'promote' | 'demote') =>
      (
        await bot.socket.groupParticipantsUpdate(
          id,
          members.map(({ jid }) => jid),
          action,
        )
      ).map(({ status, reason }) => [status, reason])
    expect(await update([carol, bob], 'add')).toEqual([
      ['200', undefined],
      ['409', 'conflict'],
    ])
    expect(await update([bob], 'promote')).toEqual([['200', undefined]])
    expect(await memberOf(carol, id, bob.lid)).toMatchObject({ type: 'admin' })
    expect(await update([bob, alice], 'demote')).toEqual([
      ['200', undefined],
      ['406', 'not-acceptable'],
    ])
    expect(await update([carol], 'remove')).toEqual([['200', undefined]])
    expect(await update([carol], 'remove')).toEqual([['404', 'not-found']])
    expect((await carol.groups.look(id).catch(error => error)).data).toMatchObject({ code: '403' })
    expect(await update([], 'add')).toEqual([])
    const other = await bob.createGroup('Of Bob', [alice.jid])
    expect(await refusal(bot.socket.groupParticipantsUpdate(other, [carol.jid], 'add'))).toMatchObject({
      reason: 'forbidden',
      operation: 'add',
    })
    expect(await rejection(bot.socket.groupParticipantsUpdate(id, [carol.jid], 'modify'))).toMatchObject({
      code: 'invalid-group-request',
    })
    expect((await rejection(bot.socket.groupParticipantsUpdate(id, ['nobody'], 'add'))).code).toBe('invalid-jid')
    expect((await rejection(bot.socket.groupLeave(bob.jid))).code).toBe('invalid-jid')
  })

  it('invite those whose privacy forbids adding by a message, which is taken once', async () => {
    const { alice, bob, bot } = await scene()
    alice.account.privacy.set('groupadd', 'none')
    const group = await bob.createGroup('Bread', [])
    const [outcome] = await bob.groups.change(group, 'add', [alice.jid])
    const invitation = outcome?.invitation ?? { code: '', expiration: 0 }
    const groupInviteMessage = {
      groupJid: group,
      inviteCode: invitation.code,
      inviteExpiration: invitation.expiration,
      groupName: 'Bread',
    }
    await bob.send(alice.jid, { message: { groupInviteMessage } })
    const received = await bot.waitFor(() => bot.readable.find(each => each.message?.groupInviteMessage), 'invitation')
    const invite = received.message?.groupInviteMessage ?? {}
    expect(await bot.socket.groupGetInviteV4Info(bob.jid, invite)).toMatchObject({ id: group, subject: 'Bread' })
    const wrong = bot.socket.groupAcceptInviteV4(bob.jid, { ...invite, inviteCode: 'wrong' })
    expect((await refusal(wrong)).reason).toBe('not-found')
    expect(await bot.socket.groupAcceptInviteV4(received.key, invite)).toBe(group)
    expect(await memberOf(bob, group, alice.lid)).toBeDefined()
    const used = bot.messages.find(each => each.key.id === received.key.id)
    const updates = bot.events.flatMap(({ name, data }) => (name === 'messages.update' ? data : []) as never[])
    expect([used, ...updates]).toContainEqual(
      expect.objectContaining({ key: expect.objectContaining({ id: received.key.id }) }),
    )
    expect(await refusal(bot.socket.groupAcceptInviteV4(received.key, invite))).toMatchObject({ data: 304 })
    expect((await rejection(bot.socket.groupAcceptInviteV4(bob.jid, { ...invite, groupJid: 'nowhere' }))).code).toBe(
      'invalid-jid',
    )
  })

  it('take invitations back', async () => {
    const { bob, bot } = await scene()
    bob.account.privacy.set('groupadd', 'none')
    const { id, failed } = await ofBot(bot, bob)
    const invitation = { code: '', expiration: 0, ...renamed(failed[0]?.invitation) }
    expect(await bot.socket.groupRevokeInviteV4(id, bob.jid)).toBe(true)
    expect(await bot.socket.groupRevokeInviteV4(id, bob.jid)).toBe(false)
    const late = await bob.groups.accept(id, invitation, bot.lid.replace(/:\d+/, '')).catch(error => error)
    expect(KurirError.is(late) && late.data).toMatchObject({ code: '404' })
  })

  it('are joined by link, until it is reset', async () => {
    const { alice, bob, carol, bot } = await scene()
    const { id } = await ofBot(bot, bob)
    const code = (await bot.socket.groupInviteCode(id)) ?? ''
    expect(await carol.groups.join(code)).toBe(true)
    const next = await bot.socket.groupRevokeInvite(id)
    expect(next).not.toBe(code)
    const group = await bob.createGroup('Of Bob', [])
    const link = await bob.groups.inviteCode(group)
    expect(await bot.socket.groupGetInviteInfo(`https://chat.whatsapp.com/${link}?mode=ac_t`)).toMatchObject({
      id: group,
      subject: 'Of Bob',
    })
    expect(await bot.socket.groupAcceptInvite(`https://chat.whatsapp.com/${link}`)).toBe(group)
    expect(await memberOf(bob, group, alice.lid)).toBeDefined()
    expect((await refusal(bot.socket.groupInviteCode(group))).reason).toBe('forbidden')
    expect((await refusal(bot.socket.groupRevokeInvite(group))).reason).toBe('forbidden')
    expect((await refusal(bot.socket.groupAcceptInvite(code))).reason).toBe('gone')
    expect((await refusal(bot.socket.groupGetInviteInfo(code))).reason).toBe('gone')
    expect((await refusal(bot.socket.groupAcceptInvite('never'))).reason).toBe('not-found')
    await bob.groups.change(group, 'remove', [alice.jid])
    expect((await refusal(bot.socket.groupAcceptInvite(link))).reason).toBe('not-allowed')
  })

  it('let admins decide who joins', async () => {
    const { alice, bob, carol, bot } = await scene()
    const { id } = await ofBot(bot)
    await bot.socket.groupJoinApprovalMode(id, 'on')
    const code = (await bot.socket.groupInviteCode(id)) ?? ''
    for (const phone of [bob, carol]) expect(await phone.groups.join(code)).toBe(false)
    expect(await bot.socket.groupRequestParticipantsList(id)).toMatchObject([
      { jid: bob.lid, phone_number: bob.jid, request_method: 'invite_link' },
      { jid: carol.lid },
    ])
    expect(await bot.socket.groupRequestParticipantsUpdate(id, [bob.lid], 'approve')).toMatchObject([
      { status: '200', jid: bob.lid },
    ])
    expect(await bot.socket.groupRequestParticipantsUpdate(id, [carol.lid, bob.lid], 'reject')).toMatchObject([
      { status: '200' },
      { status: '409', reason: 'conflict' },
    ])
    expect(await bot.socket.groupRequestParticipantsList(id)).toEqual([])
    expect(await memberOf(bob, id, bob.lid)).toBeDefined()

    const group = await bob.createGroup('Of Bob', [])
    await bob.groups.setApproval(group, 'on')
    expect(await bot.socket.groupAcceptInvite(await bob.groups.inviteCode(group))).toBeUndefined()
    expect(await bob.groups.joinRequests(group)).toEqual([alice.lid])
    expect(await bot.socket.groupCancelJoinRequest(group)).toBe(true)
    expect(await bot.socket.groupCancelJoinRequest(group)).toBe(false)
    expect(await bob.groups.joinRequests(group)).toEqual([])
    expect((await refusal(bot.socket.groupRequestParticipantsList(group))).reason).toBe('forbidden')
    expect((await refusal(bot.socket.groupRequestParticipantsUpdate(group, [carol.jid], 'approve'))).reason).toBe(
      'forbidden',
    )
  })

  it('let members propose others where they may add only with approval', async () => {
    const { alice, bob, carol, bot } = await scene()
    const group = await bob.createGroup('Of Bob', [alice.jid])
    await bob.groups.setMemberAddMode(group, 'all_member_add')
    await bob.groups.setApproval(group, 'on')
    expect(await bot.socket.groupParticipantsUpdate(group, [carol.jid], 'add')).toMatchObject([
      { status: '200', awaitsApproval: true },
    ])
    expect(await bob.groups.joinRequests(group)).toEqual([carol.lid])
  })

  it('are left', async () => {
    const { alice, bob, bot } = await scene()
    const { id } = await ofBot(bot, bob)
    await bot.socket.groupLeave(id)
    await bob.groups.waitForNotice(({ group, change }) => group === id && change.tag === 'remove')
    expect(await memberOf(bob, id, alice.lid)).toBeUndefined()
    // Somebody has to look after it.
    expect(await memberOf(bob, id, bob.lid)).toMatchObject({ type: 'admin' })
    expect((await refusal(bot.socket.groupMetadata(id))).reason).toBe('forbidden')
    expect(await refusal(bot.socket.groupLeave(id))).toMatchObject({ reason: 'not-found', operation: 'leave' })
  })

  it('are listed, all and some', async () => {
    const { bob, alice, bot } = await scene()
    const { id } = await ofBot(bot, bob)
    const other = await bob.createGroup('Of Bob', [alice.jid])
    const hidden = await bob.createGroup('Not ours', [])
    const all = await bot.socket.groupFetchAllParticipating()
    expect(Object.keys(all).sort()).toEqual([id, other].sort())
    expect(all[other]).toMatchObject({ subject: 'Of Bob', size: 2 })
    await bot.waitFor(() => bot.events.some(({ name }) => name === 'groups.update'), 'groups.update')
    const some = await bot.socket.groupFetch([id, hidden, '120363999999999999@g.us'])
    expect(Object.keys(some.groups)).toEqual([id])
    expect(some.refused).toEqual({ [hidden]: 'forbidden', '120363999999999999@g.us': 'not-found' })
  })

  it('are accepted by who was added, and take reports', async () => {
    const { alice, bob, bot } = await scene()
    const group = await bob.createGroup('Of Bob', [alice.jid])
    expect(await bot.socket.groupMetadata(group)).toMatchObject({ needsAcknowledgement: true })
    await bot.socket.groupAcknowledge(group)
    expect((await bot.socket.groupMetadata(group)).needsAcknowledgement).toBeUndefined()
    const id = await bob.send(group, { text: 'bad' })
    await bot.text('bad')
    expect((await refusal(bot.socket.groupReportMessage(group, id))).reason).toBe('forbidden')
    await bob.groups.set(group, 'allow_admin_reports')
    await bot.socket.groupReportMessage(group, id)
    expect((await refusal(bot.socket.groupReports(group))).reason).toBe('forbidden')
    await bob.groups.change(group, 'promote', [alice.jid])
    expect(await bot.socket.groupReports(group)).toMatchObject([
      { messageId: id, reporters: [{ jid: alice.lid, phoneNumber: alice.jid }] },
    ])
    expect((await refusal(bot.socket.groupAcknowledge('120363999999999999@g.us'))).reason).toBe('not-found')
  })
})

const renamed = (invitation: { inviteCode: string; inviteExpiration: number } | undefined) =>
  invitation && { code: invitation.inviteCode, expiration: invitation.inviteExpiration }
