import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { chooseKey, expandAppStateKey, parseKeyId } from './sync-keys.js'
import { hex, plain, readFixture } from './testing/vectors.js'

const { cases } = readFixture<{ cases: ({ id: string; keyData: string } & Record<string, string>)[] }>(
  'vectors/04-key-expansion.json',
)

const keyId = (deviceId: number, epoch: number) => {
  const bytes = Buffer.alloc(6)
  bytes.writeUInt16BE(deviceId)
  bytes.writeUInt32BE(epoch, 2)
  return bytes.toString('base64')
}

describe('app-state keys (docs/protocol/04, 1.8 and 1.9)', () => {
  it.each(cases)('expand: $id', ({ id: _, keyData, ...expected }) => {
    expect(plain(expandAppStateKey(hex(keyData)))).toEqual(expected)
  })

  it('are named by device and epoch', () => {
    fc.assert(
      fc.property(fc.nat(0xffff), fc.nat(0xffffffff), (deviceId, epoch) => {
        expect(parseKeyId(Buffer.from(keyId(deviceId, epoch), 'base64'))).toEqual({ deviceId, epoch })
      }),
    )
    expect(parseKeyId(hex('0001020304'))).toBeUndefined()
    expect(parseKeyId(hex('00010203040506'))).toBeUndefined()
  })

  it('are chosen by epoch, then by device, in any order; ids of other lengths never', () => {
    const best = keyId(1, 0x80000001)
    const others = [keyId(0, 5), keyId(2, 0x80000001), keyId(0, 0x80000000), Buffer.alloc(8, 255).toString('base64')]
    expect(chooseKey([...others, best])).toBe(best)
    expect(chooseKey([best, ...others.toReversed()])).toBe(best)
    expect(chooseKey(others.slice(3))).toBeUndefined()
    expect(chooseKey([])).toBeUndefined()
  })
})
