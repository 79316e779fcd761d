import { type BinaryNode, getBinaryNodeChild } from 'kurir/binary'
import { xeddsaVerify } from 'kurir/crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Phone } from './phone/phone.js'
import { element } from './router/stanzas.js'
import { Simulator } from './simulator.js'
import { Companion, childBytes } from './testing/companion.js'

let wa: Simulator
let phone: Phone
const open: Companion[] = []

const options = () => ({ url: wa.url, root: wa.noiseRoot })
const linked = async (): Promise<Companion> => {
  const companion = await Companion.linked(options(), phone)
  open.push(companion)
  return companion
}

beforeEach(async () => {
  wa = await Simulator.start({ seed: 'simulator' })
  phone = await wa.phone('6281110001', { sendHistory: false, shareAppStateKey: false })
})

afterEach(async () => {
  await Promise.all(open.splice(0).map(companion => companion.close()))
  await wa.stop()
})

describe('a simulator', () => {
  it('has the same root, LIDs and keys under the same seed', async () => {
    const twin = await Simulator.start({ seed: 'simulator' })
    const twinPhone = await twin.phone('6281110001')
    expect(Buffer.compare(twin.noiseRoot.publicKey, wa.noiseRoot.publicKey)).toBe(0)
    expect(twinPhone.lid).toBe(phone.lid)
    expect(twinPhone.account.phone?.keys.identity).toEqual(phone.account.phone?.keys.identity)
    await twin.stop()
  })

  it('tells of every stanza in both directions', async () => {
    const seen: string[] = []
    const companion = await linked()
    const stop = wa.onStanza(({ direction, device, node }) => {
      if (device === companion.jid) seen.push(`${direction} ${node.tag} ${node.attrs['type'] ?? ''}`)
    })
    await companion.query({ xmlns: 'w:p', type: 'get' })
    stop()
    await companion.query({ xmlns: 'w:p', type: 'get' })
    expect(seen).toEqual(['from-client iq get', 'to-client iq result'])
  })

  it('pings, and notices whether the client answers', async () => {
    const companion = await linked()
    const answered = wa.ping(companion.jid)
    const ping = await companion.next(({ attrs }) => attrs['xmlns'] === 'urn:xmpp:ping')
    companion.send(element('iq', { to: '@s.whatsapp.net', type: 'result', id: ping.attrs['id'] }))
    expect(await answered).toBe(true)
    expect(await wa.ping(companion.jid, 5)).toBe(false)
    expect(wa.violations).toEqual([])
  })

  it('writes what the service never would', async () => {
    const companion = await linked()
    wa.inject(companion.jid, element('ib', { from: '@s.whatsapp.net' }, [element('one'), element('two')]))
    const bulletin = await companion.next(
      ({ tag, content }) => tag === 'ib' && Array.isArray(content) && content.length === 2,
    )
    expect(bulletin.attrs['from']).toBe('@s.whatsapp.net')
    wa.inject(companion.jid, element('notification', { from: phone.jid, type: 'odd', id: 'N1', t: '1' }), {
      queue: true,
    })
    await companion.next(({ tag }) => tag === 'notification')
    expect(wa.unconfirmed(companion.jid)).toBe(1)
    companion.send(element('ack', { id: 'N1', to: phone.jid, class: 'notification', type: 'odd' }))
    await companion.query({ xmlns: 'w:p', type: 'get' })
    expect(wa.unconfirmed(companion.jid)).toBe(0)
  })

  it('names unknown devices', () => {
    expect(() => wa.disconnect('6281110001:9@s.whatsapp.net')).toThrow(
      expect.objectContaining({ code: 'unknown-device' }),
    )
  })
})

describe('forgeries', () => {
  it.each([
    ['hmac', 'pairing-hmac-mismatch'],
    ['account-signature', 'pairing-account-signature-invalid'],
  ] as const)('grants an identity with a wrong %s', async (forge, code) => {
    const companion = await Companion.connect(options())
    const linking = phone.scan(await companion.qr(), { forge })
    const lost = expect(linking).rejects.toMatchObject({ code: 'pairing-connection-lost' })
    await expect(companion.acceptPairing()).rejects.toMatchObject({ code })
    await companion.close()
    await lost
    expect(phone.linkedDevices).toEqual([])
  })

  it('alters stanzas on the way, such as the signature in a bundle', async () => {
    const companion = await linked()
    const forgeSignature = (node: BinaryNode): BinaryNode => {
      if (node.tag === 'signature') return { ...node, content: Buffer.alloc(64, 5) }
      return Array.isArray(node.content) ? { ...node, content: node.content.map(forgeSignature) } : node
    }
    const match = { tag: 'iq', child: 'list', device: companion.jid }
    wa.faults.add({ direction: 'to-client', match, action: { kind: 'alter', alter: forgeSignature } })
    const request = element('key', {}, [element('user', { jid: phone.jid })])
    const answer = await companion.query({ xmlns: 'encrypt', type: 'get' }, [request])
    const user = getBinaryNodeChild(getBinaryNodeChild(answer, 'list') as BinaryNode, 'user') as BinaryNode
    const skey = getBinaryNodeChild(user, 'skey') as BinaryNode
    const typed = Buffer.concat([Buffer.of(5), childBytes(skey, 'value') as Uint8Array])
    const signature = childBytes(skey, 'signature') as Uint8Array
    expect(signature).toHaveLength(64)
    expect(xeddsaVerify(childBytes(user, 'identity') as Uint8Array, typed, signature)).toBe(false)
  })
})
