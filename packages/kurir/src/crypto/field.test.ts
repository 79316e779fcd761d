import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  clampScalar,
  edwardsFromMontgomery,
  fieldPrime,
  integerToLittleEndian,
  invert,
  littleEndianToInteger,
  modulo,
} from './field.js'

interface SignatureCase {
  readonly id: string
  readonly private: string
  readonly public: string
  readonly signBit: number
  readonly edwardsPublic: string
}

const file = new URL('../../../../tests/fixtures/vectors/02-xeddsa.json', import.meta.url)
const { cases }: { cases: SignatureCase[] } = JSON.parse(readFileSync(file, 'utf8'))
const hex = (text: string): Buffer => Buffer.from(text, 'hex')

describe('the mapping of keys (docs/protocol/02 §1.3)', () => {
  it.each(cases)('$id: the key that native Ed25519 verifies with', ({ public: publicKey, signBit, edwardsPublic }) => {
    const mapped = Buffer.from(edwardsFromMontgomery(hex(publicKey)) ?? [])
    mapped.writeUInt8(mapped.readUInt8(31) | (signBit === 0 ? 0 : 0x80), 31)
    expect(mapped.toString('hex')).toBe(edwardsPublic)
  })

  it('has no image for u = -1, and ignores the top bit of u', () => {
    expect(edwardsFromMontgomery(integerToLittleEndian(fieldPrime - 1n))).toBeUndefined()
    const [first] = cases
    const key = hex(first?.public ?? '')
    const marked = Buffer.from(key)
    marked.writeUInt8(marked.readUInt8(31) | 0x80, 31)
    expect(edwardsFromMontgomery(marked)).toEqual(edwardsFromMontgomery(key))
  })
})

describe('field arithmetic', () => {
  const element = fc.bigInt({ min: 1n, max: fieldPrime - 1n })

  it('inverts', () => {
    fc.assert(fc.property(element, value => modulo(value * invert(value, fieldPrime), fieldPrime) === 1n))
  })

  it('reads and writes 32 bytes, least significant first', () => {
    fc.assert(fc.property(element, value => littleEndianToInteger(integerToLittleEndian(value)) === value))
    expect(integerToLittleEndian(1n)[0]).toBe(1)
  })

  it('is never negative', () => {
    expect([modulo(-1n, 7n), modulo(-14n, 7n), modulo(8n, 7n)]).toEqual([6n, 0n, 1n])
  })

  it('clamps a copy of a scalar', () => {
    const scalar = Buffer.alloc(32, 0xff)
    const clamped = clampScalar(scalar)
    expect([clamped[0], clamped[31], scalar[0]]).toEqual([0xf8, 0x7f, 0xff])
    expect(clampScalar(Buffer.alloc(32))[31]).toBe(0x40)
  })
})
