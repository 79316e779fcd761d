import { describe, expect, it } from 'vitest'
import { generateKeyPair } from '../crypto/curve.js'
import { decryptFromGroup, withDistribution } from './group-cipher.js'
import { RetryReason } from './retry-reason.js'
import {
  decodeSenderKeyDistribution,
  decodeSenderKeyMessage,
  encodeSenderKeyDistribution,
} from './sender-key-message.js'
import { decodeSenderKeyRecord, emptySenderKeyRecord } from './sender-key-record.js'
import { makeParty, type Party } from './testing/party.js'

const group = '120363000000000001@g.us'
const text = (value: string) => Buffer.from(value)

async function say(party: Party, value: string): Promise<Uint8Array> {
  return (await party.repository.encryptGroupMessage({ group, meId: party.jid, data: text(value) })).ciphertext
}

async function hear(party: Party, authorJid: string, msg: Uint8Array): Promise<string> {
  return Buffer.from(await party.repository.decryptGroupMessage({ group, authorJid, msg })).toString()
}

async function announce(from: Party, to: Party, authorJid = from.jid): Promise<Uint8Array> {
  const distribution = await from.repository.getSenderKeyDistributionMessage({ group, meId: from.jid })
  await takeIn(to, authorJid, distribution)
  return distribution
}

async function takeIn(party: Party, authorJid: string, distribution: Uint8Array): Promise<void> {
  const item = { groupId: group, axolotlSenderKeyDistributionMessage: distribution }
  await party.repository.processSenderKeyDistributionMessage({ item, authorJid })
}

function members(): { alice: Party; bob: Party } {
  return { alice: makeParty('100:7@lid'), bob: makeParty('200@lid') }
}

const nameOf = (user: string, device: number) => `${group}::${user}::${device}`

describe('group messages', () => {
  it('02 §3.3: design §7: iterations are 0, 1, 2, … and the own record does not grow', async () => {
    const { alice } = members()
    const first = decodeSenderKeyMessage(await say(alice, '0'))
    const size = () => (alice.keys.value('sender-key', nameOf('100_1', 7)) as Uint8Array).byteLength
    const before = size()
    for (let count = 1; count <= 300; count++) {
      expect(decodeSenderKeyMessage(await say(alice, `${count}`))).toMatchObject({
        keyId: first.keyId,
        iteration: count,
      })
    }
    expect(size()).toBe(before)
    expect(before).toBeLessThan(200)
  })

  it('a distribution message made with a message announces that message', async () => {
    const { alice, bob } = members()
    await say(alice, 'before')
    const sent = await alice.repository.encryptGroupMessage({ group, meId: alice.jid, data: text('hello') })
    await takeIn(bob, alice.jid, sent.senderKeyDistributionMessage)
    expect(await hear(bob, alice.jid, sent.ciphertext)).toBe('hello')
    expect(await hear(bob, alice.jid, await say(alice, 'on and on'))).toBe('on and on')
  })

  it('02 §3.3: design §7: messages out of order are read, after a restart too, each once', async () => {
    const { alice, bob } = members()
    await announce(alice, bob)
    const messages: Uint8Array[] = []
    for (let count = 0; count < 10; count++) messages.push(await say(alice, `${count}`))
    let reader = bob
    for (const index of [9, 0, 5, 3, 8, 1, 7, 2, 6, 4]) {
      reader = reader.restarted()
      expect(await hear(reader, alice.jid, messages[index] as Uint8Array)).toBe(`${index}`)
    }
    for (const message of messages) {
      await expect(hear(reader, alice.jid, message)).rejects.toMatchObject({ code: 'duplicate-message' })
    }
  })

  it('a sender goes on after a restart with the same key and signs natively', async () => {
    const { alice, bob } = members()
    await announce(alice, bob)
    await say(alice, 'lost')
    const again = alice.restarted()
    const [state] = decodeSenderKeyRecord(again.keys.value('sender-key', nameOf('100_1', 7))).states
    expect(state?.signingKey.kind === 'own' && state.signingKey.pair.seed).toHaveLength(32)
    expect(await hear(bob, alice.jid, await say(again, 'after restart'))).toBe('after restart')
  })

  it('02 §3.3: announcing a known key again does not turn it back', async () => {
    const { alice, bob } = members()
    const distribution = await announce(alice, bob)
    const [first, second, third] = [await say(alice, '1'), await say(alice, '2'), await say(alice, '3')]
    expect(await hear(bob, alice.jid, third)).toBe('3')
    await takeIn(bob, alice.jid, distribution)
    await expect(hear(bob, alice.jid, third)).rejects.toMatchObject({ code: 'duplicate-message' })
    expect(await hear(bob, alice.jid, first)).toBe('1')
    await announce(alice, bob)
    expect(await hear(bob, alice.jid, second)).toBe('2')
  })

  it('a message from before the key was given to us is no duplicate: a resend is asked for', async () => {
    const { alice, bob } = members()
    const missed = await say(alice, 'missed')
    await announce(alice, bob)
    expect(await hear(bob, alice.jid, await say(alice, 'second'))).toBe('second')
    await expect(hear(bob, alice.jid, missed)).rejects.toMatchObject({
      code: 'no-sender-key',
      data: { retryReason: RetryReason.SignalErrorNoSession, counter: 0 },
    })
  })

  it('the key from the beginning, when it comes late, opens what came before: each message once', async () => {
    const { alice, bob } = members()
    const beginning = await alice.repository.getSenderKeyDistributionMessage({ group, meId: alice.jid })
    const [first, second, third] = [await say(alice, '1'), await say(alice, '2'), await say(alice, '3')]
    await announce(alice, bob)
    const fourth = await say(alice, '4')
    expect(await hear(bob, alice.jid, fourth)).toBe('4')
    await takeIn(bob, alice.jid, beginning)
    const reader = bob.restarted()
    expect(await hear(reader, alice.jid, second)).toBe('2')
    expect(await hear(reader, alice.jid, first)).toBe('1')
    await takeIn(reader, alice.jid, beginning)
    expect(await hear(reader, alice.jid, third)).toBe('3')
    for (const read of [first, second, third, fourth]) {
      await expect(hear(reader, alice.jid, read)).rejects.toMatchObject({ code: 'duplicate-message' })
    }
  })

  it('keeps five keys of a sender; messages of an older one are refused', async () => {
    const { alice, bob } = members()
    const messages: Uint8Array[] = []
    for (let count = 0; count < 6; count++) {
      await alice.repository.deleteSenderKey({ group, jid: alice.jid })
      await announce(alice, bob)
      messages.push(await say(alice, `${count}`))
    }
    await expect(hear(bob, alice.jid, messages[0] as Uint8Array)).rejects.toMatchObject({
      code: 'no-sender-key',
      message: 'No session found to decrypt message',
      data: { retryReason: RetryReason.SignalErrorNoSession, jid: alice.jid, group },
    })
    expect(await hear(bob, alice.jid, messages[1] as Uint8Array)).toBe('1')
    const stored = bob.keys.value('sender-key', nameOf('100_1', 7)) as Uint8Array
    expect(decodeSenderKeyRecord(stored).states).toHaveLength(5)
  })

  it('forgetting the own key begins another, and nobody is taken to hold it', async () => {
    const { alice } = members()
    const before = decodeSenderKeyMessage(await say(alice, '1'))
    await alice.keys.set({ 'sender-key-memory': { [group]: { '200@lid': true } } })
    expect(await alice.repository.hasSenderKey({ group, meId: alice.jid })).toBe(true)
    await alice.repository.deleteSenderKey({ group, jid: alice.jid })
    expect(await alice.repository.hasSenderKey({ group, meId: alice.jid })).toBe(false)
    expect(decodeSenderKeyMessage(await say(alice, '2')).keyId).not.toBe(before.keyId)
    expect(alice.keys.value('sender-key-memory', group)).toBeUndefined()
  })

  it('02 §3.4: another addressing mode of the group has another own key', async () => {
    const { alice } = members()
    const byLid = await alice.repository.getSenderKeyDistributionMessage({ group, meId: '100:7@lid' })
    const byPhone = await alice.repository.getSenderKeyDistributionMessage({ group, meId: '49150:7@s.whatsapp.net' })
    expect(decodeSenderKeyDistribution(byLid).keyId).not.toBe(decodeSenderKeyDistribution(byPhone).keyId)
  })

  it('messages sent side by side are all different and all readable', async () => {
    const { alice, bob } = members()
    await announce(alice, bob)
    const sent = await Promise.all(Array.from({ length: 40 }, (_, index) => say(alice, `${index}`)))
    const heard = await Promise.all(sent.map(message => hear(bob, alice.jid, message)))
    expect(heard).toEqual(sent.map((_, index) => `${index}`))
  })
})

describe('refusals', () => {
  it('a wrong signature, and a message of which a byte has been changed', async () => {
    const { alice, bob } = members()
    await announce(alice, bob)
    const message = Buffer.from(await say(alice, 'genuine'))
    for (const position of [5, message.length - 70, message.length - 1]) {
      const forged = Buffer.from(message)
      forged.writeUInt8(forged.readUInt8(position) ^ 1, position)
      await expect(hear(bob, alice.jid, forged)).rejects.toMatchObject({
        code: expect.stringMatching(/^(invalid-sender-key-signature|no-sender-key|invalid-message)$/),
      })
    }
    expect(await hear(bob, alice.jid, message)).toBe('genuine')
  })

  it('jumps of more than 25,000 messages, but not of 20,000', async () => {
    const { alice, bob } = members()
    const { keyId, chainKey, signingKey } = decodeSenderKeyDistribution(await announce(alice, bob))
    const old = withDistribution(emptySenderKeyRecord, { keyId, iteration: 0, chainKey, signingKey })
    for (let count = 0; count < 20_000; count++) await say(alice, 'lost')
    expect(await hear(bob, alice.jid, await say(alice, 'here'))).toBe('here')
    for (let count = 0; count < 5000; count++) await say(alice, 'lost')
    const far = await say(alice, 'far')
    const message = decodeSenderKeyMessage(far)
    expect(message.iteration).toBe(25_001)
    expect(() => decryptFromGroup(old, message)).toThrow(expect.objectContaining({ code: 'message-too-far-ahead' }))
    // A key that is announced again from beyond the reach of the known chain is taken over.
    const announced = decodeSenderKeyDistribution(await announce(alice, bob))
    const next = decodeSenderKeyMessage(await say(alice, 'reachable'))
    expect(decryptFromGroup(withDistribution(old, announced), next).plaintext.toString()).toBe('reachable')
  }, 120_000)

  it('02 §3.4: distribution messages without one of their fields, with short keys, or for another group', async () => {
    const { alice, bob } = members()
    const good = await alice.repository.getSenderKeyDistributionMessage({ group, meId: alice.jid })
    const fields = { chain: good.subarray(-69, -35), signing: good.subarray(-35) }
    for (const body of [
      Buffer.concat([Buffer.of(0x33), fields.chain, fields.signing]),
      good.subarray(0, good.length - 35),
      Buffer.concat([good.subarray(0, good.length - 69), fields.signing]),
      Buffer.concat([good.subarray(0, good.length - 69), Buffer.of(0x1a, 0x01, 0x00), fields.signing]),
      Buffer.concat([good.subarray(0, good.length - 35), Buffer.of(0x22, 0x01, 0x05)]),
      Buffer.alloc(0),
    ]) {
      await expect(takeIn(bob, alice.jid, body)).rejects.toMatchObject({
        code: expect.stringMatching(/^invalid-message(-key)?$/),
      })
    }
    const item = { groupId: group, axolotlSenderKeyDistributionMessage: good }
    const elsewhere = { item, authorJid: alice.jid, chat: '999@g.us' }
    await expect(bob.repository.processSenderKeyDistributionMessage(elsewhere)).rejects.toMatchObject({
      code: 'invalid-message',
      data: { group },
    })
    await expect(
      bob.repository.processSenderKeyDistributionMessage({ item: {}, authorJid: alice.jid }),
    ).rejects.toMatchObject({ code: 'invalid-message' })
    expect(bob.keys.rows.size).toBe(0)
    await bob.repository.processSenderKeyDistributionMessage({ ...elsewhere, chat: group })
    expect(await hear(bob, alice.jid, await say(alice, 'now'))).toBe('now')
  })

  it('02 §3.4: a distribution message without the version byte is understood', async () => {
    const { alice, bob } = members()
    const good = await alice.repository.getSenderKeyDistributionMessage({ group, meId: alice.jid })
    await takeIn(bob, alice.jid, good.subarray(1))
    expect(await hear(bob, alice.jid, await say(alice, 'bare'))).toBe('bare')
  })

  it('a stored key that cannot be read counts as none', async () => {
    const { alice, bob } = members()
    await announce(alice, bob)
    bob.keys.rows.set(`sender-key\n${nameOf('100_1', 7)}`, Buffer.from('Gxx'))
    await expect(hear(bob, alice.jid, await say(alice, 'x'))).rejects.toMatchObject({ code: 'no-sender-key' })
    await announce(alice, bob)
    expect(await hear(bob, alice.jid, await say(alice, 'y'))).toBe('y')
  })
})

describe('02 §3.4: where the key is looked for', () => {
  const phone = '49150:7@s.whatsapp.net'

  it('filed by phone number before the LID was known: found, and filed under the LID from then on', async () => {
    const { alice, bob } = members()
    await announce(alice, bob, phone)
    await bob.repository.lidMapping.storeLIDPNMappings([{ pn: '49150@s.whatsapp.net', lid: '100@lid' }])
    expect(await hear(bob, '100:7@lid', await say(alice, 'by LID'))).toBe('by LID')
    expect(await hear(bob, phone, await say(alice, 'by number'))).toBe('by number')
    expect(bob.keys.ids('sender-key')).toEqual([nameOf('100_1', 7)])
  })

  it('a phone number whose LID is known is filed under the LID', async () => {
    const { alice, bob } = members()
    await bob.repository.lidMapping.storeLIDPNMappings([{ pn: '49150@s.whatsapp.net', lid: '100@lid' }])
    await announce(alice, bob, phone)
    expect(bob.keys.ids('sender-key')).toEqual([nameOf('100_1', 7)])
    expect(await hear(bob, phone, await say(alice, 'hello'))).toBe('hello')
  })

  it('a stanza that names the bare user finds the key of the device, and the reverse', async () => {
    const { alice, bob } = members()
    await bob.keys.set({ 'device-list': { '100': ['0', '7'] } })
    await announce(alice, bob, '100:7@lid')
    expect(await hear(bob, '100@lid', await say(alice, 'bare'))).toBe('bare')
    expect(await hear(bob, '100:9@lid', await say(alice, 'other device'))).toBe('other device')
    expect(bob.keys.ids('sender-key')).toEqual([nameOf('100_1', 7)])
  })

  it('a new key under the LID beside an old one under the phone number: both are readable', async () => {
    const { alice, bob } = members()
    await announce(alice, bob, phone)
    const old = await say(alice, 'old')
    await alice.repository.deleteSenderKey({ group, jid: alice.jid })
    await announce(alice, bob, '100:7@lid')
    const fresh = await say(alice, 'fresh')
    expect(await hear(bob, '100:7@lid', fresh)).toBe('fresh')
    await expect(hear(bob, '100:7@lid', old)).rejects.toMatchObject({ code: 'no-sender-key' })
    await bob.repository.lidMapping.storeLIDPNMappings([{ pn: '49150@s.whatsapp.net', lid: '100@lid' }])
    expect(await hear(bob, '100:7@lid', old)).toBe('old')
  })

  it('a key of a stranger does not answer for another user', async () => {
    const { alice, bob } = members()
    await announce(alice, bob)
    await expect(hear(bob, '300:7@lid', await say(alice, 'x'))).rejects.toMatchObject({ code: 'no-sender-key' })
  })

  it('two keys with one id: the newer stands', () => {
    const make = (publicKey: Uint8Array) =>
      decodeSenderKeyDistribution(
        encodeSenderKeyDistribution({ keyId: 5, iteration: 0, chainKey: new Uint8Array(32), signingKey: publicKey }),
      )
    const [first, second] = [generateKeyPair().public, generateKeyPair().public]
    const record = withDistribution(withDistribution(emptySenderKeyRecord, make(first)), make(second))
    expect(record.states).toHaveLength(1)
    expect(record.states[0]?.signingKey).toEqual({ kind: 'remote', public: new Uint8Array(second) })
  })
})
