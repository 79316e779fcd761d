import { describe, expect, it } from 'vitest'
import { generateKeyPair, typedPublicKey } from '../crypto/curve.js'
import { xeddsaSign } from '../crypto/xeddsa.js'
import { silentLogger } from '../logger/logger.js'
import type { SignalKeyStore } from './key-store.js'
import { type IdentityChange, makeLibSignalRepository } from './repository.js'
import { RetryReason } from './retry-reason.js'
import { decodeSessionRecord } from './session-record-codec.js'
import { contact, conversation, damaged, read, send, text } from './testing/conversations.js'
import { makeCreds, makeParty, type Party } from './testing/party.js'

describe('first contact', () => {
  it('sends prekey messages until the first answer, which uses up the one-time prekey', async () => {
    const { alice, bob } = await contact()
    const first = await send(alice, bob, 'one')
    const second = await send(alice, bob, 'two')
    expect([first.type, second.type]).toEqual(['pkmsg', 'pkmsg'])
    expect(await read(bob, alice, second)).toBe('two')
    expect(bob.keys.ids('pre-key')).toEqual([])
    expect(await read(bob, alice, first)).toBe('one')
    const answer = await send(bob, alice, 'three')
    expect(answer.type).toBe('msg')
    expect(await read(alice, bob, answer)).toBe('three')
    expect((await send(alice, bob, 'four')).type).toBe('msg')
  })

  it('puts the identities of both sides on record', async () => {
    const { alice, bob } = await contact()
    await read(bob, alice, await send(alice, bob, 'one'))
    expect(alice.keys.value('identity-key', '491500000002.3')).toEqual(
      Buffer.from(typedPublicKey(bob.creds.signedIdentityKey.public)),
    )
    expect(bob.keys.value('identity-key', '491500000001.0')).toEqual(
      Buffer.from(typedPublicKey(alice.creds.signedIdentityKey.public)),
    )
    expect(await bob.repository.getIdentityKey(alice.jid)).toEqual(new Uint8Array(alice.creds.signedIdentityKey.public))
  })

  it('works without a one-time prekey', async () => {
    const alice = makeParty('1@s.whatsapp.net')
    const bob = makeParty('2@s.whatsapp.net')
    await alice.repository.injectE2ESession({ jid: bob.jid, session: bob.bundleWithoutPreKey() })
    expect(await read(bob, alice, await send(alice, bob, 'no prekey'))).toBe('no prekey')
  })

  it('02 §1.5: refuses a bundle whose signed prekey the identity has not signed, and stores nothing', async () => {
    const alice = makeParty('1@s.whatsapp.net')
    const bob = makeParty('2@s.whatsapp.net')
    const forged = bob.bundle()
    const otherKey = generateKeyPair()
    forged.signedPreKey.publicKey = typedPublicKey(otherKey.public)
    await expect(alice.repository.injectE2ESession({ jid: bob.jid, session: forged })).rejects.toMatchObject({
      code: 'untrusted-prekey-signature',
      data: { retryReason: RetryReason.SignalErrorInvalidSignature, jid: bob.jid },
    })
    const foreign = bob.bundle()
    foreign.signedPreKey.signature = xeddsaSign(generateKeyPair().private, foreign.signedPreKey.publicKey)
    await expect(alice.repository.injectE2ESession({ jid: bob.jid, session: foreign })).rejects.toMatchObject({
      code: 'untrusted-prekey-signature',
    })
    expect(alice.keys.rows.size).toBe(0)
  })

  it('one refused bundle of several fails alone', async () => {
    const alice = makeParty('1@s.whatsapp.net')
    const bob = makeParty('2@s.whatsapp.net')
    const forged = bob.bundle()
    forged.signedPreKey.signature = new Uint8Array(64)
    const results = await alice.repository.injectE2ESessions([
      { jid: '2:1@s.whatsapp.net', session: forged },
      { jid: '2:2@s.whatsapp.net', session: bob.bundle() },
    ])
    expect(results.map(({ jid, error }) => [jid, error?.code])).toEqual([
      ['2:1@s.whatsapp.net', 'untrusted-prekey-signature'],
      ['2:2@s.whatsapp.net', undefined],
    ])
    expect(alice.keys.ids('session')).toEqual(['2.2'])
    expect(alice.keys.commits).toBe(1)
  })
})

describe('refusals', () => {
  it('names what is wrong, with the retry reason of 02 §10.2 and the texts that Baileys programs look for', async () => {
    const { alice, bob } = await contact()
    const first = await send(alice, bob, 'one')
    const stranger = makeParty('9@s.whatsapp.net')
    await expect(send(stranger, bob, 'x')).rejects.toMatchObject({
      code: 'no-session',
      message: 'No session record',
      data: { retryReason: RetryReason.SignalErrorNoSession, jid: bob.jid, address: '491500000002.3' },
    })
    await expect(read(bob, alice, damaged(first))).rejects.toMatchObject({
      code: 'bad-mac',
      message: 'Bad MAC',
      data: { retryReason: RetryReason.SignalErrorBadMac },
    })
    bob.keys.rows.delete('pre-key\n1')
    await expect(read(bob, alice, first)).rejects.toMatchObject({
      code: 'invalid-prekey-id',
      message: 'Invalid PreKey ID',
      data: { retryReason: RetryReason.SignalErrorInvalidKeyId, keyId: 1 },
    })
    const { creds } = bob
    Object.assign(bob.creds, { signedPreKey: { ...creds.signedPreKey, keyId: 2 } })
    await expect(read(bob, alice, first)).rejects.toMatchObject({ code: 'missing-signed-prekey' })
    await expect(
      bob.repository.decryptMessage({ jid: alice.jid, type: 'msg', ciphertext: text('3') }),
    ).rejects.toMatchObject({
      code: 'invalid-message',
      data: { retryReason: RetryReason.SignalErrorInvalidMessage, jid: alice.jid },
    })
  })

  it('02 §2.6: a duplicate is told from a bad MAC, for pkmsg and for msg, and asks for no retry', async () => {
    const { alice, bob } = await contact()
    const first = await send(alice, bob, 'one')
    await read(bob, alice, first)
    const duplicate = {
      code: 'duplicate-message',
      message: 'Key used already or never filled',
      data: { jid: alice.jid },
    }
    const failure = await read(bob, alice, first).catch((error: unknown) => error)
    expect(failure).toMatchObject(duplicate)
    expect(failure).not.toHaveProperty('data.retryReason')
    await read(alice, bob, await send(bob, alice, 'two'))
    const third = await send(alice, bob, 'three')
    await read(bob, alice, third)
    await expect(read(bob, alice, third)).rejects.toMatchObject(duplicate)
    await expect(read(bob, alice, damaged(await send(alice, bob, 'four')))).rejects.toMatchObject({ code: 'bad-mac' })
  })

  it('02 §2.6: a message read many turns ago is still known as a duplicate', async () => {
    const { alice, bob } = await conversation()
    const old = await send(alice, bob, 'old')
    await read(bob, alice, old)
    for (let turn = 0; turn < 25; turn++) {
      await read(alice, bob, await send(bob, alice, 'ping'))
      await read(bob, alice, await send(alice, bob, 'pong'))
    }
    await expect(read(bob, alice, old)).rejects.toMatchObject({ code: 'duplicate-message' })
  })

  it('a failed message leaves no trace: the stored rows stay byte by byte the same', async () => {
    const { alice, bob } = await conversation()
    const sent = await send(alice, bob, 'once more')
    const before = new Map(bob.keys.rows)
    await expect(read(bob, alice, damaged(sent))).rejects.toMatchObject({ code: 'bad-mac' })
    expect(bob.keys.rows).toEqual(before)
    expect(await read(bob, alice, sent)).toBe('once more')
  })

  it('refuses to jump further ahead than 25,000 messages, and follows a jump of 2,001', async () => {
    const { alice, bob } = await conversation()
    const late = await send(alice, bob, 'late')
    for (let count = 0; count < 2000; count++) await send(alice, bob, 'lost')
    expect(await read(bob, alice, await send(alice, bob, 'far'))).toBe('far')
    await expect(read(bob, alice, late)).rejects.toMatchObject({ code: 'duplicate-message' })
    for (let count = 0; count < 25_001; count++) await send(alice, bob, 'lost')
    await expect(read(bob, alice, await send(alice, bob, 'too far'))).rejects.toMatchObject({
      code: 'message-too-far-ahead',
      data: { retryReason: RetryReason.SignalErrorFutureMessage },
    })
  }, 120_000)

  it('a base key of ours sent back is refused', async () => {
    const { alice, bob } = await contact()
    const sent = await send(alice, bob, 'one')
    await expect(alice.repository.decryptMessage({ jid: bob.jid, ...sent })).rejects.toMatchObject({
      code: 'invalid-message',
    })
  })

  it('insists on a store with transactions', () => {
    const bare: SignalKeyStore = { get: () => ({}), set: () => {} }
    expect(() => makeLibSignalRepository({ creds: makeCreds(), keys: bare }, silentLogger)).toThrow(
      expect.objectContaining({ code: 'transactions-required' }),
    )
  })
})

describe('stored sessions', () => {
  it('go on after a restart at any point', async () => {
    let { alice, bob } = await contact()
    for (let turn = 0; turn < 6; turn++) {
      const first = await send(alice, bob, `${turn} a`)
      alice = alice.restarted()
      const second = await send(alice, bob, `${turn} b`)
      expect(await read(bob, alice, second)).toBe(`${turn} b`)
      bob = bob.restarted()
      expect(await read(bob, alice, first)).toBe(`${turn} a`)
      expect(await read(alice, bob, await send(bob, alice, 'back'))).toBe('back')
    }
  })

  it('that cannot be read: msg says so, pkmsg and a new bundle replace them', async () => {
    const { alice, bob } = await conversation()
    const sent = await send(alice, bob, 'lost')
    bob.keys.rows.set('session\n491500000001.0', Buffer.from('Kxxxxx'))
    await expect(read(bob, alice, sent)).rejects.toMatchObject({
      code: 'invalid-session-record',
      data: { retryReason: RetryReason.SignalErrorInvalidSession },
    })
    expect(await bob.repository.validateSession(alice.jid)).toEqual({ exists: false, reason: 'validation error' })
    await alice.repository.injectE2ESession({ jid: bob.jid, session: bob.bundle() })
    expect(await read(bob, alice, await send(alice, bob, 'new'))).toBe('new')
  })

  it('answer questions about themselves', async () => {
    const { alice, bob } = await contact()
    expect(await alice.repository.validateSession(bob.jid)).toEqual({ exists: true })
    expect(await bob.repository.validateSession(alice.jid)).toEqual({ exists: false, reason: 'no session' })
    expect(await bob.repository.getSessionInfo(alice.jid)).toBeNull()
    await read(bob, alice, await send(alice, bob, 'one'))
    const info = await bob.repository.getSessionInfo(alice.jid)
    expect(info).toEqual({ ...(await alice.repository.getSessionInfo(bob.jid)), registrationId: 1234 })
    expect(info?.baseKey).toHaveLength(33)
    expect(await alice.repository.devicesWithSession([bob.jid, '5@s.whatsapp.net'])).toEqual(new Set([bob.jid]))
    await alice.repository.deleteSession([bob.jid])
    expect(await alice.repository.validateSession(bob.jid)).toEqual({ exists: false, reason: 'no session' })
    expect(alice.repository.jidToSignalProtocolAddress('7:2@lid')).toBe('7_1.2')
  })

  it('design §7: a record does not grow with the conversation', async () => {
    const { alice, bob } = await conversation()
    const size = () => (bob.keys.value('session', '491500000001.0') as Uint8Array).byteLength
    const turn = async () => {
      await send(alice, bob, 'lost')
      await read(bob, alice, await send(alice, bob, 'ping'))
      await read(alice, bob, await send(bob, alice, 'pong'))
    }
    for (let count = 0; count < 40; count++) await turn()
    const steady = size()
    for (let count = 0; count < 200; count++) await turn()
    expect(size()).toBe(steady)
    expect(steady).toBeLessThan(1500)
  })

  it('design §7: nor with the number of sessions', async () => {
    const { alice, bob } = await conversation()
    for (let count = 0; count < 50; count++) {
      await alice.repository.injectE2ESession({ jid: bob.jid, session: bob.bundle() })
      await read(bob, alice, await send(alice, bob, 'new session'))
    }
    for (const stored of [bob.keys.value('session', '491500000001.0'), alice.keys.value('session', '491500000002.3')]) {
      const bytes = stored as Uint8Array
      expect(decodeSessionRecord(bytes).archived).toHaveLength(40)
      expect(bytes.byteLength).toBeLessThan(41 * 700)
    }
  })

  it('a used session that was archived becomes the current one again', async () => {
    const { alice, bob } = await conversation()
    await bob.repository.injectE2ESession({ jid: alice.jid, session: alice.bundle() })
    const before = (await alice.repository.getSessionInfo(bob.jid))?.baseKey
    expect((await bob.repository.getSessionInfo(alice.jid))?.baseKey).not.toEqual(before)
    expect(await read(bob, alice, await send(alice, bob, 'old session'))).toBe('old session')
    expect((await bob.repository.getSessionInfo(alice.jid))?.baseKey).toEqual(before)
    expect((await send(bob, alice, 'x')).type).toBe('msg')
  })

  it('both sides settle on one session after starting at the same time', async () => {
    const alice = makeParty('1@s.whatsapp.net')
    const bob = makeParty('2@s.whatsapp.net')
    await alice.repository.injectE2ESession({ jid: bob.jid, session: bob.bundle() })
    await bob.repository.injectE2ESession({ jid: alice.jid, session: alice.bundle() })
    const fromAlice = await send(alice, bob, 'a')
    const fromBob = await send(bob, alice, 'b')
    expect(await read(bob, alice, fromAlice)).toBe('a')
    expect(await read(alice, bob, fromBob)).toBe('b')
    expect(await read(bob, alice, await send(alice, bob, 'c'))).toBe('c')
    expect(await read(alice, bob, await send(bob, alice, 'd'))).toBe('d')
    expect((await alice.repository.getSessionInfo(bob.jid))?.baseKey).toEqual(
      (await bob.repository.getSessionInfo(alice.jid))?.baseKey,
    )
  })
})

describe('signed prekeys', () => {
  it('02 §2.6: a message to a signed prekey that was rotated out is still read', async () => {
    const { alice, bob } = await contact()
    const sent = await send(alice, bob, 'late')
    const { signedPreKey } = bob.creds
    bob.keys.rows.set('signed-pre-key\n1', signedPreKey)
    const fresh = makeCreds(bob.creds.signedIdentityKey).signedPreKey
    Object.assign(bob.creds, { signedPreKey: { ...fresh, keyId: 2 } })
    expect(await read(bob, alice, sent)).toBe('late')
  })
})

describe('identity changes', () => {
  async function reinstalled(jid: string): Promise<Party> {
    return makeParty(jid)
  }

  it('a pkmsg with another identity is accepted, reported once, and ends the old session', async () => {
    const changes: IdentityChange[] = []
    const { alice, bob } = await conversation({ onIdentityChange: change => changes.push(change) })
    const late = await send(alice, bob, 'from the old phone')
    const newAlice = await reinstalled(alice.jid)
    await newAlice.repository.injectE2ESession({ jid: bob.jid, session: bob.bundle() })
    expect(await read(bob, newAlice, await send(newAlice, bob, 'new phone'))).toBe('new phone')
    expect(await read(bob, newAlice, await send(newAlice, bob, 'again'))).toBe('again')
    expect(changes).toEqual([
      {
        jid: alice.jid,
        address: '491500000001.0',
        previous: new Uint8Array(alice.creds.signedIdentityKey.public),
        current: new Uint8Array(newAlice.creds.signedIdentityKey.public),
      },
    ])
    expect(await bob.repository.getIdentityKey(alice.jid)).toEqual(
      new Uint8Array(newAlice.creds.signedIdentityKey.public),
    )
    // What was under way is read, but never answered with the old keys.
    expect(await read(bob, alice, late)).toBe('from the old phone')
    expect(await read(newAlice, bob, await send(bob, newAlice, 'to the new phone'))).toBe('to the new phone')
  })

  it('a pkmsg that fails changes no identity', async () => {
    const changes: IdentityChange[] = []
    const { alice, bob } = await conversation({ onIdentityChange: change => changes.push(change) })
    const impostor = await reinstalled(alice.jid)
    await impostor.repository.injectE2ESession({ jid: bob.jid, session: bob.bundle() })
    await expect(read(bob, alice, damaged(await send(impostor, bob, 'x')))).rejects.toMatchObject({ code: 'bad-mac' })
    expect(changes).toEqual([])
    expect(await bob.repository.getIdentityKey(alice.jid)).toEqual(new Uint8Array(alice.creds.signedIdentityKey.public))
  })

  it('a bundle with another identity is accepted and reported', async () => {
    const changes: IdentityChange[] = []
    const { alice, bob } = await conversation({ onIdentityChange: change => changes.push(change) })
    const newBob = await reinstalled(bob.jid)
    await alice.repository.injectE2ESession({ jid: bob.jid, session: newBob.bundle() })
    expect(changes).toHaveLength(1)
    expect(await read(newBob, alice, await send(alice, newBob, 'welcome'))).toBe('welcome')
  })

  it('an identity learned otherwise archives the session: nothing is sent to the old one', async () => {
    const changes: IdentityChange[] = []
    const { alice, bob } = await conversation({ onIdentityChange: change => changes.push(change) })
    const other = generateKeyPair().public
    const late = await send(bob, alice, 'late')
    expect(await alice.repository.saveIdentityKey(bob.jid, other)).toBe(true)
    expect(await alice.repository.saveIdentityKey(bob.jid, typedPublicKey(other))).toBe(false)
    expect(changes).toHaveLength(1)
    expect(await alice.repository.validateSession(bob.jid)).toEqual({ exists: false, reason: 'no open session' })
    await expect(send(alice, bob, 'x')).rejects.toMatchObject({ code: 'no-session' })
    expect(await read(alice, bob, late)).toBe('late')
    await expect(send(alice, bob, 'x')).rejects.toMatchObject({ code: 'no-session' })
  })

  it('where no identity is on record the open session tells the old one', async () => {
    const changes: IdentityChange[] = []
    const { alice, bob } = await conversation({ onIdentityChange: change => changes.push(change) })
    bob.keys.rows.delete('identity-key\n491500000001.0')
    await read(bob, alice, await send(alice, bob, 'x'))
    await bob.repository.injectE2ESession({ jid: alice.jid, session: alice.bundle() })
    expect(changes).toEqual([])
    bob.keys.rows.delete('identity-key\n491500000001.0')
    const newAlice = await reinstalled(alice.jid)
    await newAlice.repository.injectE2ESession({ jid: bob.jid, session: bob.bundle() })
    await read(bob, newAlice, await send(newAlice, bob, 'new phone'))
    expect(changes.map(({ previous }) => previous)).toEqual([new Uint8Array(alice.creds.signedIdentityKey.public)])
  })

  it('a first identity is no change', async () => {
    const changes: IdentityChange[] = []
    const alice = makeParty('1@s.whatsapp.net', { onIdentityChange: change => changes.push(change) })
    expect(await alice.repository.saveIdentityKey('2@s.whatsapp.net', generateKeyPair().public)).toBe(true)
    expect(changes).toEqual([])
    await expect(alice.repository.saveIdentityKey('2@s.whatsapp.net', new Uint8Array(31))).rejects.toMatchObject({
      code: 'invalid-public-key',
    })
  })
})
