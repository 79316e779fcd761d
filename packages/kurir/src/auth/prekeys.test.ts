import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { BinaryNode } from '../binary/node.js'
import { nodeOfVector, plainNode, readVectors, type VectorNode } from '../binary/testing/vectors.js'
import { typedPublicKey, x25519 } from '../crypto/curve.js'
import { xeddsaVerify } from '../crypto/xeddsa.js'
import type { SignalKeyStore } from '../signal/key-store.js'
import { initAuthCreds } from './credentials.js'
import { makeMemoryKeyStore } from './memory.js'
import {
  buildPreKeyCountQuery,
  buildPreKeyDigestQuery,
  buildPreKeyUpload,
  buildSignedPreKeyRotation,
  generateOrGetPreKeys,
  getNextPreKeys,
  getNextPreKeysNode,
  getPreKeys,
  highestPreKeyId,
  makePrivateOffer,
  nextPreKeyId,
  parseEncryptNotification,
  parsePreKeyCount,
  parsePreKeyDigest,
  preKeyDigestDifference,
  preKeyDigestHash,
  preKeyDigestMatches,
  preparePreKeys,
  prepareSignedPreKeyRotation,
} from './prekeys.js'
import { thrown } from './testing/expect-error.js'

interface KeyVector {
  id: number
  private: string
  public: string
  signature: string
}
interface PreKeyVectors {
  registrationId: number
  identity: { private: string; public: string }
  signedPreKeys: KeyVector[]
  oneTimePreKeys: KeyVector[]
  digestHash: string
  afterUploadBaileys: { nextPreKeyId: number; firstUnuploadedPreKeyId: number }
  stanzas: { name: string; node: VectorNode }[]
}
const vectors = readVectors<PreKeyVectors>('01-prekeys')
const bytes = (hex: string) => Buffer.from(hex, 'hex')
const pair = (key: { private: string; public: string }) => ({ private: bytes(key.private), public: bytes(key.public) })
const signed = (key: KeyVector) => ({ keyId: key.id, keyPair: pair(key), signature: bytes(key.signature) })
const [firstSigned, secondSigned] = vectors.signedPreKeys.map(signed)
if (firstSigned === undefined || secondSigned === undefined) throw new Error('no signed prekeys in the vectors')

const recordedCreds = {
  registrationId: vectors.registrationId,
  signedIdentityKey: pair(vectors.identity),
  signedPreKey: firstSigned,
  nextPreKeyId: 4,
  firstUnuploadedPreKeyId: 1,
}
const recordedPreKeys = Object.fromEntries(vectors.oneTimePreKeys.map(key => [key.id, pair(key)]))

function stanza(name: string): BinaryNode {
  const found = vectors.stanzas.find(candidate => candidate.name === name)
  if (found === undefined) throw new Error(`no vector ${name}`)
  return nodeOfVector(found.node)
}

function expectStanza(built: BinaryNode, name: string): void {
  const expected = stanza(name)
  const id = expected.attrs.id ?? ''
  expect(plainNode({ ...built, attrs: { ...built.attrs, id } })).toEqual(plainNode(expected))
}

function storeWith(preKeys: { [id: string]: ReturnType<typeof pair> }): SignalKeyStore {
  const store = makeMemoryKeyStore()
  void store.set({ 'pre-key': preKeys })
  return store
}

describe('stanzas of docs/protocol/01 §8', () => {
  it('count', () => {
    expectStanza(buildPreKeyCountQuery(), 'count query')
    expect(parsePreKeyCount(stanza('count result'))).toBe(3)
    for (const value of ['', '-1', '1.5', 'x', '1e3']) {
      const answer = { tag: 'iq', attrs: {}, content: [{ tag: 'count', attrs: { value } }] }
      thrown(() => parsePreKeyCount(answer), 'invalid-prekey-answer')
    }
    thrown(() => parsePreKeyCount({ tag: 'iq', attrs: {} }), 'invalid-prekey-answer')
  })

  it('upload', async () => {
    expectStanza(buildPreKeyUpload(recordedCreds, recordedPreKeys), 'upload')
    const state = { creds: recordedCreds, keys: storeWith(recordedPreKeys) }
    const { update, node } = await getNextPreKeysNode(state, 3)
    expectStanza(node, 'upload')
    expect(update).toEqual(vectors.afterUploadBaileys)
  })

  it('digest', async () => {
    expectStanza(buildPreKeyDigestQuery(), 'digest query')
    const digest = parsePreKeyDigest(stanza('digest result'))
    expect(Buffer.from(digest.hash).toString('hex')).toBe(vectors.digestHash)
    expect(digest.preKeyIds).toEqual([1, 2, 3])
    const keys = storeWith(recordedPreKeys)
    expect(await preKeyDigestMatches(digest, recordedCreds, keys)).toBe(true)
  })

  it('rotation', () => {
    expectStanza(buildSignedPreKeyRotation(secondSigned), 'rotate signed prekey')
  })

  it('notifications', () => {
    expect(parseEncryptNotification(stanza('prekeys low'))).toEqual({ kind: 'count', left: 4 })
    const notification = (tag: string, attrs = {}): BinaryNode => ({
      tag: 'notification',
      attrs,
      content: [{ tag, attrs: {} }],
    })
    expect(parseEncryptNotification(notification('digest'))).toEqual({ kind: 'digest' })
    expect(parseEncryptNotification(notification('identity', { from: 'a@lid' }))).toEqual({
      kind: 'identity',
      from: 'a@lid',
    })
    expect(parseEncryptNotification(notification('identity'))).toEqual({ kind: 'unknown' })
    expect(parseEncryptNotification(notification('new'))).toEqual({ kind: 'unknown' })
  })

  it('signatures of the recorded signed prekeys', () => {
    for (const key of [firstSigned, secondSigned]) {
      expect(
        xeddsaVerify(recordedCreds.signedIdentityKey.public, typedPublicKey(key.keyPair.public), key.signature),
      ).toBe(true)
    }
  })
})

describe('the digest', () => {
  const { identity, signedPreKey, preKeys, hash } = readVectors<{
    identity: string
    signedPreKey: { id: number; public: string; signature: string }
    preKeys: { public: string }[]
    hash: string
  }>('02-key-digest')

  it('is SHA-1 over identity, signed prekey, signature and prekeys (docs/protocol/02 §8.5)', () => {
    const key = {
      keyId: signedPreKey.id,
      keyPair: { public: bytes(signedPreKey.public), private: Buffer.alloc(0) },
      signature: bytes(signedPreKey.signature),
    }
    const publics = preKeys.map(({ public: publicKey }) => bytes(publicKey))
    expect(preKeyDigestHash(bytes(identity), key, publics).toString('hex')).toBe(hash)
  })

  it('says what differs', async () => {
    const digest = parsePreKeyDigest(stanza('digest result'))
    const keys = storeWith(recordedPreKeys)
    const difference = (changes: Partial<typeof digest>, creds = recordedCreds, store = keys) =>
      preKeyDigestDifference({ ...digest, ...changes }, creds, store)
    expect(await difference({})).toBeUndefined()
    expect(await difference({ registrationId: 1 })).toBe('registration')
    expect(await difference({ identity: Buffer.alloc(32) })).toBe('identity')
    expect(await difference({}, { ...recordedCreds, signedPreKey: secondSigned })).toBe('signed-prekey')
    expect(await difference({ signedPreKey: { ...digest.signedPreKey, signature: Buffer.alloc(64) } })).toBe(
      'signed-prekey',
    )
    expect(await difference({ preKeyIds: [1, 2, 3, 4] })).toBe('missing-prekeys')
    expect(await difference({}, recordedCreds, makeMemoryKeyStore())).toBe('missing-prekeys')
    expect(await difference({ preKeyIds: [2, 1, 3] })).toBe('hash')
    expect(await difference({ hash: Buffer.alloc(20) })).toBe('hash')
  })

  it('is refused when a part is missing or has another length', () => {
    const answer = stanza('digest result')
    const [digest] = Array.isArray(answer.content) ? answer.content : []
    const parts = Array.isArray(digest?.content) ? digest.content : []
    for (const part of parts.filter(({ tag }) => tag !== 'list')) {
      const without = {
        ...answer,
        content: [{ tag: 'digest', attrs: {}, content: parts.filter(other => other !== part) }],
      }
      thrown(() => parsePreKeyDigest(without), 'invalid-prekey-answer')
      const wrong = parts.map(other => (other === part ? { ...part, content: Buffer.of(9) } : other))
      thrown(
        () => parsePreKeyDigest({ ...answer, content: [{ tag: 'digest', attrs: {}, content: wrong }] }),
        'invalid-prekey-answer',
      )
    }
    thrown(() => parsePreKeyDigest({ tag: 'iq', attrs: {} }), 'invalid-prekey-answer')
  })
})

describe('prekeys', () => {
  it('are made and stored as plain bytes that work', async () => {
    const keys = makeMemoryKeyStore()
    const creds = initAuthCreds()
    const { preKeys, stored, uploaded } = await preparePreKeys({ creds, keys }, 812)
    expect(Object.keys(preKeys)).toHaveLength(812)
    expect(stored).toEqual({ nextPreKeyId: 813 })
    expect(uploaded).toEqual({ firstUnuploadedPreKeyId: 813 })
    expect(await getPreKeys(keys, 1, 900)).toEqual(preKeys)
    const [one, two] = [preKeys['1'], preKeys['812']]
    if (one === undefined || two === undefined) throw new Error('missing')
    expect(Object.keys(one).sort()).toEqual(['private', 'public'])
    expect(x25519(one, two.public)).toEqual(x25519(two, one.public))
  })

  it('that were not confirmed are offered again, and new ones only for the rest (docs/protocol/02 §14.1)', async () => {
    const keys = makeMemoryKeyStore()
    const creds = initAuthCreds()
    const first = await preparePreKeys({ creds, keys }, 5)
    const afterCrash = { ...creds, ...first.stored }
    const again = await preparePreKeys({ creds: afterCrash, keys }, 5)
    expect(again).toEqual(first)
    const more = await preparePreKeys({ creds: afterCrash, keys }, 7)
    expect(more.preKeys).toMatchObject(first.preKeys)
    expect(Object.keys(more.preKeys)).toEqual(['1', '2', '3', '4', '5', '6', '7'])
    const fewer = await preparePreKeys({ creds: afterCrash, keys }, 2)
    expect(Object.keys(fewer.preKeys)).toEqual(['1', '2'])
    expect({ ...fewer.stored, ...fewer.uploaded }).toEqual({ nextPreKeyId: 6, firstUnuploadedPreKeyId: 3 })
  })

  it('never take the id of a stored key, when credentials were not saved or come from a backup', async () => {
    const keys = makeMemoryKeyStore()
    const creds = initAuthCreds()
    const before = await preparePreKeys({ creds, keys }, 3)
    const after = await preparePreKeys({ creds, keys }, 3)
    expect(Object.keys(after.preKeys)).toEqual(['4', '5', '6'])
    expect(await getPreKeys(keys, 1, 4)).toEqual(before.preKeys)
    expect({ ...after.stored, ...after.uploaded }).toEqual({ nextPreKeyId: 7, firstUnuploadedPreKeyId: 7 })
  })

  it('begin again at 1 after 2^24 - 1 and skip what is still stored (docs/protocol/01 §8.3)', async () => {
    const keys = makeMemoryKeyStore()
    const old = pair(vectors.oneTimePreKeys[0] ?? { private: '', public: '' })
    await keys.set({ 'pre-key': { '1': old, '3': old } })
    const creds = {
      ...initAuthCreds(),
      nextPreKeyId: highestPreKeyId - 1,
      firstUnuploadedPreKeyId: highestPreKeyId - 1,
    }
    const { preKeys, stored } = await preparePreKeys({ creds, keys }, 5)
    expect(
      Object.keys(preKeys)
        .map(Number)
        .sort((a, b) => a - b),
    ).toEqual([2, 4, 5, highestPreKeyId - 1, highestPreKeyId])
    expect(stored.nextPreKeyId).toBe(6)
    expect(await keys.get('pre-key', ['1'])).toEqual({ 1: old })
    expect(nextPreKeyId(highestPreKeyId)).toBe(1)

    const waiting = await preparePreKeys({ creds: { ...creds, ...stored }, keys }, 4)
    expect(Object.keys(waiting.preKeys).map(Number)).toContain(highestPreKeyId)
    expect(Object.keys(waiting.preKeys)).toHaveLength(4)
  })

  it('are made anew when the counters are damaged', async () => {
    const keys = makeMemoryKeyStore()
    const creds = { ...initAuthCreds(), nextPreKeyId: 5, firstUnuploadedPreKeyId: 813 }
    const { preKeys, stored, uploaded } = await preparePreKeys({ creds, keys }, 3)
    expect(Object.keys(preKeys)).toEqual(['5', '6', '7'])
    expect({ ...stored, ...uploaded }).toEqual({ nextPreKeyId: 8, firstUnuploadedPreKeyId: 8 })
  })

  it('stay different and in range over any sequence of uploads, lost answers and lost credentials', async () => {
    const step = fc.record({ count: fc.integer({ min: 1, max: 9 }), saved: fc.boolean(), confirmed: fc.boolean() })
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: highestPreKeyId - 30, max: highestPreKeyId }),
        fc.array(step, { maxLength: 12 }),
        async (start, steps) => {
          const keys = makeMemoryKeyStore()
          let creds = { ...initialCreds, nextPreKeyId: start, firstUnuploadedPreKeyId: start }
          const known = new Map<string, string>()
          for (const { count, saved, confirmed } of steps) {
            const { preKeys, stored, uploaded } = await preparePreKeys({ creds, keys }, count)
            expect(Object.keys(preKeys)).toHaveLength(count)
            for (const [id, key] of Object.entries(preKeys)) {
              const text = Buffer.from(key.public).toString('hex')
              expect(known.get(id) ?? text).toBe(text)
              known.set(id, text)
              expect(Number(id)).toBeGreaterThanOrEqual(1)
              expect(Number(id)).toBeLessThanOrEqual(highestPreKeyId)
            }
            if (saved) creds = { ...creds, ...stored, ...(confirmed ? uploaded : {}) }
          }
        },
      ),
      { numRuns: 60 },
    )
  })

  it('have the bookkeeping of Baileys in its functions', async () => {
    const creds = { ...initAuthCreds(), nextPreKeyId: 10, firstUnuploadedPreKeyId: 8 }
    const range = generateOrGetPreKeys(creds, 5)
    expect(Object.keys(range.newPreKeys)).toEqual(['10', '11', '12'])
    expect(range).toMatchObject({ lastPreKeyId: 12, preKeysRange: [8, 5] })
    expect(generateOrGetPreKeys(creds, 1)).toEqual({ newPreKeys: {}, lastPreKeyId: 8, preKeysRange: [8, 1] })
    const { update } = await getNextPreKeys({ creds, keys: makeMemoryKeyStore() }, 5)
    expect(update).toEqual({ nextPreKeyId: 15, firstUnuploadedPreKeyId: 15 })
  })
})

const initialCreds = initAuthCreds()

describe('the signed prekey', () => {
  it('is rotated with the old one kept, and an interrupted rotation goes on (docs/protocol/01 §8.6)', async () => {
    const keys = makeMemoryKeyStore()
    const creds = initAuthCreds()
    const next = await prepareSignedPreKeyRotation({ creds, keys }, 1_700_000_000)
    expect(next).toMatchObject({ keyId: 2, timestampS: 1_700_000_000 })
    expect(xeddsaVerify(creds.signedIdentityKey.public, typedPublicKey(next.keyPair.public), next.signature)).toBe(true)
    expect(await keys.get('signed-pre-key', ['1', '2'])).toEqual({ 1: creds.signedPreKey, 2: next })
    expect(await prepareSignedPreKeyRotation({ creds, keys }, 1_800_000_000)).toEqual(next)
    const third = await prepareSignedPreKeyRotation({ creds: { ...creds, signedPreKey: next }, keys })
    expect(third.keyId).toBe(3)
    expect(await keys.get('signed-pre-key', ['1', '2', '3'])).toEqual({ 1: creds.signedPreKey, 2: next, 3: third })
  })

  it('has id 1 again after the highest one', async () => {
    const creds = initAuthCreds()
    const last = { ...creds, signedPreKey: { ...creds.signedPreKey, keyId: highestPreKeyId } }
    expect((await prepareSignedPreKeyRotation({ creds: last, keys: makeMemoryKeyStore() })).keyId).toBe(1)
  })
})

describe('keys for one device alone', () => {
  it('are durable, and never among those that are uploaded, also while an upload is under way', async () => {
    const creds = initAuthCreds()
    const keys = makeMemoryKeyStore()
    const upload = await preparePreKeys({ creds, keys }, 20)
    const offers = await Promise.all(Array.from({ length: 50 }, () => makePrivateOffer(keys)))
    expect(new Set(offers.map(({ id }) => id)).size).toBe(50)
    for (const { id, pair } of offers) {
      expect(id).toBeLessThanOrEqual(highestPreKeyId)
      expect((await keys.get('pre-key', [String(id)]))[id]).toEqual(pair)
    }
    const later = await preparePreKeys({ creds: { ...creds, ...upload.stored, ...upload.uploaded }, keys }, 20)
    const uploaded = [...Object.keys(upload.preKeys), ...Object.keys(later.preKeys)]
    expect(offers.filter(({ id }) => uploaded.includes(String(id)))).toEqual([])
  })
})
