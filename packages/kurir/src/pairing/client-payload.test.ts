import { describe, expect, it } from 'vitest'
import type { AuthenticationCreds } from '../auth/credentials.js'
import { thrown } from '../auth/testing/expect-error.js'
import { readVectors } from '../binary/testing/vectors.js'
import { md5 } from '../crypto/digest.js'
import { proto } from '../proto/index.js'
import {
  Browsers,
  companionDisplayName,
  getCompanionPlatformId,
  getCompanionWebClientType,
  getPlatformId,
  type WABrowserDescription,
} from './browsers.js'
import {
  type ClientPayloadConfig,
  deviceProps,
  generateLoginNode,
  generateRegistrationNode,
  loginPayload,
} from './client-payload.js'

interface PayloadVectors {
  credentials: {
    registrationId: number
    identityKey: { private: string; public: string }
    signedPreKey: { keyId: number; private: string; public: string; signature: string }
  }
  registration: {
    name: string
    browser: WABrowserDescription
    syncFullHistory: boolean
    countryCode: string
    pushName?: string
    payloadHex: string
    devicePropsHex: string
  }[]
  login: { jid: string; cases: { name: string; payloadHex: string }[] }
  loginWithoutDevice: { jid: string; payloadHex: string }
  buildHash: { version: string; md5: string }[]
  browserMapping: {
    browser: [string, string]
    companionPlatformId: string
    deviceProps: { os: string; platformType: number }
  }[]
}
const vectors = readVectors<PayloadVectors>('01-client-payload')
const bytes = (hex: string) => Buffer.from(hex, 'hex')
const hex = (data: Uint8Array) => Buffer.from(data).toString('hex')

const { identityKey, signedPreKey, registrationId } = vectors.credentials
const creds = {
  registrationId,
  signedIdentityKey: { private: bytes(identityKey.private), public: bytes(identityKey.public) },
  signedPreKey: {
    keyId: signedPreKey.keyId,
    keyPair: { private: bytes(signedPreKey.private), public: bytes(signedPreKey.public) },
    signature: bytes(signedPreKey.signature),
  },
}

function configOf(vector: PayloadVectors['registration'][number]): ClientPayloadConfig {
  const { browser, syncFullHistory, countryCode, pushName } = vector
  return { version: [2, 3000, 1043857760], browser, syncFullHistory, countryCode, pushName }
}

const encoded = (payload: proto.IClientPayload) => hex(proto.ClientPayload.encode(payload).finish())

/** The recorded login payloads say lidDbMigrated = false (c8 02 00). */
function withLidDbMigrated(payloadHex: string): string {
  expect(payloadHex.endsWith('c80200')).toBe(true)
  return `${payloadHex.slice(0, -2)}01`
}

describe('registration payload', () => {
  for (const vector of vectors.registration) {
    it(vector.name, () => {
      const config = configOf(vector)
      expect(hex(proto.DeviceProps.encode(deviceProps(config)).finish())).toBe(vector.devicePropsHex)
      expect(encoded(generateRegistrationNode(creds, config))).toBe(vector.payloadHex)
    })
  }

  for (const { version, md5: hash } of vectors.buildHash) {
    it(`build hash of ${version}`, () => {
      const [first] = vectors.registration
      if (first === undefined) throw new Error('no vector')
      const [, , build = '0'] = version.split('.')
      const config = { ...configOf(first), version: [2, 3000, Number(build)] as const }
      expect(hex(generateRegistrationNode(creds, config).devicePairingData?.buildHash ?? bytes(''))).toBe(hash)
      expect(hex(md5(version))).toBe(hash)
    })
  }
})

describe('login payload (docs/protocol/01 §12: lidDbMigrated is true for a client that stores by LID)', () => {
  for (const { name, payloadHex } of vectors.login.cases) {
    it(name, () => {
      const vector = vectors.registration.find(other => other.name === name)
      if (vector === undefined) throw new Error(`no registration vector ${name}`)
      expect(encoded(generateLoginNode(vectors.login.jid, configOf(vector)))).toBe(withLidDbMigrated(payloadHex))
    })
  }

  const [first] = vectors.registration
  const config = configOf(
    first ?? {
      name: '',
      browser: ['', '', ''],
      syncFullHistory: true,
      countryCode: '',
      payloadHex: '',
      devicePropsHex: '',
    },
  )

  it('of a JID without device', () => {
    const { jid, payloadHex } = vectors.loginWithoutDevice
    expect(encoded(generateLoginNode(jid, config))).toBe(withLidDbMigrated(payloadHex))
  })

  it('of credentials', () => {
    const me = { id: vectors.login.jid }
    expect(loginPayload({ me }, config)).toEqual(generateLoginNode(me.id, config))
    thrown(() => loginPayload({} as Pick<AuthenticationCreds, 'me'>, config), 'not-authenticated')
  })

  it.each([
    '',
    'x',
    '@s.whatsapp.net',
    '1e5@s.whatsapp.net',
    '100000012345678:3@lid',
    '1-2@g.us',
    '9999999999999999999@s.whatsapp.net',
  ])('refuses %j, which names no phone number', jid => {
    thrown(() => generateLoginNode(jid, config), 'invalid-jid')
  })
})

describe('browsers', () => {
  for (const { browser, companionPlatformId, deviceProps: props } of vectors.browserMapping) {
    it(browser.join(' / '), () => {
      const description: WABrowserDescription = [...browser, '']
      expect(getCompanionPlatformId(description)).toBe(companionPlatformId)
      expect(String(getCompanionWebClientType(description))).toBe(companionPlatformId)
      const made = deviceProps({
        version: [2, 3000, 1],
        browser: description,
        syncFullHistory: true,
        countryCode: 'US',
      })
      expect(made).toMatchObject({ os: props.os, platformType: props.platformType })
    })
  }

  it('presets (docs/protocol/01 §3.5)', () => {
    expect(Browsers.ubuntu('Chrome')).toEqual(['Ubuntu', 'Chrome', '22.04.4'])
    expect(Browsers.macOS('Safari')).toEqual(['Mac OS', 'Safari', '14.4.1'])
    expect(Browsers.baileys('X')).toEqual(['Baileys', 'X', '6.5.0'])
    expect(Browsers.windows('Edge')).toEqual(['Windows', 'Edge', '10.0.22631'])
    expect(Browsers.android('My App')).toEqual(['My App', 'Android', ''])
    expect(Browsers.appropriate('Chrome')[1]).toBe('Chrome')
    expect(companionDisplayName(Browsers.macOS('Chrome'))).toBe('Chrome (Mac OS)')
  })

  it('platform ids by name', () => {
    expect(getPlatformId('Chrome')).toBe('1')
    expect(getPlatformId('safari')).toBe('5')
    expect(getPlatformId('desktop')).toBe('7')
    expect(getPlatformId('1')).toBe('1')
    expect(getPlatformId('MyBot')).toBe('1')
  })
})
