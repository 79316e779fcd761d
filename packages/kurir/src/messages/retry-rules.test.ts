import { describe, expect, it } from 'vitest'
import { RetryReason } from './retry-reasons.js'
import type { RetryRequest } from './retry-receipt.js'
import { decideResend, decideRetryRequest, type ResendContext, type UnreadableMessage } from './retry-rules.js'

describe('asking for a message again', () => {
  const unreadable = (change: Partial<UnreadableMessage> = {}): UnreadableMessage => ({
    asked: 0,
    reason: RetryReason.SignalErrorBadMac,
    author: 'person',
    ...change,
  })

  it('starts at 1 without keys, and asks five times (docs/protocol/02, 10.1)', () => {
    const decisions = [0, 1, 2, 3, 4, 5].map(asked => decideRetryRequest(unreadable({ asked })))
    expect(decisions).toEqual([
      { kind: 'ask', count: 1, includeKeys: false, askPhone: true },
      { kind: 'ask', count: 2, includeKeys: true, askPhone: true },
      { kind: 'ask', count: 3, includeKeys: true, askPhone: false },
      { kind: 'ask', count: 4, includeKeys: true, askPhone: false },
      { kind: 'ask', count: 5, includeKeys: true, askPhone: false },
      { kind: 'give-up', why: 'limit' },
    ])
  })

  it('continues from the count of the failing enc when its own counter was lost (docs/protocol/02, 10.1)', () => {
    expect(decideRetryRequest(unreadable({ encCount: 3 }))).toMatchObject({ kind: 'ask', count: 4 })
    expect(decideRetryRequest(unreadable({ asked: 4, encCount: 3 }))).toMatchObject({ count: 5 })
    expect(decideRetryRequest(unreadable({ encCount: 5 }))).toEqual({ kind: 'give-up', why: 'limit' })
  })

  it.each([
    { reason: RetryReason.SignalErrorNoSession },
    { reason: RetryReason.UnknownCompanionNoPrekey },
    { isHosted: true },
    { withoutContent: true },
  ])('sends keys at once for %o (docs/protocol/02, 10.2)', change => {
    expect(decideRetryRequest(unreadable(change))).toMatchObject({ count: 1, includeKeys: true })
  })

  it('does not ask bots, channels and for old statuses', () => {
    expect(decideRetryRequest(unreadable({ author: 'bot' }))).toMatchObject({ why: 'author-never-resends' })
    expect(decideRetryRequest(unreadable({ author: 'channel' }))).toMatchObject({ why: 'author-never-resends' })
    expect(decideRetryRequest(unreadable({ statusAgeSeconds: 86_401 }))).toMatchObject({ why: 'status-expired' })
    expect(decideRetryRequest(unreadable({ statusAgeSeconds: 86_400 })).kind).toBe('ask')
  })

  it('does not ask the phone to resend its own message', () => {
    expect(decideRetryRequest(unreadable({ author: 'own-phone' }))).toMatchObject({ kind: 'ask', askPhone: false })
  })
})

describe('answering a request', () => {
  const keys = {
    identity: Buffer.alloc(32),
    preKey: undefined,
    signedPreKey: { id: 1, public: Buffer.alloc(32), signature: Buffer.alloc(64) },
    deviceIdentity: undefined,
  }
  const request = (change: Partial<RetryRequest> = {}): RetryRequest => ({
    ids: ['M1'],
    from: '2:3@lid',
    requester: '2:3@lid',
    participant: undefined,
    recipient: undefined,
    isPeer: false,
    count: 1,
    messageTimestamp: 1,
    reason: undefined,
    registrationId: 5,
    keys: undefined,
    offline: false,
    ...change,
  })
  const baseKey = Buffer.alloc(33, 1)
  const context = (change: Partial<ResendContext> = {}): ResendContext => ({
    isKnown: true,
    answered: 0,
    session: { registrationId: 5, baseKey },
    sinceRecreationMs: 1_000,
    isRecipient: true,
    ...change,
  })
  const decide = (asked: Partial<RetryRequest>, known: Partial<ResendContext> = {}) =>
    decideResend(request(asked), context(known))

  it('refuses beyond the limit, for strangers, and unknown or delivered messages', () => {
    expect(decide({ count: 6 })).toEqual({ kind: 'refuse', why: 'limit' })
    expect(decide({}, { answered: 5 })).toMatchObject({ why: 'limit' })
    expect(decide({}, { isRecipient: false })).toMatchObject({ why: 'not-a-recipient' })
    expect(decide({}, { isKnown: false })).toMatchObject({ why: 'unknown-message' })
    expect(decide({}, { isDelivered: true })).toMatchObject({ why: 'already-delivered' })
  })

  it('answers the fifth request', () => {
    expect(decide({ count: 5, keys }, { answered: 4 })).toMatchObject({ kind: 'resend' })
  })

  it('builds a session from the keys of the request (docs/protocol/02, 10.5)', () => {
    expect(decide({ count: 2, keys })).toEqual({
      kind: 'resend',
      session: 'from-keys',
      rememberBaseKey: true,
    })
    expect(decide({ count: 3, keys }, { session: undefined })).toMatchObject({
      session: 'from-keys',
      rememberBaseKey: false,
    })
  })

  it('builds a new session with a device that has registered anew', () => {
    expect(decide({ keys, registrationId: 6 })).toMatchObject({ session: 'from-keys' })
    expect(decide({ registrationId: 6 })).toMatchObject({ session: 'fetch' })
  })

  it('does not trust keys that waited in the queue for a session that is gone', () => {
    expect(decide({ keys, offline: true }, { session: undefined })).toMatchObject({
      kind: 'resend',
      session: 'fetch',
    })
    expect(decide({ keys, offline: true, registrationId: 6 })).toMatchObject({
      kind: 'resend',
      session: 'fetch',
    })
    expect(decide({ keys, offline: true })).toMatchObject({ kind: 'resend', session: 'from-keys' })
  })

  it('fetches a bundle where there is no session', () => {
    expect(decide({}, { session: undefined })).toMatchObject({ session: 'fetch' })
  })

  it('builds another session when the last one did not reach the peer (base key, docs/protocol/02, 10.5)', () => {
    const stuck = { rememberedBaseKey: Buffer.from(baseKey) }
    expect(decide({ count: 3, keys }, stuck)).toMatchObject({ session: 'fetch' })
    expect(decide({ count: 2, keys }, stuck)).toMatchObject({ session: 'from-keys' })
    expect(decide({ count: 3, keys }, { rememberedBaseKey: Buffer.alloc(33, 9) })).toMatchObject({
      session: 'from-keys',
    })
  })

  it('renews the session at once when the reason condemns it, else at most once an hour', () => {
    expect(decide({ reason: RetryReason.SignalErrorBadMac })).toMatchObject({ session: 'fetch' })
    expect(decide({ reason: RetryReason.SignalErrorNoSession })).toMatchObject({ session: 'fetch' })
    expect(decide({ reason: RetryReason.SignalErrorFutureMessage })).toMatchObject({ session: 'keep' })
    expect(decide({})).toMatchObject({ session: 'keep' })
    expect(decide({}, { sinceRecreationMs: 3_600_001 })).toMatchObject({ session: 'fetch' })
    expect(decide({}, { sinceRecreationMs: undefined })).toMatchObject({ session: 'fetch' })
  })
})
