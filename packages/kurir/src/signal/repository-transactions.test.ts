import { describe, expect, it } from 'vitest'
import { silentLogger } from '../logger/logger.js'
import { makeLibSignalRepository } from './repository.js'
import { contact, conversation, read, type Sent, send, text } from './testing/conversations.js'
import { MemoryKeyStore } from './testing/memory-key-store.js'
import { makeParty } from './testing/party.js'

describe('transactions', () => {
  it('design §7: concurrent sends and receives on one session lose nothing', async () => {
    const { alice, bob } = await conversation()
    const count = 60
    const incoming: Sent[] = []
    for (let index = 0; index < count; index++) incoming.push(await send(bob, alice, `to alice ${index}`))
    const outgoing: Promise<Sent>[] = []
    const read1: Promise<string>[] = []
    for (const [index, sent] of incoming.entries()) {
      outgoing.push(send(alice, bob, `to bob ${index}`))
      read1.push(read(alice, bob, sent))
    }
    expect(await Promise.all(read1)).toEqual(incoming.map((_, index) => `to alice ${index}`))
    const arrived = await Promise.all((await Promise.all(outgoing)).map(sent => read(bob, alice, sent)))
    expect(arrived).toEqual(incoming.map((_, index) => `to bob ${index}`))
  })

  it('design §7: locks are taken even inside another transaction', async () => {
    const { alice, bob } = await conversation()
    const incoming = await Promise.all(Array.from({ length: 20 }, (_, index) => send(bob, alice, `${index}`)))
    const relay = (value: string) => alice.keys.transaction(() => send(alice, bob, value), 'relay')
    const [sent, texts] = await Promise.all([
      Promise.all(incoming.map((_, index) => relay(`relay ${index}`))),
      Promise.all(incoming.map(message => read(alice, bob, message))),
    ])
    expect(texts).toEqual(incoming.map((_, index) => `${index}`))
    const arrived = await Promise.all(sent.map(message => read(bob, alice, message)))
    expect(arrived).toEqual(incoming.map((_, index) => `relay ${index}`))
  })

  it('a transaction that fails leaves the session where it was', async () => {
    const { alice, bob } = await conversation()
    const doomed = alice.keys.transaction(async () => {
      await send(alice, bob, 'never leaves')
      throw new Error('relay failed')
    }, 'relay')
    await expect(doomed).rejects.toThrow('relay failed')
    alice.keys.beforeCommit = () => {
      throw new Error('disk full')
    }
    await expect(send(alice, bob, 'never leaves either')).rejects.toThrow('disk full')
    alice.keys.beforeCommit = () => {}
    expect(await read(bob, alice, await send(alice, bob, 'arrives'))).toBe('arrives')
  })

  it('decision 4: ratchet step and inbox record are committed together', async () => {
    const { alice, bob } = await conversation()
    const sent = await send(alice, bob, 'kept')
    const commits = bob.keys.commits
    const plaintext = await bob.repository.decryptMessage({
      jid: alice.jid,
      ...sent,
      commit: async value => bob.keys.set({ inbox: { '1': value } }),
    })
    expect(bob.keys.commits).toBe(commits + 1)
    expect(bob.keys.value('inbox', '1')).toEqual(plaintext)
  })

  it('decision 4: when the commit hook fails nothing is consumed, for pkmsg, msg and skmsg', async () => {
    const { alice, bob } = await contact()
    const failing = async () => {
      throw new Error('no room')
    }
    for (const type of ['pkmsg', 'msg']) {
      const sent = await send(alice, bob, type)
      expect(sent.type).toBe(type)
      const before = new Map(bob.keys.rows)
      await expect(bob.repository.decryptMessage({ jid: alice.jid, ...sent, commit: failing })).rejects.toThrow(
        'no room',
      )
      expect(bob.keys.rows).toEqual(before)
      expect(await read(bob, alice, sent)).toBe(type)
      await read(alice, bob, await send(bob, alice, 'answer'))
    }
    const group = '1@g.us'
    const own = await alice.repository.encryptGroupMessage({ group, meId: alice.jid, data: text('all') })
    await bob.repository.processSenderKeyDistributionMessage({
      item: { groupId: group, axolotlSenderKeyDistributionMessage: own.senderKeyDistributionMessage },
      authorJid: alice.jid,
    })
    const message = { group, authorJid: alice.jid, msg: own.ciphertext }
    await expect(bob.repository.decryptGroupMessage({ ...message, commit: failing })).rejects.toThrow('no room')
    expect(Buffer.from(await bob.repository.decryptGroupMessage(message)).toString()).toBe('all')
  })

  it('02 §14.1: the sender key that a message brings is committed with the step that read it', async () => {
    const { alice, bob } = await conversation()
    const group = '1@g.us'
    const own = await alice.repository.encryptGroupMessage({ group, meId: alice.jid, data: text('all') })
    const sent = await send(alice, bob, 'with a key')
    const commits = bob.keys.commits
    await bob.repository.decryptMessage({
      jid: alice.jid,
      ...sent,
      commit: async () => {
        await bob.repository.processSenderKeyDistributionMessage({
          item: { groupId: group, axolotlSenderKeyDistributionMessage: own.senderKeyDistributionMessage },
          authorJid: alice.jid,
        })
      },
    })
    expect(bob.keys.commits).toBe(commits + 1)
    const plaintext = await bob.repository.decryptGroupMessage({ group, authorJid: alice.jid, msg: own.ciphertext })
    expect(Buffer.from(plaintext).toString()).toBe('all')
  })

  it('two repositories on one store see each other’s steps', async () => {
    const { alice, bob } = await conversation()
    const second = makeLibSignalRepository({ creds: alice.creds, keys: alice.keys }, silentLogger)
    for (let turn = 0; turn < 3; turn++) {
      expect(await read(bob, alice, await send(alice, bob, 'first'))).toBe('first')
      const sent = await second.encryptMessage({ jid: bob.jid, data: text('second') })
      expect(await read(bob, alice, sent)).toBe('second')
    }
  })

  it('rows that another process puts back or replaces are taken as they are', async () => {
    const { alice, bob } = await conversation()
    const row = alice.keys.value('session', '491500000002.3') as Uint8Array
    const first = await send(alice, bob, 'one')
    alice.keys.rows.set('session\n491500000002.3', Uint8Array.from(row))
    const again = await send(alice, bob, 'one')
    expect(again.ciphertext).toEqual(first.ciphertext)
  })
})

describe('fan-out', () => {
  it('encrypts for many devices with one read and one write, in order; a device without a session fails alone', async () => {
    const alice = makeParty('1@s.whatsapp.net')
    const devices = Array.from({ length: 30 }, (_, index) => makeParty(`2:${index}@s.whatsapp.net`))
    await alice.repository.injectE2ESessions(devices.map(device => ({ jid: device.jid, session: device.bundle() })))
    const jids = [...devices.map(({ jid }) => jid), '3@s.whatsapp.net'].reverse()
    await alice.repository.encryptForDevices(jids, () => text('warm up'))
    const { commits, reads } = alice.keys
    const results = await alice.repository.encryptForDevices(jids, (jid, index) => text(`${index} ${jid}`))
    expect(alice.keys.commits).toBe(commits + 1)
    expect(alice.keys.reads).toBe(reads + 1)
    expect(results.map(({ jid }) => jid)).toEqual(jids)
    expect(results[0]).toMatchObject({ type: 'failed', error: { code: 'no-session' } })
    for (const device of devices) {
      const index = jids.indexOf(device.jid)
      const result = results[index]
      if (result === undefined || result.type === 'failed') throw new Error('not encrypted')
      expect(await read(device, alice, result)).toBe(`${index} ${device.jid}`)
    }
  })

  it('two fan-outs over the same devices in opposite orders do not wait for each other', async () => {
    const alice = makeParty('1@s.whatsapp.net')
    const devices = Array.from({ length: 8 }, (_, index) => makeParty(`2:${index}@s.whatsapp.net`))
    const jids = devices.map(({ jid }) => jid)
    await alice.repository.injectE2ESessions(devices.map(device => ({ jid: device.jid, session: device.bundle() })))
    const fanOuts = Array.from({ length: 10 }, (_, index) =>
      alice.repository.encryptForDevices(index % 2 === 0 ? jids : jids.toReversed(), () => text(`${index}`)),
    )
    const results = await Promise.all(fanOuts)
    const device = devices[3]
    if (device === undefined) throw new Error('no device')
    const texts = await Promise.all(
      results.map(list => {
        const result = list.find(({ jid }) => jid === device.jid)
        if (result === undefined || result.type === 'failed') throw new Error('not encrypted')
        return read(device, alice, result)
      }),
    )
    expect(texts).toEqual(fanOuts.map((_, index) => `${index}`))
  })

  it('a device named twice gets two messages', async () => {
    const { alice, bob } = await contact()
    const results = await alice.repository.encryptForDevices([bob.jid, bob.jid], (_, index) => text(`${index}`))
    for (const [index, result] of results.entries()) {
      if (result.type === 'failed') throw result.error
      expect(await read(bob, alice, result)).toBe(`${index}`)
    }
  })

  it('a JID that names no device fails alone', async () => {
    const { alice, bob } = await contact()
    const results = await alice.repository.encryptForDevices(['x', bob.jid, '5:99@lid'], (_, index) => text(`${index}`))
    expect(results.map(result => (result.type === 'failed' ? result.error.code : result.type))).toEqual([
      'invalid-signal-address',
      'pkmsg',
      'invalid-signal-address',
    ])
    const [, sent] = results
    if (sent === undefined || sent.type === 'failed') throw new Error('not encrypted')
    expect(await read(bob, alice, sent)).toBe('1')
    const injected = await alice.repository.injectE2ESessions([
      { jid: 'nobody', session: bob.bundle() },
      { jid: '7@lid', session: bob.bundle() },
    ])
    expect(injected.map(({ jid, error }) => [jid, error?.code])).toEqual([
      ['nobody', 'invalid-signal-address'],
      ['7@lid', undefined],
    ])
  })

  it('for nobody does nothing', async () => {
    const keys = new MemoryKeyStore()
    const alice = makeParty('1@s.whatsapp.net', { keys })
    expect(await alice.repository.encryptForDevices([], () => text('x'))).toEqual([])
    await alice.repository.deleteSession([])
    expect(keys.commits).toBe(0)
  })
})
