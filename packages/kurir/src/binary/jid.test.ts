import { describe, expect, it } from 'vitest'
import {
  areJidsSameUser,
  getServerFromDomainType,
  isHostedLidUser,
  isHostedPnUser,
  isJidBot,
  isJidBroadcast,
  isJidGroup,
  isJidMetaAI,
  isJidNewsletter,
  isJidStatusBroadcast,
  isLidUser,
  isPnUser,
  type JidServer,
  jidDecode,
  jidEncode,
  jidNormalizedUser,
  transferDevice,
  WAJIDDomains,
} from './jid.js'
import { readVectors } from './testing/vectors.js'

interface JidVectors {
  decode: {
    jid: string
    decoded: { server: string; user: string; domainType: number; device?: number | null } | null
    normalizedUser: string
    isBot: boolean
    isMetaAI: boolean
  }[]
  encode: { args: [string | number | null, JidServer, (number | null)?, number?]; result: string }[]
  transferDevice: { from: string; to: string; result: string }[]
  serverFromDomainType: { initialServer: string; domainType: number; result: string }[]
  areJidsSameUser: { a: string; b: string; result: boolean }[]
}
const vectors = readVectors<JidVectors>('01-jid')

describe('JID vectors', () => {
  for (const { jid, decoded, normalizedUser, isBot, isMetaAI } of vectors.decode) {
    it(`takes apart ${JSON.stringify(jid)}`, () => {
      const expected =
        decoded === null ? undefined : { ...decoded, ...(decoded.device === null && { device: Number.NaN }) }
      expect(jidDecode(jid)).toEqual(expected)
      expect(jidNormalizedUser(jid)).toBe(normalizedUser)
      expect(Boolean(isJidBot(jid))).toBe(isBot)
      expect(isJidMetaAI(jid)).toBe(isMetaAI)
    })
  }
  for (const { args, result } of vectors.encode) {
    it(`makes ${result} of ${JSON.stringify(args)}`, () => {
      const [user, server, device, agent] = args
      expect(jidEncode(user, server, device ?? undefined, agent)).toBe(result)
    })
  }
  for (const { from, to, result } of vectors.transferDevice) {
    it(`moves the device of ${from} to ${to}`, () => expect(transferDevice(from, to)).toBe(result))
  }
  for (const { initialServer, domainType, result } of vectors.serverFromDomainType) {
    it(`names the server of domain ${domainType} from ${initialServer}`, () => {
      expect(getServerFromDomainType(initialServer, domainType as WAJIDDomains)).toBe(result)
    })
  }
  for (const { a, b, result } of vectors.areJidsSameUser) {
    it(`compares the users of ${a} and ${b}`, () => expect(areJidsSameUser(a, b)).toBe(result))
  }
})

describe('JID predicates', () => {
  const kinds = {
    isPnUser,
    isLidUser,
    isJidGroup,
    isJidNewsletter,
    isJidBroadcast,
    isJidStatusBroadcast,
    isHostedPnUser,
    isHostedLidUser,
    isJidMetaAI,
    isJidBot,
  } as Record<string, (jid: string) => unknown>
  const examples: Record<string, string[]> = {
    '15550001111:3@s.whatsapp.net': ['isPnUser'],
    '100000012345678@lid': ['isLidUser'],
    '120363000000000001@g.us': ['isJidGroup'],
    '120363000000000002@newsletter': ['isJidNewsletter'],
    '1234@broadcast': ['isJidBroadcast'],
    'status@broadcast': ['isJidBroadcast', 'isJidStatusBroadcast'],
    '15550001111:99@hosted': ['isHostedPnUser'],
    '100000012345678:99@hosted.lid': ['isHostedLidUser'],
    '867051314767696@bot': ['isJidMetaAI'],
    '13135550002@c.us': ['isJidBot'],
    '15550001111@c.us': [],
    '13135550002@s.whatsapp.net': ['isPnUser'],
  }
  for (const [jid, expected] of Object.entries(examples)) {
    it(jid, () => {
      const matching = Object.keys(kinds).filter(name => kinds[name]?.(jid))
      expect(matching).toEqual(expected)
    })
  }

  it('takes undefined', () => {
    expect([isPnUser(undefined), isLidUser(undefined), isJidBot(undefined)]).toEqual([undefined, undefined, undefined])
    expect(jidNormalizedUser(undefined)).toBe('')
  })

  it('names domains in both directions', () => {
    expect(WAJIDDomains.HOSTED_LID).toBe(129)
    expect(WAJIDDomains[129]).toBe('HOSTED_LID')
  })
})
