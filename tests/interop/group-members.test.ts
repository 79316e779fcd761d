import type { Simulator } from '@kurir/simulator'
import { getBinaryNodeChildren } from 'kurir'
import { describe, expect, it } from 'vitest'
import type { KurirClient } from './support/kurir-client.js'
import { worldForEachTest } from './support/world.js'

/** The group part of every message that a device has sent, by message id. */
function groupParts(wa: Simulator): Map<string, { readonly author: string; readonly msg: Uint8Array }> {
  const parts = new Map<string, { readonly author: string; readonly msg: Uint8Array }>()
  wa.onStanza(({ direction, node }) => {
    if (direction !== 'to-client' || node.tag !== 'message') return
    const enc = getBinaryNodeChildren(node, 'enc').find(({ attrs }) => attrs['type'] === 'skmsg')
    if (enc?.content instanceof Uint8Array) {
      parts.set(node.attrs['id'] ?? '', { author: node.attrs['participant'] ?? '', msg: enc.content })
    }
  })
  return parts
}

/** Whether the keys of a client open a group message, whoever carries it to them. */
const opens = async (
  { socket }: KurirClient,
  group: string,
  part: { readonly author: string; readonly msg: Uint8Array } | undefined,
): Promise<boolean> => {
  const { author: authorJid = '', msg = Buffer.alloc(0) } = part ?? {}
  return socket.signalRepository.decryptGroupMessage({ group, authorJid, msg }).then(
    () => true,
    () => false,
  )
}

describe('a group whose members come and go', () => {
  const world = worldForEachTest()

  it.each(['lid', 'pn'] as const)('goes on between Kurir, Baileys and phones (%s)', async addressing => {
    const place = world()
    const owner = await place.phone('Owner', 'strict')
    const [left, right] = [await place.phone('Kurir', 'strict'), await place.phone('Baileys', 'lenient')]
    const carol = await place.phone('Carol', 'strict')
    const [kurir, baileys, leaver] = await Promise.all([
      place.linked('kurir', left, place.newFolder()),
      place.linked('baileys', right, place.newFolder()),
      place.linked('kurir', carol),
    ])
    const parts = groupParts(place.wa)
    const jidOf = (phone: typeof owner) => (addressing === 'lid' ? phone.lid : phone.jid)
    const group = await owner.createGroup('Everybody', [left.jid, right.jid, carol.jid], { addressing })
    await owner.changeGroup(group, 'promote', [left.jid, right.jid])

    let texts = 0
    const speak = async (readers: readonly KurirClient[] = []) => {
      const ids: string[] = []
      for (const speaker of [owner, kurir, baileys]) {
        texts += 1
        const text = `text ${texts}`
        ids.push('sendText' in speaker ? await speaker.sendText(group, text) : await speaker.send(group, { text }))
        await Promise.all([kurir, baileys, ...readers].map(companion => companion.text(text)))
        for (const phone of [owner, left, right]) {
          if (phone !== speaker) await phone.waitForMessage(message => message.text === text)
        }
      }
      return ids
    }
    /** Waits until everybody has heard of a change. */
    const heard = async (change: string, by: number) => {
      for (const phone of [left, right]) {
        await expect.poll(() => phone.groups.notices.filter(notice => notice.change.tag === change)).toHaveLength(by)
      }
      for (const client of [kurir, baileys]) await expect.poll(() => place.wa.unconfirmed(client.jid)).toBe(0)
    }

    await speak([leaver])
    // What she misses while she is a member, her keys still open.
    place.wa.faults.add({
      direction: 'to-client',
      match: { tag: 'message', device: leaver.jid },
      action: { kind: 'drop' },
    })
    const [, missed = ''] = await speak()
    expect(await opens(leaver, group, parts.get(missed))).toBe(true)
    place.wa.faults.clear()

    const [removed] = await kurir.socket.groupParticipantsUpdate(group, [jidOf(carol)], 'remove')
    expect(removed?.status).toBe('200')
    await heard('remove', 1)
    const [byPhone = '', byKurir = ''] = await speak()
    expect(await opens(leaver, group, parts.get(byPhone))).toBe(false)
    expect(await opens(leaver, group, parts.get(byKurir))).toBe(false)
    expect(leaver.readable.map(({ key }) => key.id)).not.toContain(byKurir)

    const [added] = await baileys.socket.groupParticipantsUpdate(group, [jidOf(carol)], 'add')
    expect(added?.status).toBe('200')
    await heard('add', 1)
    await speak([leaver])

    const second = await place.linked('kurir', right)
    await speak([leaver, second])
    right.removeDevice(second.jid)
    await second.closed()
    await speak([leaver])

    for (const client of [kurir, baileys]) {
      await client.end()
      await client.resume()
    }
    await speak([leaver])
    expect(place.violations).toEqual([])
  })

  it('tells Baileys what Kurir changes, and Kurir what Baileys changes', async () => {
    const place = world()
    const [left, right] = [await place.phone('Kurir', 'strict'), await place.phone('Baileys', 'lenient')]
    const [kurir, baileys] = await Promise.all([place.linked('kurir', left), place.linked('baileys', right)])
    const seen = { kurir: [] as unknown[], baileys: [] as unknown[] }
    const note = (list: unknown[]) => (events: object) => {
      for (const [name, data] of Object.entries(events)) {
        if (name.startsWith('group')) list.push(...[data].flat().map(entry => ({ name, ...Object(entry) })))
      }
    }
    kurir.socket.ev.process(async events => note(seen.kurir)(events))
    baileys.socket.ev.process(note(seen.baileys))
    const both = (members: object) =>
      expect
        .poll(() => [seen.kurir, seen.baileys], { timeout: 10_000 })
        .toEqual([
          expect.arrayContaining([expect.objectContaining(members)]),
          expect.arrayContaining([expect.objectContaining(members)]),
        ])

    const { id } = await kurir.socket.groupCreate('Of Kurir', [right.jid])
    await both({ name: 'groups.upsert', id, subject: 'Of Kurir' })
    await kurir.socket.groupUpdateSubject(id, 'Renamed')
    await both({ name: 'groups.update', id, subject: 'Renamed' })
    await kurir.socket.groupUpdateDescription(id, 'Described')
    await both({ name: 'groups.update', id, desc: 'Described' })
    await kurir.socket.groupParticipantsUpdate(id, [right.lid], 'promote')
    await both({ name: 'group-participants.update', id, action: 'promote' })
    await baileys.socket.groupSettingUpdate(id, 'announcement')
    await both({ name: 'groups.update', id, announce: true })
    await baileys.socket.groupJoinApprovalMode(id, 'on')
    await both({ name: 'groups.update', id, joinApprovalMode: true })
    await baileys.socket.groupUpdateDescription(id, 'By Baileys')
    await both({ name: 'groups.update', id, desc: 'By Baileys' })
    const code = (await baileys.socket.groupRevokeInvite(id)) ?? ''
    await both({ name: 'groups.update', id, inviteCode: code })
    const made = await baileys.socket.groupCreate('Of Baileys', [left.jid])
    await both({ name: 'groups.upsert', id: made.id })
    await baileys.socket.groupLeave(id)
    await expect
      .poll(() => seen.kurir)
      .toContainEqual(expect.objectContaining({ name: 'group-participants.update', id, action: 'remove' }))
    expect(await kurir.socket.groupMetadata(id)).toMatchObject({ size: 1, announce: true, desc: 'By Baileys' })
    expect(place.violations).toEqual([])
  })
})
