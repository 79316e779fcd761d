import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { element } from '../router/stanzas.js'
import { Simulator } from '../simulator.js'
import { Companion } from '../testing/companion.js'
import type { Phone } from './phone.js'

let wa: Simulator
let alice: Phone
let bob: Phone

beforeEach(async () => {
  wa = await Simulator.start({ seed: 'phones' })
  alice = await wa.phone('+62 811-1000-1', { pushName: 'Alice' })
  bob = await wa.phone('6281110002', { pushName: 'Bob' })
})

afterEach(() => wa.stop())

describe('a phone', () => {
  it('has a number, a LID of 15 digits and a name', () => {
    expect(alice.number).toBe('6281110001')
    expect(alice.lid).toMatch(/^\d{15}@lid$/)
    expect(wa.findPhone(alice.lid)).toBe(alice)
    expect(() => wa.findPhone('15550009999')).toThrow(expect.objectContaining({ code: 'unknown-phone' }))
  })

  it.each(['', '12', 'abc', '0811100012'])('is not created for %j', async number => {
    await expect(wa.phone(number)).rejects.toMatchObject({ code: 'invalid-phone-number' })
  })

  it('is created once for a number', async () => {
    await expect(wa.phone('6281110002')).rejects.toMatchObject({ code: 'account-exists' })
  })

  it('writes and reads, in either namespace, with receipts', async () => {
    const id = await alice.send(bob.jid, { text: 'by number' })
    expect(await bob.waitForMessage()).toMatchObject({
      id,
      chat: alice.jid,
      senderPn: alice.jid,
      text: 'by number',
      fromMe: false,
      pushName: 'Alice',
      retries: 0,
    })
    await alice.waitForReceipt(({ ids, type }) => ids.includes(id) && type === 'delivery')
    bob.read(id)
    await alice.waitForReceipt(({ ids, type }) => ids.includes(id) && type === 'read')
    await bob.send(alice.lid, { text: 'by LID' })
    expect(await alice.waitForMessage()).toMatchObject({ chat: bob.lid, chatPn: bob.jid, text: 'by LID' })
    expect(wa.violations.map(({ message }) => message)).toEqual([])
  })

  it('gets what was written while it was offline, in order', async () => {
    bob.goOffline()
    for (const text of ['1', '2', '3']) await alice.send(bob.jid, { text })
    expect(bob.messages).toEqual([])
    await expect(bob.send(alice.jid, { text: 'no' })).rejects.toMatchObject({ code: 'phone-offline' })
    bob.goOnline()
    await bob.waitForMessage(({ text }) => text === '3')
    expect(bob.messages.map(({ text, offline }) => [text, offline])).toEqual([
      ['1', true],
      ['2', true],
      ['3', true],
    ])
  })

  it('asks again for what it cannot read, and gets it', async () => {
    await alice.send(bob.jid, { text: 'first' })
    await bob.send(alice.jid, { text: 'answer' })
    await alice.waitForMessage()
    await bob.loseSession(alice.jid)
    await alice.send(bob.jid, { text: 'unreadable' })
    expect(await bob.waitForMessage(({ text }) => text === 'unreadable')).toMatchObject({ retries: 2 })
    expect(wa.violations.map(({ message }) => message)).toEqual([])
  })

  it('waits for a message no longer than it is told', async () => {
    await expect(alice.waitForMessage(() => true, 5)).rejects.toMatchObject({ code: 'timed-out' })
  })

  it('lets messages that were encrypted ahead leave at once', async () => {
    const prepared = await alice.prepare(bob.jid, [{ text: '1' }, { text: '2' }, { text: '3' }])
    expect(bob.messages).toEqual([])
    await prepared.send()
    await bob.waitForMessage(({ id }) => id === prepared.ids[2])
    expect(bob.messages.map(({ text }) => text)).toEqual(['1', '2', '3'])
  })

  it('confirms without reading when told to', async () => {
    bob.confirmOnly = true
    const id = await alice.send(bob.jid, { text: 'unread' })
    await alice.waitForReceipt(({ ids }) => ids.includes(id))
    expect([bob.arrived, bob.messages]).toEqual([1, []])
    bob.confirmOnly = false
    await alice.send(bob.jid, { text: 'read' })
    expect(await bob.waitForMessage()).toMatchObject({ text: 'read' })
  })

  it('reaches a companion that it had not heard of, once the service tells of another device set', async () => {
    await alice.send(bob.jid, { text: 'before' })
    wa.faults.add({
      direction: 'to-client',
      match: { tag: 'notification', device: alice.number },
      action: { kind: 'drop' },
    })
    const companion = await Companion.linked({ url: wa.url, root: wa.noiseRoot }, bob)
    const id = await alice.send(bob.jid, { text: 'for the new one, too' })
    expect((await companion.next(({ attrs }) => attrs['id'] === id)).attrs['from']).toBe(alice.jid)
    expect(bob.messages.filter(message => message.id === id)).toHaveLength(1)
    await companion.close()
  })

  it('talks in groups, and begins a new key when a member leaves', async () => {
    const carol = await wa.phone('6281110003')
    const group = await alice.createGroup('Three', [bob.jid, carol.lid])
    await alice.send(group, { text: 'hello' })
    for (const phone of [bob, carol]) expect(await phone.waitForMessage()).toMatchObject({ chat: group, text: 'hello' })
    await alice.changeGroup(group, 'remove', [carol.jid])
    await alice.settled()
    await alice.send(group, { text: 'without Carol' })
    await bob.waitForMessage(({ text }) => text === 'without Carol')
    await expect(carol.send(group, { text: 'still here?' })).rejects.toMatchObject({ code: 'request-refused' })
    expect(carol.messages.map(({ text }) => text)).toEqual(['hello'])
    expect(wa.violations.map(({ message }) => message)).toEqual([])
  })

  it('after a reinstallation has another identity, no companions, and is written to all the same', async () => {
    const companion = await Companion.linked({ url: wa.url, root: wa.noiseRoot }, bob)
    await alice.send(bob.jid, { text: 'before' })
    await bob.waitForMessage(({ text }) => text === 'before')
    const before = bob.account.phone?.keys.identity
    await bob.reinstall()
    expect(bob.account.phone?.keys.identity).not.toEqual(before)
    expect((await companion.next(({ tag }) => tag === 'stream:error')).attrs['code']).toBe('401')
    expect(bob.linkedDevices).toEqual([])
    await alice.send(bob.jid, { text: 'after' })
    expect((await bob.waitForMessage(({ text }) => text === 'after')).retries).toBeGreaterThan(0)
    await bob.send(alice.jid, { text: 'back again' })
    await alice.waitForMessage(({ text }) => text === 'back again')
    expect(wa.violations.map(({ message }) => message)).toEqual([])
  })
})

describe('linking', () => {
  const options = () => ({ url: wa.url, root: wa.noiseRoot })

  it('refuses texts that are no QR, refs that are unknown, and a ref a second time', async () => {
    await expect(alice.scan('hello')).rejects.toMatchObject({ code: 'invalid-qr' })
    const companion = await Companion.connect(options())
    const qr = await companion.qr()
    await expect(alice.scan(qr.replace(/#[^,]*/, '#2@unknown'))).rejects.toMatchObject({ code: 'unknown-pairing-ref' })
    const linking = alice.scan(qr)
    await companion.acceptPairing()
    await linking
    await expect(bob.scan(qr)).rejects.toMatchObject({ code: 'unknown-pairing-ref' })
    await companion.closed()
  })

  it('refuses a QR that shows other keys than the connection', async () => {
    const [one, other] = [await Companion.connect(options()), await Companion.connect(options())]
    const ref = (await one.qr()).split(',')[0] as string
    const keys = (await other.qr()).split(',').slice(1)
    await expect(alice.scan([ref, ...keys].join(','))).rejects.toMatchObject({ code: 'qr-mismatch' })
    expect(wa.violations.map(({ kind }) => kind)).toEqual(['invalid-registration'])
    await Promise.all([one.close(), other.close()])
  })

  it('does not link a client whose answer is spoiled', async () => {
    const companion = await Companion.connect(options())
    const linking = alice.scan(await companion.qr())
    const refused = expect(linking).rejects.toMatchObject({ code: 'pairing-answer-invalid' })
    await companion.acceptPairing(reply => ({
      ...reply,
      content: [
        element('pair-device-sign', {}, [element('device-identity', { 'key-index': '1' }, Buffer.alloc(100, 1))]),
      ],
    }))
    await refused
    expect(alice.linkedDevices).toEqual([])
    await companion.close()
  })

  it('reports the refusal of a client', async () => {
    const companion = await Companion.connect(options())
    const linking = alice.scan(await companion.qr())
    const refused = expect(linking).rejects.toMatchObject({ code: 'pairing-refused', output: { statusCode: 401 } })
    await companion.acceptPairing(reply =>
      element('iq', { ...reply.attrs, type: 'error' }, [element('error', { code: '401', text: 'hmac-mismatch' })]),
    )
    await refused
    await companion.close()
  })

  it('notices that the client went away', async () => {
    const companion = await Companion.connect(options())
    const linking = alice.scan(await companion.qr())
    const lost = expect(linking).rejects.toMatchObject({ code: 'pairing-connection-lost' })
    await companion.close()
    await lost
  })

  it('lets refs run out with their connection', async () => {
    await wa.stop()
    wa = await Simulator.start({ refLifetimeMs: 10 })
    alice = await wa.phone('6281110001')
    const companion = await Companion.connect(options())
    const qr = await companion.qr()
    await companion.closed()
    await expect(alice.scan(qr)).rejects.toMatchObject({ code: 'unknown-pairing-ref' })
  })

  it('tells the device lists of everybody concerned about new and removed companions', async () => {
    const carol = await wa.phone('6281110003')
    const watcher = await Companion.linked(options(), carol)
    await carol.send(alice.jid, { text: 'now we know each other' })
    const companion = await Companion.linked(options(), alice)
    const added = await watcher.next(({ tag, attrs }) => tag === 'notification' && attrs['type'] === 'devices')
    expect(added.attrs).toMatchObject({ from: alice.jid, lid: alice.lid })
    expect(Array.isArray(added.content) && added.content[0]?.tag).toBe('add')
    alice.removeDevice(companion.lid)
    const removed = await watcher.next(({ tag, attrs }) => tag === 'notification' && attrs['type'] === 'devices')
    expect(Array.isArray(removed.content) && removed.content[0]?.tag).toBe('remove')
    await watcher.close()
    await companion.closed()
  })
})
