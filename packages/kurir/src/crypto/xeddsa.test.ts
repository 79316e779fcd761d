import { createPublicKey, verify as nativeVerify } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { ed25519, x25519 as nobleX25519 } from '@noble/curves/ed25519.js'
import fc from 'fast-check'
import { verifySignature } from 'libsignal/src/curve.js'
import { describe, expect, it } from 'vitest'
import { generateKeyPair, keyPairFromPrivate, typedPublicKey } from './curve.js'
import { sha512 } from './digest.js'
import {
  clampScalar,
  fieldPrime,
  groupOrder,
  integerToLittleEndian,
  invert,
  littleEndianToInteger,
  modulo,
} from './field.js'
import { generateSigningKeyPair, signingKeyPairFromSeed, signWithSeed } from './signing-key.js'
import { xeddsaSign, xeddsaVerify } from './xeddsa.js'

interface SignatureCase {
  readonly id: string
  readonly private: string
  readonly public: string
  readonly message: string
  readonly random: string
  readonly signature: string
  readonly deterministic: string
}
interface RefusedCase {
  readonly id: string
  readonly public: string
  readonly message: string
  readonly signature: string
  readonly expect: boolean
  readonly why: string
}

const hex = (text: string) => Buffer.from(text, 'hex')
const vectorFile = new URL('../../../../tests/fixtures/vectors/02-xeddsa.json', import.meta.url)
const vectors: { cases: SignatureCase[]; negatives: RefusedCase[] } = JSON.parse(readFileSync(vectorFile, 'utf8'))

/** libsignal's verifier: pure JavaScript that shares nothing with ours. */
const verifiesElsewhere = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) =>
  Boolean(verifySignature(Buffer.from(typedPublicKey(publicKey)), Buffer.from(message), Buffer.from(signature)))

describe('02-xeddsa.json', () => {
  for (const vector of vectors.cases) {
    const [privateKey, publicKey, message] = [hex(vector.private), hex(vector.public), hex(vector.message)]

    it(`signs ${vector.id} byte for byte with the given randomness`, () => {
      expect(xeddsaSign(privateKey, message, hex(vector.random)).toString('hex')).toBe(vector.signature)
    })

    it(`verifies ${vector.id}, its deterministic variant and fresh signatures`, () => {
      expect(xeddsaVerify(publicKey, message, hex(vector.signature))).toBe(true)
      expect(xeddsaVerify(typedPublicKey(publicKey), message, hex(vector.deterministic))).toBe(true)
      const fresh = xeddsaSign(privateKey, message)
      expect(xeddsaVerify(publicKey, message, fresh)).toBe(true)
      expect(verifiesElsewhere(publicKey, message, fresh)).toBe(true)
    })
  }

  for (const vector of vectors.negatives) {
    it(`refuses ${vector.id}: ${vector.why}`, () => {
      expect(vector.expect).toBe(false)
      expect(xeddsaVerify(hex(vector.public), hex(vector.message), hex(vector.signature))).toBe(false)
    })
  }
})

describe('xeddsaSign', () => {
  it('makes signatures that an independent verifier accepts, for keys of both signs', () => {
    const signs = new Set<number>()
    for (let index = 0; index < 24; index += 1) {
      const pair = generateKeyPair()
      const message = Buffer.alloc(index * 7, index)
      const signature = xeddsaSign(pair.private, message)
      signs.add(signature.readUInt8(63) & 0x80)
      expect(signature.byteLength).toBe(64)
      expect(xeddsaVerify(pair.public, message, signature)).toBe(true)
      if (index < 8) expect(verifiesElsewhere(pair.public, message, signature)).toBe(true)
    }
    expect(signs).toEqual(new Set([0, 0x80]))
  })

  it('puts the sign of the Edwards point that the reference arithmetic computes into the top bit', () => {
    for (let index = 0; index < 10; index += 1) {
      const { private: privateKey } = generateKeyPair()
      const scalar = littleEndianToInteger(clampScalar(privateKey)) % groupOrder
      const point = ed25519.Point.BASE.multiply(scalar).toBytes()
      expect(xeddsaSign(privateKey, Buffer.of(1)).readUInt8(63) & 0x80).toBe((point[31] ?? 0) & 0x80)
    }
  })

  it('agrees with the textbook computed with reference arithmetic for any key, message and randomness', () => {
    const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
    fc.assert(
      fc.property(bytes(32), fc.uint8Array({ maxLength: 100 }), bytes(64), (privateKey, message, random) => {
        const a = clampScalar(privateKey)
        const A = ed25519.Point.BASE.multiply(littleEndianToInteger(a) % groupOrder).toBytes()
        const prefix = Buffer.concat([Buffer.of(0xfe), Buffer.alloc(31, 0xff)])
        const r = littleEndianToInteger(sha512(prefix, a, message, random)) % groupOrder
        const R = ed25519.Point.BASE.multiply(r).toBytes()
        const h = littleEndianToInteger(sha512(R, A, message))
        const s = (r + h * littleEndianToInteger(a)) % groupOrder
        const tail = Buffer.from(s.toString(16).padStart(64, '0'), 'hex').reverse()
        tail[31] = tail[31]! | (A[31]! & 0x80)
        expect(xeddsaSign(privateKey, message, random)).toEqual(Buffer.concat([R, tail]))
      }),
      { numRuns: 40 },
    )
  })

  it('draws nonces evenly from the whole group, none twice', () => {
    const { private: privateKey } = generateKeyPair()
    const message = Buffer.from('one message')
    const a = littleEndianToInteger(clampScalar(privateKey))
    const A = Buffer.from(ed25519.Point.BASE.multiply(a % groupOrder).toBytes())
    const eighth = invert(8n, groupOrder)
    const count = 3000
    const nonces = new Set<bigint>()
    /** How often r/8 falls into each eighth of the group, and r itself. A clamped nonce would fill one half only. */
    const ofEighth = new Array<number>(8).fill(0)
    const ofNonce = new Array<number>(8).fill(0)
    for (let index = 0; index < count; index += 1) {
      const signature = xeddsaSign(privateKey, message)
      const h = littleEndianToInteger(sha512(signature.subarray(0, 32), A, message))
      const s = littleEndianToInteger(signature.subarray(32)) & (2n ** 255n - 1n)
      const r = modulo(s - h * a, groupOrder)
      nonces.add(r)
      const slot = Number(((((r * eighth) % groupOrder) * 8n) / groupOrder) & 7n)
      ofEighth[slot] = ofEighth[slot]! + 1
      const nonceSlot = Number(((r * 8n) / groupOrder) & 7n)
      ofNonce[nonceSlot] = ofNonce[nonceSlot]! + 1
      if (index < 5) {
        expect(Buffer.from(ed25519.Point.BASE.multiply(r).toBytes())).toEqual(signature.subarray(0, 32))
      }
    }
    expect(nonces.size).toBe(count)
    // Expected 375 in each slot, standard deviation 18: seven of them apart is less likely than 1 in 10^11.
    for (const observed of [...ofEighth, ...ofNonce]) expect(Math.abs(observed - count / 8)).toBeLessThan(127)
  })

  it('notices that the array of a private key has been overwritten', () => {
    const [first, second] = [generateKeyPair(), generateKeyPair()]
    const scratch = Buffer.from(first.private)
    const message = Buffer.from('x')
    expect(xeddsaVerify(first.public, message, xeddsaSign(scratch, message))).toBe(true)
    scratch.set(second.private)
    expect(xeddsaVerify(second.public, message, xeddsaSign(scratch, message))).toBe(true)
  })

  it('signs with a pair like with its private key', () => {
    const pair = generateKeyPair()
    const [message, random] = [Buffer.from('pair'), Buffer.alloc(64, 3)]
    expect(xeddsaSign(pair, message, random)).toEqual(xeddsaSign(pair.private, message, random))
    expect(xeddsaVerify(pair.public, message, xeddsaSign(pair, message))).toBe(true)
  })

  it('refuses a private key of another length and does not repeat it', () => {
    expect(() => xeddsaSign(Buffer.alloc(31, 0xab), Buffer.of(1))).toThrowError(
      expect.objectContaining({ code: 'invalid-private-key', data: { length: 31 } }),
    )
  })
})

describe('xeddsaVerify', () => {
  const pair = generateKeyPair()
  const message = Buffer.from('message')
  const signature = xeddsaSign(pair.private, message)

  it('refuses every change of a bit in signature and message', () => {
    for (let bit = 0; bit < 512; bit += 7) {
      const changed = Buffer.from(signature)
      changed[bit >> 3] = changed[bit >> 3]! ^ (1 << (bit & 7))
      expect(xeddsaVerify(pair.public, message, changed)).toBe(false)
    }
    expect(xeddsaVerify(pair.public, Buffer.from('massage'), signature)).toBe(false)
    expect(xeddsaVerify(generateKeyPair().public, message, signature)).toBe(false)
  })

  it('refuses wrong lengths of the signature', () => {
    expect(xeddsaVerify(pair.public, message, signature.subarray(0, 63))).toBe(false)
    expect(xeddsaVerify(pair.public, message, Buffer.concat([signature, Buffer.of(0)]))).toBe(false)
    expect(xeddsaVerify(pair.public, message, Buffer.alloc(0))).toBe(false)
  })

  /**
   * Under a point A of small order s·B = R + h·A holds for R = s·B whenever h is a multiple of that order, so that
   * trying messages forges a signature.
   */
  const forge = (encodedPoint: Buffer) => {
    const R = ed25519.Point.BASE.multiply(7n).toBytes()
    for (let attempt = 0; ; attempt += 1) {
      const text = Buffer.from(`forged ${attempt}`)
      const h = littleEndianToInteger(sha512(R, encodedPoint, text)) % groupOrder
      if (h % 8n === 0n) return { text, forged: Buffer.concat([R, Buffer.of(7), Buffer.alloc(31)]) }
    }
  }
  const smallOrder = {
    'u = p − 1': 'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    'u = p − 1 with the top bit': 'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
    'u = 0': '0000000000000000000000000000000000000000000000000000000000000000',
    'u = p': 'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    'u = 1': '0100000000000000000000000000000000000000000000000000000000000000',
    'a u of order 8': 'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
    'the other u of order 8': '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
  }
  for (const [name, key] of Object.entries(smallOrder)) {
    it(`refuses ${name}, for which signatures can be forged (docs/protocol/02 §1.3)`, () => {
      const u = (littleEndianToInteger(hex(key)) & (2n ** 255n - 1n)) % fieldPrime
      const y = modulo((u - 1n) * invert(u + 1n, fieldPrime), fieldPrime)
      const point = integerToLittleEndian(y)
      const { text, forged } = forge(point)
      const x = point.toString('base64url')
      const native = createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', x } })
      expect(nativeVerify(null, text, native, forged), 'the forgery works natively').toBe(true)
      expect(xeddsaVerify(hex(key), text, forged)).toBe(false)
    })
  }

  it('masks the top bit of a public key as X25519 does (docs/protocol/02 §1.1)', () => {
    const highBit = Buffer.from(pair.public)
    highBit[31] = highBit[31]! | 0x80
    expect(xeddsaVerify(highBit, message, signature)).toBe(true)
  })

  it('throws a typed error for a key of the wrong form', () => {
    for (const key of [Buffer.alloc(31), Buffer.concat([Buffer.of(6), pair.public]), Buffer.alloc(0)]) {
      expect(() => xeddsaVerify(key, message, signature)).toThrowError(
        expect.objectContaining({ code: 'invalid-public-key' }),
      )
    }
  })

  it('stays right when more keys are in use than it remembers', () => {
    const first = generateKeyPair()
    const kept = xeddsaSign(first.private, message)
    for (let index = 0; index < 1100; index += 1) {
      const key = Buffer.alloc(32)
      key.writeUInt32LE(index + 9, 0)
      xeddsaVerify(key, message, kept)
    }
    expect(xeddsaVerify(first.public, message, kept)).toBe(true)
    expect(xeddsaVerify(pair.public, message, kept)).toBe(false)
  })

  it('never throws on arbitrary signatures', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), candidate => {
        expect(xeddsaVerify(pair.public, message, candidate)).toBe(false)
      }),
    )
  })
})

describe('signing keys from a seed', () => {
  it('are Curve25519 pairs whose native signatures verify here and elsewhere, for both signs', () => {
    const signs = new Set<number>()
    for (let index = 0; index < 24; index += 1) {
      const pair = generateSigningKeyPair()
      const message = Buffer.alloc(index, 5)
      const signature = signWithSeed(pair.seed, message)
      signs.add(signature.readUInt8(63) & 0x80)
      expect(Buffer.from(nobleX25519.getPublicKey(pair.private))).toEqual(pair.public)
      expect(xeddsaVerify(pair.public, message, signature)).toBe(true)
      if (index < 6) expect(verifiesElsewhere(pair.public, message, signature)).toBe(true)
    }
    expect(signs).toEqual(new Set([0, 0x80]))
  })

  it('sign natively through xeddsaSign, and still sign when the seed is lost', () => {
    const pair = generateSigningKeyPair()
    const message = Buffer.from('both ways')
    expect(xeddsaSign(pair, message)).toEqual(signWithSeed(pair.seed, message))
    const withoutSeed = keyPairFromPrivate(pair.private)
    expect(withoutSeed.public).toEqual(pair.public)
    expect(xeddsaVerify(pair.public, message, xeddsaSign(withoutSeed.private, message))).toBe(true)
  })

  it('come back from their seed', () => {
    const pair = generateSigningKeyPair()
    expect(signingKeyPairFromSeed(pair.seed)).toEqual(pair)
    expect(() => signingKeyPairFromSeed(Buffer.alloc(33))).toThrowError(
      expect.objectContaining({ code: 'invalid-private-key' }),
    )
  })
})
