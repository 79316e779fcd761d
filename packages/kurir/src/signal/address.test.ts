import { describe, expect, it } from 'vitest'
import {
  jidToSignalAddress,
  lidAddress,
  phoneNumberAddress,
  senderKeyName,
  signalAddress,
  signalUser,
  withDevice,
} from './address.js'
import { readVectors } from './testing/vectors.js'

interface AddressVectors {
  readonly cases: readonly {
    readonly jid: string
    readonly user: string
    readonly device: number
    readonly domainType: number
    readonly address: string
  }[]
  readonly invalid: readonly { readonly jid: string }[]
  readonly senderKeys: readonly { readonly group: string; readonly sender: string; readonly id: string }[]
}

const vectors = readVectors<AddressVectors>('02-address.json')

describe('address vectors', () => {
  it.each(vectors.cases)('$jid is $address', ({ jid, user, device, domainType, address }) => {
    expect(jidToSignalAddress(jid)).toBe(address)
    expect(signalAddress(jid)).toMatchObject({ user, device, domain: domainType })
  })

  it.each(vectors.invalid)('$jid has no address', ({ jid }) => {
    expect(() => signalAddress(jid)).toThrow(expect.objectContaining({ code: 'invalid-signal-address' }))
  })

  it.each(vectors.senderKeys)('sender key of $sender in $group', ({ group, sender, id }) => {
    expect(senderKeyName(group, signalAddress(sender))).toBe(id)
  })
})

describe('addresses', () => {
  it.each(['', 'nobody', '@s.whatsapp.net', '1:x@s.whatsapp.net', '1:-1@lid', '1:256@lid', '1:1.5@lid'])(
    'refuses %j',
    jid => {
      expect(() => signalAddress(jid)).toThrow(expect.objectContaining({ code: 'invalid-signal-address' }))
    },
  )

  it('carries the device between a phone number and a LID, hosted devices too', () => {
    const phone = signalAddress('491500000001:12@s.whatsapp.net')
    expect(lidAddress(phone, '77').text).toBe('77_1.12')
    expect(phoneNumberAddress(lidAddress(phone, '77'), '491500000001')).toEqual(phone)
    const hosted = signalAddress('491500000001:99@hosted')
    expect(lidAddress(hosted, '77').text).toBe('77_129.99')
    expect(phoneNumberAddress(lidAddress(hosted, '77'), '491500000001')).toEqual(hosted)
  })

  it('names other devices of the user in the server that they live on', () => {
    expect(withDevice(signalAddress('1@s.whatsapp.net'), 3).text).toBe('1.3')
    expect(withDevice(signalAddress('1@s.whatsapp.net'), 99).text).toBe('1_128.99')
    expect(withDevice(signalAddress('1:99@hosted'), 0).text).toBe('1.0')
    expect(withDevice(signalAddress('7@lid'), 99).text).toBe('7_129.99')
    expect(withDevice(signalAddress('7:99@hosted.lid'), 2).text).toBe('7_1.2')
  })

  it('knows which users are phone numbers', () => {
    expect(signalAddress('1@s.whatsapp.net').isPhoneNumber).toBe(true)
    expect(signalAddress('1@c.us').isPhoneNumber).toBe(true)
    expect(signalAddress('1:99@hosted').isPhoneNumber).toBe(true)
    expect(signalAddress('1@lid').isPhoneNumber).toBe(false)
    expect(signalAddress('867051314767696@bot').isPhoneNumber).toBe(false)
    expect(signalUser(signalAddress('1:4@lid'))).toBe('1_1')
  })
})
