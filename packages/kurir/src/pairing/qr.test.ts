import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { thrown } from '../auth/testing/expect-error.js'
import { readVectors } from '../binary/testing/vectors.js'
import { KurirError } from '../errors/kurir-error.js'
import type { WABrowserDescription } from './browsers.js'
import { buildPairingQRData, parsePairingQR } from './qr.js'

interface QrVectors {
  keys: { noise: { public: string }; identity: { public: string }; advSecret: string }
  qrStrings: { browser: [string, string]; qr: string }[]
}
const vectors = readVectors<QrVectors>('01-pairing-qr')
const noise = Buffer.from(vectors.keys.noise.public, 'hex')
const identity = Buffer.from(vectors.keys.identity.public, 'hex')
const { advSecret } = vectors.keys
const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64')
const ref = '2@ref-1-AbCdEf0123456789'

describe('QR text', () => {
  for (const { browser, qr } of vectors.qrStrings) {
    it(`${browser.join(' / ')}: is built and read`, () => {
      const description: WABrowserDescription = [...browser, '']
      expect(buildPairingQRData(ref, base64(noise), base64(identity), advSecret, description)).toBe(qr)
      const scanned = parsePairingQR(qr)
      expect(scanned).toEqual({
        ref,
        noiseKey: noise,
        identityKey: identity,
        advSecret: Buffer.from(advSecret, 'base64'),
        platformId: qr.slice(qr.lastIndexOf(',') + 1),
      })
      expect(parsePairingQR(qr.slice(qr.indexOf('#') + 1))).toEqual(scanned)
    })
  }

  it('is read without a platform, as old clients write it, and with commas and # in the reference', () => {
    const keys = [base64(noise), base64(identity), advSecret].join(',')
    expect(parsePairingQR(`${ref},${keys}`)).toMatchObject({ ref, platformId: undefined })
    expect(parsePairingQR(`a,b#c,${keys},1`)).toMatchObject({ ref: 'a,b#c', platformId: '1', noiseKey: noise })
  })

  it('is refused when it is something else', () => {
    const keys = [base64(noise), base64(identity), advSecret]
    for (const text of [
      '',
      'hello',
      keys.join(','),
      `,${keys.join(',')}`,
      `r,${keys.slice(1).join(',')},1`,
      'x'.repeat(5000),
    ]) {
      thrown(() => parsePairingQR(text), 'invalid-qr')
    }
    thrown(() => parsePairingQR(`r,${keys[0]},${keys[1]}!,${keys[2]},1`), 'invalid-qr')
  })

  it('gives only typed errors', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 300 }), text => {
        try {
          parsePairingQR(text)
        } catch (error) {
          expect(KurirError.is(error)).toBe(true)
        }
      }),
      { numRuns: 1000 },
    )
  })
})
