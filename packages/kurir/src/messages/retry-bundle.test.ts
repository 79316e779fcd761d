import { extractE2ESessionFromRetryReceipt as baileysExtract } from 'baileys'
import { describe, expect, it } from 'vitest'
import type { BinaryNode } from '../binary/node.js'
import { randomBytes } from '../crypto/random.js'
import { extractE2ESessionFromRetryReceipt } from './retry-bundle.js'
import { buildRetryReceipt } from './retry-receipt.js'

const stanza: BinaryNode = { tag: 'message', attrs: { id: 'M1', from: '1:2@s.whatsapp.net', t: '1700000000' } }
const keys = {
  identity: randomBytes(32),
  preKey: { id: 0x010203, public: randomBytes(32) },
  signedPreKey: { id: 7, public: randomBytes(32), signature: randomBytes(64) },
  deviceIdentity: randomBytes(40),
}
const receipt = (parts: Partial<typeof keys> = {}): BinaryNode =>
  buildRetryReceipt({ stanza, count: 2, registrationId: 12_345, keys: { ...keys, ...parts } })

/** The receipt with the content of one element replaced; the path names elements from the outside in. */
function tampered(path: string, content: Uint8Array | undefined): BinaryNode {
  const copy = structuredClone(receipt())
  const [last = '', ...outer] = path.split('/').reverse()
  let node = copy
  for (const tag of outer.reverse()) node = (node.content as BinaryNode[]).find(child => child.tag === tag)!
  const children = node.content as BinaryNode[]
  const index = children.findIndex(child => child.tag === last)
  if (content === undefined) children.splice(index, 1)
  else children[index]!.content = content
  return copy
}

const plain = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (_, item) => (item?.type === 'Buffer' ? Buffer.from(item.data).toString('hex') : item)),
  )

describe('extractE2ESessionFromRetryReceipt', () => {
  it('gives the bundle with typed keys, as Baileys does', () => {
    const session = extractE2ESessionFromRetryReceipt(receipt())
    expect(session).toMatchObject({ registrationId: 12_345, signedPreKey: { keyId: 7 }, preKey: { keyId: 0x010203 } })
    expect(session?.identityKey[0]).toBe(5)
    expect(plain(session)).toEqual(plain(baileysExtract(receipt())))
  })

  it('does without a one-time prekey', () => {
    const withoutPreKey = tampered('keys/key', undefined)
    const session = extractE2ESessionFromRetryReceipt(withoutPreKey)
    expect(session).not.toBeNull()
    expect(session?.preKey).toBeUndefined()
    expect(plain(session)).toEqual(plain(baileysExtract(withoutPreKey)))
  })

  it('gives null for a receipt without keys', () => {
    expect(extractE2ESessionFromRetryReceipt(buildRetryReceipt({ stanza, count: 1, registrationId: 1 }))).toBeNull()
    expect(extractE2ESessionFromRetryReceipt({ tag: 'receipt', attrs: {} })).toBeNull()
  })

  it.each([
    ['registration', undefined],
    ['registration', randomBytes(3)],
    ['keys/type', Buffer.from([4])],
    ['keys/identity', undefined],
    ['keys/identity', randomBytes(31)],
    ['keys/skey', undefined],
    ['keys/skey/id', randomBytes(4)],
    ['keys/skey/value', randomBytes(33)],
    ['keys/skey/signature', randomBytes(63)],
    ['keys/key/id', undefined],
    ['keys/key/value', randomBytes(5)],
  ])('gives null when %s is damaged', (path, content) => {
    expect(extractE2ESessionFromRetryReceipt(tampered(path, content))).toBeNull()
  })
})
