import { describe, expect, it } from 'vitest'
import { hmacSha256, hmacSha512, md5, sha1, sha256, sha512 } from './digest.js'

const abc = Buffer.from('abc')

describe('digests', () => {
  it('of "abc" are the published ones', () => {
    expect(md5(abc).toString('hex')).toBe('900150983cd24fb0d6963f7d28e17f72')
    expect(sha1(abc).toString('hex')).toBe('a9993e364706816aba3e25717850c26c9cd0d89d')
    expect(sha256(abc).toString('hex')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
    expect(sha512(abc).subarray(0, 8).toString('hex')).toBe('ddaf35a193617aba')
  })

  it('md5 of a version is its build hash (docs/protocol/01 §3.1)', () => {
    expect(md5('2.3000.1043857760').toString('hex')).toBe('f6f65c0607a1cdffd8752b051fc95edf')
  })

  it('of parts are those of the parts joined', () => {
    const parts = [Buffer.of(1), Buffer.alloc(0), Buffer.of(2, 3)]
    const joined = Buffer.of(1, 2, 3)
    expect(sha512(...parts)).toEqual(sha512(joined))
    expect(hmacSha256(abc, ...parts)).toEqual(hmacSha256(abc, joined))
    expect(hmacSha512(abc, ...parts)).toEqual(hmacSha512(abc, joined))
  })

  it('HMAC-SHA256 is that of RFC 4231, case 2', () => {
    expect(hmacSha256(Buffer.from('Jefe'), Buffer.from('what do ya want for nothing?')).toString('hex')).toBe(
      '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    )
  })
})
