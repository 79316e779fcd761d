import { describe, expect, it } from 'vitest'
import { getBinaryNodeChild, getBinaryNodeChildren } from '../binary/accessors.js'
import type { GroupMetadata } from '../groups/group-types.js'
import { violations } from '../messages/testing/stanza-schema.js'
import type { SocketCore } from './core.js'
import { type GroupAudience, GroupAudiences } from './group-audiences.js'
import { makeGroupStanza } from './group-sender.js'
import type { MessageCopies } from './message-copies.js'

const jid = '120363000000000001@g.us'
const users = Array.from({ length: 2_100 }, (_, index) => `${200_000_000_000_000 + index}@lid`)
const metadata = {
  id: jid,
  addressingMode: 'lid',
  participants: users.map(id => ({ id })),
} as unknown as GroupMetadata
const core = {
  creds: { me: { id: '15550001111:7@s.whatsapp.net', lid: '100000000000001:7@lid' } },
  config: { patchMessageBeforeSending: (message: object) => message },
} as unknown as SocketCore
/** Everybody has a phone and a companion. */
const audiences = new GroupAudiences(core, {
  revision: 0,
  devicesOf: async (wanted: readonly string[]) => wanted.flatMap(user => [user, user.replace('@', ':1@')]),
})

const copiesFor = (lacking: (all: readonly string[]) => readonly string[]) =>
  ({
    deviceIdentity: Buffer.alloc(100),
    encryptWithSenderKey: async (_group: string, _me: string, { others }: GroupAudience) => ({
      senderKeyMessage: Buffer.alloc(50),
      keyDistribution: lacking(others).map(device => ({ jid: device, type: 'pkmsg', ciphertext: Buffer.alloc(60) })),
    }),
  }) as unknown as MessageCopies

const request = { id: 'A', metadata, message: { conversation: 'a' }, useDevicesCache: true, extra: undefined }

describe('a message to a large group', () => {
  it('sends the key ahead to those for whom its stanza has no room', async () => {
    const made = await makeGroupStanza(core, { audiences, copies: copiesFor(all => all) }, request)
    const stanzas = [...made.keysAhead.map(({ stanza }) => stanza), made.stanza]
    const named = stanzas.map(stanza => getBinaryNodeChildren(getBinaryNodeChild(stanza, 'participants'), 'to').length)
    expect(named).toEqual([2_000, 202, 2_000])
    for (const { stanza } of made.keysAhead) expect(violations(stanza, 'groupKeyOnly')).toEqual([])
    expect(violations(made.stanza, 'group')).toEqual([])
    const holders = new Set([...made.keysAhead.flatMap(({ newHolders }) => newHolders), ...made.newHolders])
    expect(holders.size).toBe(4_202)
  })

  it('is one stanza once everybody holds the key', async () => {
    const made = await makeGroupStanza(core, { audiences, copies: copiesFor(() => []) }, request)
    expect(made.keysAhead).toEqual([])
    expect(made.newHolders).toEqual([])
  })
})
