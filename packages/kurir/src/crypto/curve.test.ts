import { x25519 as nobleX25519 } from '@noble/curves/ed25519.js'
import { calculateAgreement } from 'libsignal/src/curve.js'
import { describe, expect, it } from 'vitest'
import {
  generateKeyPair,
  keyPairFromPrivate,
  rawPublicKey,
  typedPublicKey,
  x25519,
  x25519WithPrivate,
} from './curve.js'

const invalidPublicKey = expect.objectContaining({ code: 'invalid-public-key' })

/** The u-coordinates of small order, whose agreement is all zero, as listed with RFC 7748 implementations. */
const smallOrder = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
]

describe('key pairs', () => {
  it('have the public key that the reference arithmetic computes', () => {
    for (let index = 0; index < 10; index += 1) {
      const pair = generateKeyPair()
      expect(pair.private.byteLength).toBe(32)
      expect(Buffer.from(nobleX25519.getPublicKey(pair.private))).toEqual(pair.public)
      expect(keyPairFromPrivate(pair.private)).toEqual(pair)
    }
  })

  it('keep their own copy of a given private key', () => {
    const scratch = Buffer.alloc(32, 7)
    const pair = keyPairFromPrivate(scratch)
    scratch.fill(9)
    expect(pair.private).toEqual(Buffer.alloc(32, 7))
    expect(() => keyPairFromPrivate(Buffer.alloc(31))).toThrowError(
      expect.objectContaining({ code: 'invalid-private-key', data: { length: 31 } }),
    )
  })
})

describe('x25519', () => {
  it('agrees with the other side, with libsignal and with reference arithmetic', () => {
    for (let index = 0; index < 10; index += 1) {
      const [left, right] = [generateKeyPair(), generateKeyPair()]
      const shared = x25519(left, right.public)
      expect(x25519(right, left.public)).toEqual(shared)
      expect(x25519({ ...left }, typedPublicKey(right.public))).toEqual(shared)
      expect(x25519WithPrivate(left.private, right.public)).toEqual(shared)
      expect(Buffer.from(nobleX25519.getSharedSecret(left.private, right.public))).toEqual(shared)
      expect(calculateAgreement(Buffer.from(typedPublicKey(left.public)), Buffer.from(right.private))).toEqual(shared)
    }
  })

  it('masks the top bit of the public key (docs/protocol/02 §1.1)', () => {
    const [left, right] = [generateKeyPair(), generateKeyPair()]
    const highBit = Buffer.from(right.public)
    highBit[31] = highBit[31]! | 0x80
    expect(x25519(left, highBit)).toEqual(x25519(left, right.public))
  })

  for (const key of smallOrder) {
    it(`refuses the key of small order ${key.slice(0, 8)}…`, () => {
      expect(() => x25519(generateKeyPair(), Buffer.from(key, 'hex'))).toThrowError(invalidPublicKey)
    })
  }

  it('stays right when more public keys are in use than it remembers', () => {
    const own = generateKeyPair()
    const peers = Array.from({ length: 300 }, generateKeyPair)
    const first = peers.map(peer => x25519(own, peer.public))
    peers.forEach((peer, index) => {
      expect(x25519(peer, own.public)).toEqual(first[index])
    })
  })
})

describe('public key forms', () => {
  const raw = generateKeyPair().public
  const typed = Buffer.concat([Buffer.of(5), raw])

  it('convert both ways and accept both forms (docs/protocol/02 §1.1)', () => {
    expect(typedPublicKey(raw)).toEqual(typed)
    expect(typedPublicKey(typed)).toEqual(typed)
    expect(rawPublicKey(typed)).toEqual(raw)
    expect(rawPublicKey(raw)).toEqual(raw)
  })

  it('refuse every other length and type byte', () => {
    for (const key of [Buffer.alloc(0), raw.subarray(1), Buffer.concat([Buffer.of(4), raw]), Buffer.alloc(34, 5)]) {
      expect(() => rawPublicKey(key)).toThrowError(invalidPublicKey)
      expect(() => typedPublicKey(key)).toThrowError(invalidPublicKey)
      expect(() => x25519(generateKeyPair(), key)).toThrowError(invalidPublicKey)
    }
  })
})
