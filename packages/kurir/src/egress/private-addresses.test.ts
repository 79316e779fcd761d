import { describe, expect, it } from 'vitest'
import { isPrivateAddress, publicLookup, refusePrivateHost } from './private-addresses.js'

describe('private addresses', () => {
  it.each([
    '0.0.0.0',
    '10.1.2.3',
    '100.64.0.1',
    '127.0.0.1',
    '127.255.0.1',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '198.18.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::ffff:127.0.0.1',
    '::ffff:8.8.8.8',
    '64:ff9b::7f00:1',
    'fc00::1',
    'fd12:3456::1',
    'fe80::1',
    'ff02::1',
    '2001:db8::1',
    '2002:7f00:1::',
    'localhost',
  ])('%s is one', address => {
    expect(isPrivateAddress(address)).toBe(true)
  })

  it.each(['8.8.8.8', '172.32.0.1', '100.128.0.1', '2a03:2880:f12f::1', '2606:4700::1111'])('%s is none', address => {
    expect(isPrivateAddress(address)).toBe(false)
  })

  it.each([
    'http://127.0.0.1/',
    'http://2130706433/',
    'http://0x7f.1/',
    'http://017700000001/',
    'http://[::1]/',
    'http://[::ffff:10.0.0.1]/',
  ])('are recognised however they are written: %s', url => {
    expect(() => refusePrivateHost(new URL(url))).toThrow(expect.objectContaining({ code: 'private-address-refused' }))
  })

  it('are not what a name may mean', async () => {
    for (const all of [true, false]) {
      const error = await new Promise(resolve => publicLookup('localhost', { all }, resolve))
      expect(error).toMatchObject({ code: 'private-address-refused', output: { statusCode: 403 } })
    }
  })
})
