import { createRequire } from 'node:module'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { toLibsignalRecord } from './libsignal-record.js'
import { decodeSessionRecord } from './session-record-codec.js'
import { LibsignalParty } from './testing/libsignal-party.js'
import { makeParty, type Party } from './testing/party.js'

/*
 * Conversations between this implementation and libsignal-node, which Baileys uses: whatever one writes the other
 * reads, and a stored session can change hands at any point.
 */

const jid = '5@s.whatsapp.net'
const address = '5.0'

interface Talker {
  encrypt(plaintext: string): Promise<{ type: 'pkmsg' | 'msg'; ciphertext: Uint8Array }>
  decrypt(sent: { type: 'pkmsg' | 'msg'; ciphertext: Uint8Array }): Promise<string>
}

function talker(party: Party): Talker {
  return {
    encrypt: plaintext => party.repository.encryptMessage({ jid, data: Buffer.from(plaintext) }),
    decrypt: async sent => Buffer.from(await party.repository.decryptMessage({ jid, ...sent })).toString(),
  }
}

async function pass(from: Talker, to: Talker, plaintext: string): Promise<'pkmsg' | 'msg'> {
  const sent = await from.encrypt(plaintext)
  expect(await to.decrypt(sent)).toBe(plaintext)
  return sent.type
}

beforeAll(() => {
  // libsignal-node reports closed sessions on the console.
  for (const method of ['info', 'warn', 'error', 'log'] as const) vi.spyOn(console, method).mockImplementation(() => {})
})
afterAll(() => {
  vi.restoreAllMocks()
})

async function begin(starter: 'kurir' | 'libsignal'): Promise<{ kurir: Party; libsignal: LibsignalParty }> {
  const kurir = makeParty('1@s.whatsapp.net')
  const libsignal = new LibsignalParty()
  if (starter === 'kurir') await kurir.repository.injectE2ESession({ jid, session: libsignal.bundle() })
  else await libsignal.initiate(kurir.bundle())
  return { kurir, libsignal }
}

describe.each(['kurir', 'libsignal'] as const)('a conversation begun by %s', starter => {
  it('runs both ways through many ratchet steps', async () => {
    const { kurir, libsignal } = await begin(starter)
    const [first, second] = starter === 'kurir' ? [talker(kurir), libsignal] : [libsignal, talker(kurir)]
    expect(await pass(first, second, 'hello')).toBe('pkmsg')
    expect(await pass(first, second, 'hello again')).toBe('pkmsg')
    expect(await pass(second, first, 'hi')).toBe('msg')
    for (let turn = 0; turn < 10; turn++) {
      expect(await pass(first, second, `there ${turn}`)).toBe('msg')
      expect(await pass(second, first, `back ${turn}`)).toBe('msg')
      expect(await pass(second, first, `back again ${turn}`)).toBe('msg')
    }
  })

  it('bears loss and disorder across ratchet steps', async () => {
    const { kurir, libsignal } = await begin(starter)
    const [first, second] = starter === 'kurir' ? [talker(kurir), libsignal] : [libsignal, talker(kurir)]
    await pass(first, second, 'hello')
    await pass(second, first, 'hi')
    for (let turn = 0; turn < 4; turn++) {
      const early = await Promise.all(['a', 'b', 'c', 'd'].map(text => first.encrypt(text)))
      expect(await second.decrypt(early[3] as (typeof early)[0])).toBe('d')
      await pass(second, first, 'answer')
      await pass(first, second, 'next chain')
      expect(await second.decrypt(early[1] as (typeof early)[0])).toBe('b')
      expect(await second.decrypt(early[0] as (typeof early)[0])).toBe('a')
      await expect(second.decrypt(early[1] as (typeof early)[0])).rejects.toThrow()
    }
  })

  it('goes on when the stored session changes from libsignal to Kurir at any point', async () => {
    const { kurir, libsignal } = await begin(starter)
    // The same device, run by Kurir from what libsignal has stored.
    const { pubKey, privKey } = libsignal.identity
    const heir = () => {
      const party = makeParty('5@s.whatsapp.net')
      Object.assign(party.creds, { signedIdentityKey: { public: pubKey.subarray(1), private: privKey } })
      party.keys.rows.set(`session\n${address}`, libsignal.record)
      return party
    }
    const [first, second] = starter === 'kurir' ? [talker(kurir), libsignal] : [libsignal, talker(kurir)]
    await pass(first, second, 'hello')
    const skipped = await talker(kurir)
      .encrypt('skipped by libsignal')
      .catch(() => undefined)
    await pass(second, first, 'hi')
    for (let turn = 0; turn < 4; turn++) {
      const late = await talker(kurir).encrypt('late')
      await pass(talker(kurir), libsignal, 'there')
      const party = heir()
      // No identity is filed for a device that began no session: the session knows it.
      expect(await party.repository.getIdentityKey(jid)).toEqual(Uint8Array.from(kurir.creds.signedIdentityKey.public))
      expect(await talker(party).decrypt(late)).toBe('late')
      expect(party.keys.value('session', address)).toBeInstanceOf(Uint8Array)
      if (turn % 2 === 1) await pass(libsignal, talker(kurir), 'back')
    }
    if (skipped !== undefined) expect(await talker(heir()).decrypt(skipped)).toBe('skipped by libsignal')
  })

  it('goes on when the stored session changes from Kurir to libsignal', async () => {
    const { kurir, libsignal } = await begin(starter)
    const [first, second] = starter === 'kurir' ? [talker(kurir), libsignal] : [libsignal, talker(kurir)]
    await pass(first, second, 'hello')
    await pass(second, first, 'hi')
    const late = await libsignal.encrypt('late')
    await pass(libsignal, talker(kurir), 'there')
    await pass(talker(kurir), libsignal, 'back')
    const stored = kurir.keys.value('session', address) as Uint8Array
    const successor = new LibsignalParty()
    const { signedIdentityKey } = kurir.creds
    Object.assign(successor.identity, {
      pubKey: Buffer.concat([Buffer.of(5), signedIdentityKey.public]),
      privKey: Buffer.from(signedIdentityKey.private),
    })
    successor.record = toLibsignalRecord(decodeSessionRecord(stored))
    expect(await successor.decrypt(late)).toBe('late')
    await pass(successor, libsignal, 'from the successor')
    await pass(libsignal, successor, 'to the successor')
    // And back: nothing is lost on the way there and home.
    kurir.keys.rows.set(`session\n${address}`, successor.record)
    await pass(libsignal, talker(kurir), 'home')
    await pass(talker(kurir), libsignal, 'home again')
  })
})

it('02 §2.6: both begin at the same time; libsignal-node spoils its own open session, a new one repairs that', async () => {
  const kurir = makeParty('1@s.whatsapp.net')
  const libsignal = new LibsignalParty()
  await kurir.repository.injectE2ESession({ jid, session: libsignal.bundle() })
  await libsignal.initiate(kurir.bundle())
  const [mine, theirs] = [await talker(kurir).encrypt('mine'), await libsignal.encrypt('theirs')]
  expect(await libsignal.decrypt(mine)).toBe('mine')
  expect(await talker(kurir).decrypt(theirs)).toBe('theirs')
  // It reads on the session that it has closed, after trying the open one, which that try has turned.
  expect(await pass(talker(kurir), libsignal, 'on the session it began')).toBe('msg')
  const before = kurir.keys.value('session', address)
  await expect(talker(kurir).decrypt(await libsignal.encrypt('spoilt'))).rejects.toMatchObject({ code: 'bad-mac' })
  expect(kurir.keys.value('session', address)).toBe(before)
  await libsignal.initiate(kurir.bundle())
  for (let turn = 0; turn < 5; turn++) {
    await pass(libsignal, talker(kurir), `back ${turn}`)
    await pass(talker(kurir), libsignal, `there ${turn}`)
  }
})

it('a new session in the middle of a conversation, from either side', async () => {
  const { kurir, libsignal } = await begin('kurir')
  await pass(talker(kurir), libsignal, 'hello')
  await pass(libsignal, talker(kurir), 'hi')
  for (let turn = 0; turn < 3; turn++) {
    const late = await libsignal.encrypt('on the old session')
    await kurir.repository.injectE2ESession({ jid, session: libsignal.bundle() })
    expect(await pass(talker(kurir), libsignal, 'on a new session')).toBe('pkmsg')
    expect(await talker(kurir).decrypt(late)).toBe('on the old session')
    await pass(libsignal, talker(kurir), 'back')
    await libsignal.initiate(kurir.bundle())
    expect(await pass(libsignal, talker(kurir), 'another one')).toBe('pkmsg')
    await pass(talker(kurir), libsignal, 'there')
  }
})

interface BaileysGroupModules {
  readonly GroupCipher: new (
    store: BaileysSenderKeyStore,
    name: unknown,
  ) => {
    encrypt(plaintext: Uint8Array): Promise<Uint8Array>
    decrypt(message: Uint8Array): Promise<Uint8Array>
  }
  readonly GroupSessionBuilder: new (
    store: BaileysSenderKeyStore,
  ) => {
    create(name: unknown): Promise<{ serialize(): Uint8Array }>
    process(name: unknown, message: unknown): Promise<void>
  }
  readonly SenderKeyDistributionMessage: new (...fields: unknown[]) => unknown
  readonly SenderKeyName: new (
    group: string,
    sender: { id: string; deviceId: number; toString(): string },
  ) => {
    toString(): string
  }
  readonly SenderKeyRecord: (new () => BaileysSenderKeyRecord) & {
    deserialize(bytes: Uint8Array): BaileysSenderKeyRecord
  }
}

interface BaileysSenderKeyRecord {
  serialize(): unknown
}

interface BaileysSenderKeyStore {
  loadSenderKey(name: { toString(): string }): Promise<BaileysSenderKeyRecord>
  storeSenderKey(name: { toString(): string }, record: BaileysSenderKeyRecord): Promise<void>
}

describe('group messages between Kurir and Baileys', async () => {
  const baileys = (await import(
    createRequire(import.meta.url).resolve('baileys/lib/Signal/Group/index.js')
  )) as BaileysGroupModules
  const group = '1@g.us'

  function baileysMember() {
    const rows = new Map<string, Uint8Array>()
    const name = new baileys.SenderKeyName(group, { id: '5', deviceId: 0, toString: () => '5.0' })
    const store: BaileysSenderKeyStore = {
      loadSenderKey: async id => {
        const stored = rows.get(id.toString())
        return stored === undefined ? new baileys.SenderKeyRecord() : baileys.SenderKeyRecord.deserialize(stored)
      },
      storeSenderKey: async (id, record) => {
        rows.set(id.toString(), Buffer.from(JSON.stringify(record.serialize()), 'utf8'))
      },
    }
    return {
      rows,
      name,
      announce: async () => (await new baileys.GroupSessionBuilder(store).create(name)).serialize(),
      takeIn: (bytes: Uint8Array) =>
        new baileys.GroupSessionBuilder(store).process(
          name,
          new baileys.SenderKeyDistributionMessage(null, null, null, null, bytes),
        ),
      encrypt: (value: string) => new baileys.GroupCipher(store, name).encrypt(Buffer.from(value)),
      decrypt: async (message: Uint8Array) =>
        Buffer.from(await new baileys.GroupCipher(store, name).decrypt(message)).toString(),
    }
  }

  it('Kurir reads Baileys, in any order', async () => {
    const sender = baileysMember()
    const kurir = makeParty('1@s.whatsapp.net')
    await kurir.repository.processSenderKeyDistributionMessage({
      item: { groupId: group, axolotlSenderKeyDistributionMessage: await sender.announce() },
      authorJid: jid,
    })
    const messages: Uint8Array[] = []
    for (let count = 0; count < 8; count++) messages.push(await sender.encrypt(`${count}`))
    for (const index of [3, 0, 7, 1, 2, 6, 5, 4]) {
      const plaintext = await kurir.repository.decryptGroupMessage({
        group,
        authorJid: jid,
        msg: messages[index] as Uint8Array,
      })
      expect(Buffer.from(plaintext).toString()).toBe(`${index}`)
    }
  })

  it('Baileys reads Kurir, in order and with gaps', async () => {
    const reader = baileysMember()
    const kurir = makeParty('1@s.whatsapp.net')
    const say = async (value: string) =>
      (await kurir.repository.encryptGroupMessage({ group, meId: jid, data: Buffer.from(value) })).ciphertext
    await say('before the key')
    await reader.takeIn(await kurir.repository.getSenderKeyDistributionMessage({ group, meId: jid }))
    for (let count = 0; count < 10; count++) {
      const message = await say(`${count}`)
      if (count % 3 !== 1) expect(await reader.decrypt(message)).toBe(`${count}`)
    }
  })

  it('Kurir goes on with the stored keys of Baileys, as sender and as reader', async () => {
    const sender = baileysMember()
    const reader = baileysMember()
    const distribution = await sender.announce()
    await reader.takeIn(distribution)
    const [first, second, third] = [await sender.encrypt('1'), await sender.encrypt('2'), await sender.encrypt('3')]
    expect(await reader.decrypt(third)).toBe('3')
    const name = `${group}::5::0`
    const kurirReader = makeParty('1@s.whatsapp.net')
    kurirReader.keys.rows.set(`sender-key\n${name}`, reader.rows.get(reader.name.toString()))
    for (const [message, value] of [
      [first, '1'],
      [second, '2'],
    ] as const) {
      const plaintext = await kurirReader.repository.decryptGroupMessage({ group, authorJid: jid, msg: message })
      expect(Buffer.from(plaintext).toString()).toBe(value)
    }
    const kurirSender = makeParty(jid)
    kurirSender.keys.rows.set(`sender-key\n${name}`, sender.rows.get(sender.name.toString()))
    for (let count = 0; count < 3; count++) {
      const sent = await kurirSender.repository.encryptGroupMessage({
        group,
        meId: jid,
        data: Buffer.from(`new ${count}`),
      })
      expect(await reader.decrypt(sent.ciphertext)).toBe(`new ${count}`)
    }
  })
})
