import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import {
  buildTokenIssue,
  canHoldToken,
  contactSaltToken,
  isNewerToken,
  isTokenExpired,
  parseReceivedTokens,
  shouldIssueToken,
  tokenBucket,
  tokenCutoff,
  tokenPeriods,
} from './trusted-contact-tokens.js'

interface Vectors {
  duration: number
  buckets: number
  now: number
  currentBucket: number
  cutoff: number
  expired: number[]
  valid: number[]
  reissue: { senderTimestamp: number | null; issue: boolean }[]
  cs: { salt: string; recipient: string; token: string }[]
}
const path = new URL('../../../../tests/fixtures/vectors/02-privacy-tokens.json', import.meta.url)
const vectors = JSON.parse(readFileSync(path, 'utf8')) as Vectors
const periods = { duration: vectors.duration, count: vectors.buckets }

describe('token periods', () => {
  it('match the vectors (docs/protocol/02, 11.2: count − 1, not count)', () => {
    expect(tokenBucket(vectors.now, periods)).toBe(vectors.currentBucket)
    expect(tokenCutoff(vectors.now, periods)).toBe(vectors.cutoff)
    expect(tokenCutoff(vectors.now)).toBe(vectors.cutoff)
  })

  it.each(vectors.expired)('%i has expired', time => expect(isTokenExpired(time, vectors.now)).toBe(true))
  it.each(vectors.valid)('%i is valid', time => expect(isTokenExpired(time, vectors.now)).toBe(false))
  it('a token without time has expired', () => expect(isTokenExpired(undefined, vectors.now)).toBe(true))

  it.each(vectors.reissue)('last given at $senderTimestamp: due $issue', ({ senderTimestamp, issue }) => {
    expect(shouldIssueToken(senderTimestamp, vectors.now)).toBe(issue)
  })

  it('come from server properties within bounds', () => {
    expect(tokenPeriods(undefined, undefined)).toEqual(periods)
    expect(tokenPeriods(0, -1)).toEqual(periods)
    expect(tokenPeriods(Number.NaN, 2.5)).toEqual(periods)
    expect(tokenPeriods(99_999_999, 6)).toEqual({ duration: 15_552_000, count: 6 })
  })
})

describe('the fallback token', () => {
  it.each(vectors.cs)('of $recipient', ({ salt, recipient, token }) => {
    expect(contactSaltToken(Buffer.from(salt, 'hex'), recipient).toString('hex')).toBe(token)
  })

  it('is bound to the user, not the device, and to LIDs', () => {
    const salt = Buffer.from('salt')
    expect(contactSaltToken(salt, '1:4@lid')).toEqual(contactSaltToken(salt, '1@lid'))
    expect(() => contactSaltToken(salt, '1@s.whatsapp.net')).toThrow(expect.objectContaining({ code: 'invalid-jid' }))
  })
})

describe('token stanzas', () => {
  it('give tokens to contacts', () => {
    expect(buildTokenIssue(['2@s.whatsapp.net'], 17)).toEqual({
      tag: 'iq',
      attrs: { to: 's.whatsapp.net', type: 'set', xmlns: 'privacy' },
      content: [
        {
          tag: 'tokens',
          attrs: {},
          content: [{ tag: 'token', attrs: { jid: '2@s.whatsapp.net', t: '17', type: 'trusted_contact' } }],
        },
      ],
    })
  })

  const notification = (attrs: Record<string, string>, ...tokens: [Record<string, string>, Uint8Array?][]) => ({
    tag: 'notification',
    attrs: { from: '2@s.whatsapp.net', type: 'privacy_token', ...attrs },
    content: [
      {
        tag: 'tokens',
        attrs: {},
        content: tokens.map(([own, content]) => ({ tag: 'token', attrs: own, ...(content && { content }) })),
      },
    ],
  })
  const good: [Record<string, string>, Uint8Array] = [{ type: 'trusted_contact', t: '5' }, Buffer.from('token')]

  it('bring tokens of contacts', () => {
    expect(parseReceivedTokens(notification({ sender_lid: '2@lid' }, good))).toEqual([
      { issuer: '2@s.whatsapp.net', issuerLid: '2@lid', token: Buffer.from('token'), timestamp: 5 },
    ])
  })

  it('are ignored without time, bytes or type, and from what is no person (docs/protocol/02, 11.2)', () => {
    const bad: [Record<string, string>, Uint8Array?][] = [
      [{ type: 'trusted_contact' }, Buffer.from('x')],
      [{ type: 'trusted_contact', t: '0' }, Buffer.from('x')],
      [{ type: 'trusted_contact', t: '5' }],
      [{ type: 'other', t: '5' }, Buffer.from('x')],
      [{ type: 'trusted_contact', t: '5' }, Buffer.alloc(2_000)],
    ]
    expect(parseReceivedTokens(notification({}, ...bad))).toEqual([])
    for (const from of ['0@s.whatsapp.net', '1@bot', '1@g.us', '13135550002@s.whatsapp.net']) {
      expect(parseReceivedTokens(notification({ from }, good))).toEqual([])
    }
  })

  it('replace older ones only', () => {
    expect(isNewerToken(undefined, 1)).toBe(true)
    expect(isNewerToken({}, 1)).toBe(true)
    expect(isNewerToken({ timestamp: '5' }, 5)).toBe(false)
    expect(isNewerToken({ timestamp: '5' }, 6)).toBe(true)
  })

  it('are for people', () => {
    expect(canHoldToken('2@lid')).toBe(true)
    expect(canHoldToken('@lid')).toBe(false)
  })
})
