import { type BinaryNode, getBinaryNodeChild, getBinaryNodeChildren } from 'kurir/binary'
import { generateKeyPair, typedPublicKey, xeddsaSign } from 'kurir/crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Phone } from '../../phone/phone.js'
import { Simulator } from '../../simulator.js'
import { Companion, childBytes, errorCode } from '../../testing/companion.js'
import { bigEndian, element, integerOf } from '../stanzas.js'

let wa: Simulator
let phone: Phone
let companion: Companion

const kinds = () => wa.violations.map(({ kind }) => kind)

beforeEach(async () => {
  wa = await Simulator.start({ seed: 'encrypt' })
  phone = await wa.phone('6281110001', { sendHistory: false, shareAppStateKey: false })
  companion = await Companion.linked({ url: wa.url, root: wa.noiseRoot }, phone)
})

afterEach(async () => {
  await companion.close()
  await wa.stop()
})

const preKeys = (ids: readonly number[]) =>
  ids.map(id =>
    element('key', {}, [element('id', {}, bigEndian(id, 3)), element('value', {}, generateKeyPair().public)]),
  )

const signedPreKey = (id: number, signature?: Uint8Array) => {
  const pair = generateKeyPair()
  const made = signature ?? xeddsaSign(companion.creds.signedIdentityKey, typedPublicKey(pair.public))
  return element('skey', {}, [
    element('id', {}, bigEndian(id, 3)),
    element('value', {}, pair.public),
    element('signature', {}, made),
  ])
}

const upload = (keys: BinaryNode[], changes: { identity?: Uint8Array; skey?: BinaryNode } = {}) =>
  companion.query({ xmlns: 'encrypt', type: 'set' }, [
    element('registration', {}, bigEndian(companion.creds.registrationId, 4)),
    element('type', {}, Buffer.of(5)),
    element('identity', {}, changes.identity ?? companion.creds.signedIdentityKey.public),
    element('list', {}, keys),
    changes.skey ?? signedPreKey(1),
  ])

const fetchBundle = async (jid: string) => {
  const answer = await companion.query({ xmlns: 'encrypt', type: 'get' }, [
    element('key', {}, [element('user', { jid })]),
  ])
  const [user] = getBinaryNodeChildren(getBinaryNodeChild(answer, 'list') as BinaryNode, 'user')
  return user as BinaryNode
}
const preKeyIdOf = (user: BinaryNode) => {
  const key = getBinaryNodeChild(user, 'key')
  return key === undefined ? undefined : integerOf(getBinaryNodeChild(key, 'id'))
}
const count = async () => {
  const answer = await companion.query({ xmlns: 'encrypt', type: 'get' }, [element('count')])
  return Number(getBinaryNodeChild(answer, 'count')?.attrs['value'])
}

describe('prekeys (docs/protocol/02 §8)', () => {
  it('hands each one-time prekey out once, then bundles without one, and asks for more when few are left', async () => {
    await upload(preKeys([7, 8]))
    expect(await count()).toBe(2)
    expect(preKeyIdOf(await fetchBundle(companion.jid))).toBe(7)
    const notice = await companion.next(({ tag }) => tag === 'notification')
    expect(notice.attrs['type']).toBe('encrypt')
    expect(getBinaryNodeChild(notice, 'count')?.attrs['value']).toBe('1')
    expect(preKeyIdOf(await fetchBundle(companion.lid))).toBe(8)
    expect(preKeyIdOf(await fetchBundle(companion.jid))).toBeUndefined()
    expect(kinds()).toEqual([])
  })

  it('gives companions with their device identity, and an error for unknown devices', async () => {
    expect(childBytes(await fetchBundle(companion.jid), 'device-identity')?.length).toBeGreaterThan(150)
    expect(childBytes(await fetchBundle(phone.jid), 'device-identity')).toBeUndefined()
    expect(errorCode(await fetchBundle('6281110001:44@s.whatsapp.net'))).toBe('404')
    expect(errorCode(await fetchBundle('15550009999@s.whatsapp.net'))).toBe('404')
  })

  it('refuses keys under another identity or with a forged signature', async () => {
    expect(errorCode(await upload(preKeys([1]), { identity: generateKeyPair().public }))).toBe('406')
    expect(errorCode(await upload(preKeys([1]), { skey: signedPreKey(2, Buffer.alloc(64, 3)) }))).toBe('406')
    expect(kinds()).toEqual(['prekey-upload', 'invalid-signature'])
    expect(await count()).toBe(0)
  })

  it('reports ids that come again with other values, and ids that are not distinct', async () => {
    await upload(preKeys([1, 2]))
    expect(errorCode(await upload(preKeys([2, 3])))).toBeUndefined()
    expect(kinds()).toEqual(['prekey-upload'])
    expect(await count()).toBe(3)
    expect(errorCode(await upload(preKeys([9, 9])))).toBe('406')
  })

  it('rotates the signed prekey only with a valid signature', async () => {
    const rotate = (skey: BinaryNode) =>
      companion.query({ xmlns: 'encrypt', type: 'set' }, [element('rotate', {}, [skey])])
    expect(errorCode(await rotate(signedPreKey(2)))).toBeUndefined()
    const skey = getBinaryNodeChild(await fetchBundle(companion.jid), 'skey') as BinaryNode
    expect(integerOf(getBinaryNodeChild(skey, 'id'))).toBe(2)
    expect(errorCode(await rotate(signedPreKey(3, Buffer.alloc(64))))).toBe('406')
    expect(kinds()).toEqual(['invalid-signature'])
  })

  it('answers a digest over the stock, 404 without one', async () => {
    const digest = () => companion.query({ xmlns: 'encrypt', type: 'get' }, [element('digest')])
    expect(errorCode(await digest())).toBe('404')
    await upload(preKeys([1, 2, 3]))
    const answer = getBinaryNodeChild(await digest(), 'digest') as BinaryNode
    expect(childBytes(answer, 'hash')).toHaveLength(20)
    expect(getBinaryNodeChildren(getBinaryNodeChild(answer, 'list') as BinaryNode, 'id')).toHaveLength(3)
  })

  it('gives identities without using up a prekey', async () => {
    await upload(preKeys([1]))
    const asked = element('identity', {}, [
      element('user', { jid: phone.lid }),
      element('user', { jid: companion.jid }),
    ])
    const answer = await companion.query({ xmlns: 'encrypt', type: 'get' }, [asked])
    const users = getBinaryNodeChildren(getBinaryNodeChild(answer, 'list') as BinaryNode, 'user')
    expect(users.map(user => childBytes(user, 'identity')?.length)).toEqual([32, 32])
    expect(await count()).toBe(1)
  })
})
