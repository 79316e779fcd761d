import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { buildIntro, IntroReader, parseIntro } from './intro.js'

const code = (value: string) => expect.objectContaining({ code: value })
const hex = (text: string) => Buffer.from(text, 'hex')

describe('buildIntro', () => {
  it('is WA 06 03, after ED 00 01 and the routing info where there is any (docs/protocol/01 §1.3)', () => {
    expect(buildIntro().toString('hex')).toBe('57410603')
    expect(buildIntro(Buffer.alloc(0)).toString('hex')).toBe('57410603')
    expect(buildIntro(hex('08021005')).toString('hex')).toBe('4544000100000408021005' + '57410603')
  })

  it('does not hand out the constant itself', () => {
    buildIntro().fill(0)
    expect(buildIntro().toString('hex')).toBe('57410603')
  })

  it('refuses more than 1024 bytes of routing info', () => {
    expect(buildIntro(Buffer.alloc(1024)).byteLength).toBe(1035)
    expect(() => buildIntro(Buffer.alloc(1025))).toThrowError(code('noise-routing-info-too-large'))
  })
})

describe('parseIntro', () => {
  const routed = buildIntro(Buffer.from('somewhere'))

  it('waits for the last byte', () => {
    for (const intro of [routed, buildIntro()]) {
      for (let length = 0; length < intro.byteLength; length += 1) {
        expect(parseIntro(intro.subarray(0, length))).toBeUndefined()
      }
    }
    expect(parseIntro(Buffer.concat([routed, Buffer.alloc(9)]))).toEqual({
      routingInfo: Buffer.from('somewhere'),
      length: routed.byteLength,
    })
    expect(parseIntro(buildIntro())).toEqual({ routingInfo: undefined, length: 4 })
    expect(parseIntro(hex('4544000100000057410603'))).toEqual({ routingInfo: undefined, length: 11 })
  })

  it('refuses anything else at the first wrong byte', () => {
    for (const bytes of ['00', '58', '5742', '574107', '57410602', '4545', '454401', '45440002', '474554202f']) {
      expect(() => parseIntro(hex(bytes)), bytes).toThrowError(code('noise-intro-invalid'))
    }
    expect(() => parseIntro(hex('45440001000001aa5741060f'))).toThrowError(code('noise-intro-invalid'))
    expect(() => parseIntro(hex('45440001000401'))).toThrowError(code('noise-routing-info-too-large'))
  })
})

describe('IntroReader', () => {
  it('finds the intro and what follows it in any pieces', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 40 }),
        fc.uint8Array({ maxLength: 20 }),
        fc.integer({ min: 1, max: 9 }),
        (routingInfo, after, size) => {
          const stream = Buffer.concat([buildIntro(routingInfo), after])
          const reader = new IntroReader()
          for (let offset = 0; offset < stream.byteLength; offset += size) {
            const found = reader.push(stream.subarray(offset, offset + size))
            if (found === undefined) continue
            expect(found.routingInfo).toEqual(routingInfo.byteLength === 0 ? undefined : Buffer.from(routingInfo))
            expect(Buffer.concat([found.rest, stream.subarray(offset + size)])).toEqual(Buffer.from(after))
            return
          }
          expect.unreachable()
        },
      ),
    )
  })
})
