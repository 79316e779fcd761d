import type { Phone } from '@kurir/simulator'
import type { BaileysEventMap } from 'kurir'
import { beforeEach, describe, expect, it } from 'vitest'
import { png } from '../kinds/files.js'
import type { BaileysClient } from './support/baileys-client.js'
import type { KurirClient } from './support/kurir-client.js'
import { worldForEachTest } from './support/world.js'

/** Kurir and an unmodified Baileys look at each other's profile, and keep away from each other. */
describe('profiles and privacy between Kurir and Baileys', () => {
  const world = worldForEachTest()
  let [alice, bob]: Phone[] = []
  let kurir: KurirClient
  let baileys: BaileysClient

  beforeEach(async () => {
    alice = await world().phone('Alice', 'strict')
    bob = await world().phone('Bob', 'lenient')
    alice.people.save(bob.jid)
    bob.people.save(alice.jid)
    kurir = await world().linked('kurir', alice)
    baileys = await world().linked('baileys', bob)
  })

  it('pictures and about texts are seen both ways, with the news of their change', async () => {
    const changed: unknown[] = []
    baileys.socket.ev.on('contacts.update', updates => changed.push(...updates))
    kurir.socket.ev.on('contacts.update', updates => changed.push(...updates))
    await kurir.socket.updateProfilePicture(kurir.jid, png(8, 8))
    await expect.poll(() => changed).toContainEqual({ id: alice!.jid, imgUrl: 'changed' })
    const url = await baileys.socket.profilePictureUrl(alice!.jid, 'image')
    expect((await fetch(url!)).headers.get('content-type')).toBe('image/jpeg')
    await baileys.socket.updateProfilePicture(baileys.jid, png(8, 8))
    await expect
      .poll(() => changed)
      .toContainEqual({
        id: bob!.jid,
        lid: bob!.lid,
        phoneNumber: bob!.jid,
        imgUrl: 'changed',
      })
    expect(await kurir.socket.profilePictureUrl(bob!.jid)).toMatch(/^http/)
    await baileys.socket.updateProfileStatus('from Baileys')
    await kurir.socket.updateProfileStatus('from Kurir')
    expect(await kurir.socket.fetchStatus(bob!.jid)).toMatchObject([{ status: { status: 'from Baileys' } }])
    expect(await baileys.socket.fetchStatus(alice!.jid)).toMatchObject([{ status: { status: 'from Kurir' } }])
  })

  it('presence and typing are seen both ways', async () => {
    const seen: { id: string; state: string | undefined }[] = []
    const note = ({ id, presences }: BaileysEventMap['presence.update']) => {
      for (const { lastKnownPresence } of Object.values(presences)) seen.push({ id, state: lastKnownPresence })
    }
    kurir.socket.ev.on('presence.update', note)
    baileys.socket.ev.on('presence.update', note)
    await kurir.socket.presenceSubscribe(bob!.jid)
    await baileys.socket.presenceSubscribe(alice!.jid)
    await expect.poll(() => seen).toContainEqual({ id: bob!.jid, state: 'available' })
    await expect.poll(() => seen).toContainEqual({ id: alice!.jid, state: 'available' })
    await kurir.socket.sendPresenceUpdate('composing', bob!.jid)
    await baileys.socket.sendPresenceUpdate('recording', alice!.jid)
    await expect
      .poll(() => seen.some(({ id, state }) => id.startsWith(alice!.jid.split('@')[0]!) && state === 'composing'))
      .toBe(true)
    await expect
      .poll(() => seen.some(({ id, state }) => id.startsWith(bob!.jid.split('@')[0]!) && state === 'recording'))
      .toBe(true)
  })

  // The phone of the sender has its copy when the service has routed the message.
  it('who is blocked reaches nobody, whichever of them has blocked', async () => {
    await kurir.socket.updateBlockStatus(bob!.jid, 'block')
    await baileys.sendText(alice!.jid, 'blocked by Kurir')
    await bob!.waitForMessage(({ text }) => text === 'blocked by Kurir')
    await kurir.socket.updateBlockStatus(bob!.jid, 'unblock')
    await baileys.sendText(alice!.jid, 'heard')
    expect((await kurir.text('heard')).key.fromMe).toBe(false)
    await baileys.sendText(alice!.jid, 'known')
    await kurir.text('known')
    await kurir.sendText(bob!.jid, 'hello')
    await baileys.text('hello')
    await baileys.socket.updateBlockStatus(alice!.jid, 'block')
    await kurir.sendText(bob!.jid, 'blocked by Baileys')
    await alice!.waitForMessage(({ text }) => text === 'blocked by Baileys')
    await baileys.socket.updateBlockStatus(alice!.jid, 'unblock')
    await kurir.sendText(bob!.jid, 'heard too')
    await baileys.text('heard too')
    expect(alice!.messages.some(({ text, fromMe }) => !fromMe && text === 'blocked by Kurir')).toBe(false)
    expect(bob!.messages.some(({ text, fromMe }) => !fromMe && text === 'blocked by Baileys')).toBe(false)
  })

  it('privacy settings of one are those of all clients of the account', async () => {
    const second = await world().linked('baileys', alice!)
    await kurir.socket.updateLastSeenPrivacy('contacts')
    await kurir.socket.updateReadReceiptsPrivacy('none')
    expect(await second.socket.fetchPrivacySettings(true)).toMatchObject({ last: 'contacts', readreceipts: 'none' })
    const blocked: unknown[] = []
    second.socket.ev.on('blocklist.update', update => blocked.push(update))
    await kurir.socket.updateBlockStatus(bob!.jid, 'block')
    await expect.poll(() => blocked).toEqual([{ blocklist: [bob!.lid], type: 'add' }])
    await second.socket.updateOnlinePrivacy('match_last_seen')
    await expect.poll(async () => (await kurir.socket.fetchPrivacySettings())['online']).toBe('match_last_seen')
  })
})
