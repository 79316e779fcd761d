import { type BinaryNode, getBinaryNodeChild, getBinaryNodeChildren } from 'kurir/binary'
import { proto } from 'kurir/proto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { participantHash } from '../groups/participant-hash.js'
import type { Phone } from '../phone/phone.js'
import { Simulator } from '../simulator.js'
import { Companion, errorCode } from '../testing/companion.js'
import { element } from './stanzas.js'

let wa: Simulator
let alice: Phone
let bob: Phone
const open: Companion[] = []

const linked = async (phone: Phone): Promise<Companion> => {
  const companion = await Companion.linked({ url: wa.url, root: wa.noiseRoot }, phone)
  open.push(companion)
  return companion
}

const kinds = () => wa.violations.map(({ kind }) => kind)
const isMessage = ({ tag }: BinaryNode) => tag === 'message'
const isAck = ({ tag, attrs }: BinaryNode) => tag === 'ack' && attrs['class'] === 'message'

/** A message part; nothing in it can be decrypted, which is no matter to the service. */
const part = (type = 'msg') => element('enc', { v: '2', type }, Buffer.alloc(50, 7))
const preKeyPart = (preKeyId: number, baseKey: string) => {
  const key = Buffer.alloc(33, baseKey)
  const body = {
    preKeyId,
    baseKey: key,
    identityKey: key,
    message: Buffer.alloc(40),
    registrationId: 1,
    signedPreKeyId: 1,
  }
  const bytes = proto.PreKeySignalMessage.encode(body).finish()
  return element('enc', { v: '2', type: 'pkmsg' }, Buffer.concat([Buffer.of(0x33), bytes]))
}
const copy = (jid: string, content = part()) => element('to', { jid }, [content])
const message = (
  id: string,
  to: string,
  copies: BinaryNode[],
  attrs: Record<string, string> = {},
  more: BinaryNode[] = [],
) => element('message', { id, to, type: 'text', ...attrs }, [element('participants', {}, copies), ...more])
const identityOf = (companion: Companion) =>
  element(
    'device-identity',
    {},
    proto.ADVSignedDeviceIdentity.encode(companion.creds.account as proto.IADVSignedDeviceIdentity).finish(),
  )

beforeEach(async () => {
  wa = await Simulator.start({ seed: 'routing' })
  alice = await wa.phone('6281110001', { pushName: 'Alice', sendHistory: false, shareAppStateKey: false })
  bob = await wa.phone('6281110002', { pushName: 'Bob', sendHistory: false, shareAppStateKey: false })
  // What the companions send cannot be decrypted: the phones shall not ask for it again.
  alice.goOffline()
  bob.goOffline()
})

afterEach(async () => {
  await Promise.all(open.splice(0).map(companion => companion.close()))
  await wa.stop()
})

describe('1:1 messages', () => {
  it('gives every device its copy, own ones with recipient, and names the twins (docs/protocol/02 §9.7)', async () => {
    const [a1, a2, b1] = [await linked(alice), await linked(alice), await linked(bob)]
    a1.send(message('M1', bob.jid, [copy(bob.jid), copy(b1.jid), copy(alice.jid), copy(a2.jid)]))
    expect((await a1.next(isAck)).attrs).toMatchObject({ id: 'M1', from: bob.jid, class: 'message' })
    expect((await b1.next(isMessage)).attrs).toMatchObject({
      id: 'M1',
      from: a1.jid,
      notify: 'Alice',
      type: 'text',
      addressing_mode: 'pn',
      sender_lid: alice.lid,
    })
    expect((await a2.next(isMessage)).attrs).toMatchObject({
      from: a1.jid,
      recipient: bob.jid,
      peer_recipient_lid: bob.lid,
    })
    expect(kinds()).toEqual([])
  })

  it('names the phone number where a LID was addressed', async () => {
    const [a1, b1] = [await linked(alice), await linked(bob)]
    a1.send(message('M1', bob.lid, [copy(bob.lid), copy(b1.lid), copy(alice.lid)]))
    expect((await b1.next(isMessage)).attrs).toMatchObject({
      from: a1.lid,
      sender_pn: alice.jid,
      addressing_mode: 'lid',
    })
  })

  it('puts the hash of the right device set into the ack when a device was missed', async () => {
    const [a1, b1] = [await linked(alice), await linked(bob)]
    a1.send(message('M1', bob.jid, [copy(bob.jid), copy(alice.jid)]))
    const expected = participantHash([bob.jid, b1.jid, alice.jid, a1.jid])
    expect((await a1.next(isAck)).attrs['phash']).toBe(expected)
    a1.send(message('M1', bob.jid, [copy(b1.jid)], { device_fanout: 'false' }))
    expect((await a1.next(isAck)).attrs['phash']).toBeUndefined()
    expect((await b1.next(isMessage)).attrs['id']).toBe('M1')
    expect(kinds()).toEqual([])
  })

  it('delivers an id once, and again to a device that asked for it', async () => {
    const [a1, b1] = [await linked(alice), await linked(bob)]
    const sent = message('M1', bob.jid, [copy(bob.jid), copy(b1.jid), copy(alice.jid)])
    a1.send(sent)
    a1.send(sent)
    await b1.next(isMessage)
    const retry = element('retry', { v: '1', count: '1', id: 'M1', t: '1700000000' })
    b1.send(
      element('receipt', { id: 'M1', to: a1.jid, type: 'retry' }, [
        retry,
        element('registration', {}, Buffer.alloc(4, 1)),
      ]),
    )
    const asked = await a1.next(({ tag }) => tag === 'receipt')
    expect(asked.attrs).toMatchObject({ id: 'M1', from: b1.jid, type: 'retry' })
    expect(getBinaryNodeChild(asked, 'retry')?.attrs['count']).toBe('1')
    const repeated = element('enc', { v: '2', type: 'msg', count: '1' }, Buffer.alloc(50, 7))
    a1.send(element('message', { id: 'M1', to: b1.jid, type: 'text', device_fanout: 'false' }, [repeated]))
    const again = await b1.next(isMessage)
    expect(getBinaryNodeChild(again, 'enc')?.attrs['count']).toBe('1')
    expect(b1.received.filter(isMessage)).toEqual([])
    expect(kinds()).toEqual([])
  })

  it('copies the device identity with a prekey message only', async () => {
    const [a1, b1] = [await linked(alice), await linked(bob)]
    const copies = [copy(bob.jid), copy(b1.jid, preKeyPart(1, 'a')), copy(alice.jid)]
    a1.send(message('M1', bob.jid, copies, {}, [identityOf(a1)]))
    expect(getBinaryNodeChild(await b1.next(isMessage), 'device-identity')).toEqual(identityOf(a1))
    a1.send(message('M2', bob.jid, [copy(bob.jid), copy(b1.jid), copy(alice.jid)]))
    expect(getBinaryNodeChild(await b1.next(isMessage), 'device-identity')).toBeUndefined()
    expect(kinds()).toEqual([])
  })

  it('refuses and reports what is malformed, and delivers nothing of it', async () => {
    const [a1, b1] = [await linked(alice), await linked(bob)]
    a1.send(message('M1', bob.jid, [copy(b1.jid)], { addressing_mode: 'pn' }))
    expect((await a1.next(isAck)).attrs['error']).toBe('479')
    a1.send(message('M2', '15550009999@s.whatsapp.net', [copy(alice.jid)]))
    expect((await a1.next(isAck)).attrs['error']).toBe('406')
    a1.send(message('M3', bob.jid, [copy(bob.jid), copy(b1.jid), copy(alice.jid)]))
    expect((await b1.next(isMessage)).attrs['id']).toBe('M3')
    expect(kinds()).toEqual(['invalid-stanza'])
  })

  it('reports a prekey used for two sessions, a foreign device identity, and a device that addresses itself', async () => {
    const [a1, a2, b1] = [await linked(alice), await linked(alice), await linked(bob)]
    const to = (content: BinaryNode) => [copy(bob.jid), copy(b1.jid, content), copy(alice.jid), copy(a2.jid)]
    a1.send(message('M1', bob.jid, to(preKeyPart(5, 'a')), {}, [identityOf(a1)]))
    a1.send(message('M2', bob.jid, to(preKeyPart(5, 'a')), {}, [identityOf(a1)]))
    await a1.next(({ attrs }) => attrs['id'] === 'M2')
    expect(kinds()).toEqual([])
    a1.send(message('M3', bob.jid, to(preKeyPart(5, 'b')), {}, [identityOf(a1)]))
    await a1.next(({ attrs }) => attrs['id'] === 'M3')
    expect(kinds()).toEqual(['prekey-reuse'])
    a1.send(message('M4', bob.jid, to(preKeyPart(6, 'c')), {}, [identityOf(a2)]))
    await a1.next(({ attrs }) => attrs['id'] === 'M4')
    expect(kinds()).toEqual(['prekey-reuse', 'wrong-device-identity'])
    a1.send(message('M5', bob.jid, [...to(part()), copy(a1.jid)]))
    await a1.next(({ attrs }) => attrs['id'] === 'M5')
    expect(kinds()).toEqual(['prekey-reuse', 'wrong-device-identity', 'wrong-fan-out'])
  })
})

describe('group messages', () => {
  const skmsg = part('skmsg')
  let group: string
  let a1: Companion
  let b1: Companion

  beforeEach(async () => {
    a1 = await linked(alice)
    b1 = await linked(bob)
    alice.goOnline()
    group = await alice.createGroup('Two', [bob.jid])
    alice.goOffline()
  })

  const hash = () => participantHash([alice.lid, a1.lid, bob.lid, b1.lid])
  const send = (id: string, attrs: Record<string, string> = {}, copies: BinaryNode[] = []) =>
    a1.send(
      element('message', { id, to: group, type: 'text', addressing_mode: 'lid', phash: hash(), ...attrs }, [
        ...(copies.length === 0 ? [] : [element('participants', {}, copies)]),
        skmsg,
      ]),
    )

  it('gives every member device the group part, after its own part where it has one', async () => {
    send('M1', {}, [copy(b1.lid)])
    expect((await a1.next(isAck)).attrs['phash']).toBeUndefined()
    const received = await b1.next(isMessage)
    expect(received.attrs).toMatchObject({
      from: group,
      participant: a1.lid,
      participant_pn: alice.jid,
      addressing_mode: 'lid',
    })
    expect(getBinaryNodeChildren(received, 'enc').map(({ attrs }) => attrs['type'])).toEqual(['msg', 'skmsg'])
    send('M2')
    expect(getBinaryNodeChildren(await b1.next(isMessage), 'enc').map(({ attrs }) => attrs['type'])).toEqual(['skmsg'])
    expect(kinds()).toEqual([])
  })

  it('refuses a wrong addressing mode with 421, strangers with 403', async () => {
    send('M1', { addressing_mode: 'pn' })
    expect((await a1.next(isAck)).attrs).toMatchObject({ error: '421', addressing_mode: 'lid' })
    const carol = await wa.phone('6281110003')
    await expect(carol.send(group, { text: 'let me in' })).rejects.toMatchObject({ code: 'request-refused' })
  })

  it('answers an outdated hash with the right one, and reports one that never was right', async () => {
    const outdated = hash()
    const b2 = await linked(bob)
    send('M1', { phash: outdated })
    const right = participantHash([alice.lid, a1.lid, bob.lid, b1.lid, b2.lid])
    expect((await a1.next(isAck)).attrs['phash']).toBe(right)
    expect(kinds()).toEqual([])
    send('M2', { phash: '2:AAAAAAAA' })
    expect((await a1.next(isAck)).attrs['phash']).toBe(right)
    expect(kinds()).toEqual(['wrong-phash'])
  })
})

describe('receipts and acks', () => {
  it('passes receipts on to all devices of the author, and reading to the own ones', async () => {
    const [a1, b1, b2] = [await linked(alice), await linked(bob), await linked(bob)]
    a1.send(message('M1', bob.jid, [copy(bob.jid), copy(b1.jid), copy(b2.jid), copy(alice.jid)]))
    await b1.next(isMessage)
    b1.send(element('receipt', { id: 'M1', to: a1.jid }))
    expect((await b1.next(({ tag }) => tag === 'ack')).attrs).toMatchObject({
      class: 'receipt',
      id: 'M1',
      from: a1.jid,
    })
    expect((await a1.next(({ tag }) => tag === 'receipt')).attrs).toMatchObject({ id: 'M1', from: b1.jid })
    b1.send(element('receipt', { id: 'M1', to: alice.jid, type: 'read', t: '1700000000' }))
    expect((await a1.next(({ tag }) => tag === 'receipt')).attrs).toMatchObject({
      type: 'read',
      from: b1.jid,
      t: '1700000000',
    })
    const own = await b2.next(({ tag }) => tag === 'receipt')
    expect(own.attrs).toMatchObject({ type: 'read', from: b1.jid, recipient: alice.jid })
    expect(kinds()).toEqual([])
  })

  it('redelivers what was not confirmed, in order and marked as offline', async () => {
    const [a1, b1] = [await linked(alice), await linked(bob)]
    for (const id of ['M1', 'M2', 'M3']) {
      a1.send(message(id, bob.jid, [copy(bob.jid), copy(b1.jid), copy(alice.jid)]))
      await b1.next(({ attrs }) => attrs['id'] === id)
    }
    b1.send(element('receipt', { id: 'M2', to: a1.jid }))
    await a1.next(({ tag }) => tag === 'receipt')
    await b1.close()
    const again = await Companion.connect({ url: wa.url, root: wa.noiseRoot, creds: b1.creds })
    open.push(again)
    await again.next(({ tag }) => tag === 'success')
    await again.query({ xmlns: 'passive', type: 'set' }, [element('active')])
    const messages = [await again.next(isMessage), await again.next(isMessage)]
    expect(messages.map(({ attrs }) => [attrs['id'], attrs['offline']])).toEqual([
      ['M1', '0'],
      ['M3', '1'],
    ])
    expect(wa.unconfirmed(b1.jid)).toBe(2)
  })

  it('reports a receipt and an ack for what was never delivered', async () => {
    const b1 = await linked(bob)
    b1.send(element('receipt', { id: 'NEVER', to: alice.jid }))
    b1.send(element('ack', { id: 'NEVER', to: alice.jid, class: 'message', type: 'text' }))
    await b1.query({ xmlns: 'w:p', type: 'get' })
    expect(kinds()).toEqual(['unexpected-receipt', 'unexpected-receipt'])
  })

  it('reports an ack that does not copy what it acks', async () => {
    const [a1, b1] = [await linked(alice), await linked(bob)]
    a1.send(message('M1', bob.jid, [copy(bob.jid), copy(b1.jid), copy(alice.jid)]))
    await b1.next(isMessage)
    b1.send(element('ack', { id: 'M1', to: bob.jid, class: 'message', type: 'text' }))
    await b1.query({ xmlns: 'w:p', type: 'get' })
    expect(kinds()).toEqual(['unexpected-receipt'])
  })

  it('reports a receipt that goes to somebody else than the sender', async () => {
    const [a1, b1] = [await linked(alice), await linked(bob)]
    a1.send(message('M1', bob.jid, [copy(bob.jid), copy(b1.jid), copy(alice.jid)]))
    await b1.next(isMessage)
    b1.send(element('receipt', { id: 'M1', to: bob.jid }))
    await b1.query({ xmlns: 'w:p', type: 'get' })
    expect(kinds()).toEqual(['unexpected-receipt'])
  })

  it('answers a query for an unknown group', async () => {
    const b1 = await linked(bob)
    expect(
      errorCode(await b1.query({ xmlns: 'w:g2', type: 'get', to: '120363000000000009@g.us' }, [element('query')])),
    ).toBe('404')
  })
})
