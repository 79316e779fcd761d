import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { xeddsaSign, xeddsaVerify } from './xeddsa.js'

const hex = (text: string) => Buffer.from(text, 'hex')
const vectors = JSON.parse(
  readFileSync(new URL('../../../../tests/fixtures/vectors/02-xeddsa.json', import.meta.url), 'utf8'),
)

describe('02-xeddsa.json', () => {
  for (const c of vectors.cases) {
    it(`signs and verifies ${c.id}`, () => {
      const signature = xeddsaSign(hex(c.private), hex(c.message), hex(c.random))
      expect(signature.toString('hex')).toBe(c.signature)
      expect(xeddsaVerify(hex(c.public), hex(c.message), signature)).toBe(true)
      expect(xeddsaVerify(hex(c.public), hex(c.message), hex(c.deterministic))).toBe(true)
      for (let i = 0; i < 20; i++) {
        expect(xeddsaVerify(hex(c.public), hex(c.message), xeddsaSign(hex(c.private), hex(c.message)))).toBe(true)
      }
    })
  }
  for (const c of vectors.negatives) {
    it(`refuses ${c.id}: ${c.why}`, () => {
      expect(xeddsaVerify(hex(c.public), hex(c.message), hex(c.signature))).toBe(c.expect)
    })
  }
})
