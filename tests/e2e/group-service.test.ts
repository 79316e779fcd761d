import { GroupService } from 'kurir/services'
import { describe, expect, it } from 'vitest'
import { png } from '../kinds/files.js'
import { rejection } from './support/kurir-client.js'
import { worldForEachTest } from './support/world.js'

const world = worldForEachTest()

async function scene() {
  const [owner, bob, carol] = await Promise.all(['Owner', 'Bob', 'Carol'].map(name => world().phone(name)))
  if (!owner || !bob || !carol) throw new Error('no phones')
  const client = await world().linked(owner)
  return { groups: new GroupService(client.socket), client, owner, bob, carol }
}

const members = async (groups: GroupService, group: string) =>
  (await groups.info(group)).participants.map(({ phoneNumber, admin }) => [phoneNumber, admin])

describe('GroupService', () => {
  it('makes groups and changes who is in them, by phone number', async () => {
    const { groups, owner, bob, carol } = await scene()
    const { id, subject } = await groups.create('Lunch', [`+${bob.number}`])
    expect(subject).toBe('Lunch')
    const [added] = await groups.addParticipants(id, [carol.number])
    expect(added).toMatchObject({ status: '200', reason: undefined })
    await groups.promote(id, [carol.jid])
    expect(await members(groups, id)).toEqual([
      [owner.jid, 'superadmin'],
      [bob.jid, null],
      [carol.jid, 'admin'],
    ])
    await groups.demote(id, [carol.jid])
    await groups.removeParticipants(id, [bob.jid])
    expect(await members(groups, id)).toEqual([
      [owner.jid, 'superadmin'],
      [carol.jid, null],
    ])
    expect((await groups.list()).map(group => group.id)).toEqual([id])
    await groups.leave(id)
    expect(await groups.list()).toEqual([])
  })

  it('invites those who cannot be added, and they accept', async () => {
    const { groups, bob, carol } = await scene()
    bob.account.privacy.set('groupadd', 'none')
    const { id } = await groups.create('Lunch', [])
    const results = await groups.addParticipants(id, [bob.jid, carol.jid])
    expect(await groups.inviteRefused(id, results, 'come in')).toEqual([bob.jid])
    const { message } = await bob.waitForMessage(each => each.message.groupInviteMessage != null)
    expect(message.groupInviteMessage).toMatchObject({ groupJid: id, groupName: 'Lunch', caption: 'come in' })
  })

  it('hands out links that lead into the group, and takes them back', async () => {
    const { groups, bob } = await scene()
    const { id } = await groups.create('Lunch', [])
    const link = await groups.getInviteLink(id)
    expect(link).toMatch(/^https:\/\/chat\.whatsapp\.com\/.{10}/)
    expect(await groups.inviteInfo(link)).toMatchObject({ id, subject: 'Lunch' })
    const other = new GroupService((await world().linked(bob)).socket)
    expect(await other.acceptInvite(link)).toBe(id)
    const old = await groups.getInviteCode(id)
    expect(await groups.revokeInvite(id)).not.toBe(old)
    expect(await rejection(groups.inviteInfo(link))).toMatchObject({ reason: 'gone' })
  })

  it('lets admins decide who joins', async () => {
    const { groups, bob } = await scene()
    const { id } = await groups.create('Lunch', [])
    await groups.setJoinApproval(id, true)
    const other = new GroupService((await world().linked(bob)).socket)
    expect(await other.acceptInvite(await groups.getInviteCode(id))).toBeUndefined()
    const [request] = await groups.joinRequests(id)
    expect(request).toMatchObject({ jid: bob.lid, method: 'invite_link', requestedAt: expect.any(Number) })
    expect(await groups.approve(id, [request?.jid ?? ''])).toMatchObject([{ status: '200' }])
    expect(await groups.joinRequests(id)).toEqual([])
    expect(await members(groups, id)).toHaveLength(2)
  })

  it('changes what a group shows and allows', async () => {
    const { groups } = await scene()
    const { id } = await groups.create('Lunch', [])
    await groups.setSubject(id, 'Dinner')
    await groups.setDescription(id, 'At eight')
    await groups.setAnnouncement(id, true)
    await groups.setLocked(id, true)
    await groups.setMemberAddMode(id, false)
    await groups.setDisappearing(id, 86_400)
    expect(await groups.info(id)).toMatchObject({
      subject: 'Dinner',
      desc: 'At eight',
      announce: true,
      restrict: true,
      memberAddMode: true,
      ephemeralDuration: 86_400,
    })
    await groups.setPicture(id, png(8, 8))
    await groups.removePicture(id)
  })

  it('says why something was refused', async () => {
    const { groups, bob } = await scene()
    const other = new GroupService((await world().linked(bob)).socket)
    const { id } = await groups.create('Lunch', [bob.jid])
    expect(await rejection(other.promote(id, [bob.jid]))).toMatchObject({ reason: 'forbidden' })
    expect(await rejection(groups.addParticipants(id, ['Bob']))).toMatchObject({ code: 'invalid-jid' })
  })
})
