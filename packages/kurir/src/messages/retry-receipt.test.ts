import { describe, expect, it } from 'vitest'
import type { BinaryNode } from '../binary/node.js'
import { nodeOfVector, type VectorNode } from '../binary/testing/vectors.js'
import { KurirError } from '../errors/index.js'
import { SignalError } from '../signal/signal-error.js'
import { isMacReason, parseRetryReason, RetryReason, retryReasonOf } from './retry-reasons.js'
import { buildRetryReceipt, isRetryReceipt, parseRetryReceipt, type RetryKeys } from './retry-receipt.js'
import { readFixture } from './testing/fixtures.js'
import { violations } from './testing/stanza-schema.js'

const keys: RetryKeys = {
  identity: Buffer.alloc(32, 1),
  preKey: { id: 0x010203, public: Buffer.alloc(32, 2) },
  signedPreKey: { id: 7, public: Buffer.alloc(32, 3), signature: Buffer.alloc(64, 4) },
  deviceIdentity: Buffer.alloc(186, 5),
}
const stanza = (attrs: Record<string, string>): BinaryNode => ({
  tag: 'message',
  attrs: { id: 'M1', from: '2:3@lid', t: '1700000000', type: 'text', ...attrs },
})
const asReceived = (node: BinaryNode, attrs: Record<string, string>): BinaryNode => {
  const { to: _to, ...rest } = node.attrs
  return { ...node, attrs: { ...rest, ...attrs } }
}

describe('retry receipts we send', () => {
  it('fit the schema and read back the same', () => {
    const node = buildRetryReceipt({ stanza: stanza({}), count: 2, registrationId: 0x01020304, reason: 7, keys })
    expect(violations(node, 'retry')).toEqual([])
    expect(isRetryReceipt(node)).toBe(true)
    expect(parseRetryReceipt(asReceived(node, { from: '9:1@lid' }))).toEqual({
      ids: ['M1'],
      from: '9:1@lid',
      requester: '9:1@lid',
      participant: undefined,
      recipient: undefined,
      isPeer: false,
      count: 2,
      messageTimestamp: 1_700_000_000,
      reason: RetryReason.SignalErrorBadMac,
      registrationId: 0x01020304,
      keys,
      offline: false,
    })
  })

  it('leave reason and keys out at first (docs/protocol/02, 10.2)', () => {
    const node = buildRetryReceipt({ stanza: stanza({}), count: 1, registrationId: 1 })
    expect(violations(node, 'retry')).toEqual([])
    expect(node.content).toEqual([
      { tag: 'retry', attrs: { v: '1', count: '1', id: 'M1', t: '1700000000' } },
      { tag: 'registration', attrs: {}, content: Buffer.from([0, 0, 0, 1]) },
    ])
  })

  it('copy participant and recipient; peer messages have a category instead', () => {
    const group = buildRetryReceipt({
      stanza: stanza({ from: '1@g.us', participant: '2:3@lid' }),
      count: 1,
      registrationId: 1,
    })
    expect(group.attrs).toEqual({ id: 'M1', to: '1@g.us', type: 'retry', participant: '2:3@lid' })
    const own = buildRetryReceipt({ stanza: stanza({ recipient: '4@lid' }), count: 1, registrationId: 1 })
    expect(own.attrs).toEqual({ id: 'M1', to: '2:3@lid', type: 'retry', recipient: '4@lid' })
    const peer = buildRetryReceipt({
      stanza: stanza({ category: 'peer', recipient: '4@lid' }),
      count: 1,
      registrationId: 1,
    })
    expect(peer.attrs).toEqual({ id: 'M1', to: '2:3@lid', type: 'retry', category: 'peer' })
    for (const node of [group, own, peer]) expect(violations(node, 'retry')).toEqual([])
  })

  it('work without a one-time prekey', () => {
    const node = buildRetryReceipt({
      stanza: stanza({}),
      count: 3,
      registrationId: 1,
      keys: { ...keys, preKey: undefined },
    })
    expect(violations(node, 'retry')).toEqual([])
    expect(parseRetryReceipt(asReceived(node, { from: '1@lid' })).keys?.preKey).toBeUndefined()
  })

  it('need a count, and keys from the second on', () => {
    const build = (count: number) => () => buildRetryReceipt({ stanza: stanza({}), count, registrationId: 1 })
    expect(build(0)).toThrow(expect.objectContaining({ code: 'invalid-retry-receipt' }))
    expect(build(2)).toThrow(
      expect.objectContaining({ code: 'invalid-retry-receipt', data: expect.objectContaining({ field: 'keys' }) }),
    )
  })
})

describe('retry receipts of peers', () => {
  interface Step {
    dir: string
    node: VectorNode
  }
  const { transcripts } = readFixture<{ transcripts: { name: string; steps: Step[] }[] }>('vectors/02-transcripts.json')
  const recorded = transcripts.flatMap(({ name, steps }) =>
    steps
      .filter(({ dir, node }) => dir === 'server' && node.attrs['type'] === 'retry' && node.tag === 'receipt')
      .map(({ node }) => ({ name, node })),
  )

  it.each(recorded)('$name is read', ({ node }) => {
    const request = parseRetryReceipt(nodeOfVector(node))
    expect(request).toMatchObject({ ids: [node.attrs['id']], count: 2, isPeer: false, offline: false })
    expect(request.requester).toBe(node.attrs['participant'] ?? node.attrs['from'])
    expect(request.keys?.signedPreKey.signature).toHaveLength(64)
    expect(request.registrationId).toBeGreaterThan(0)
  })

  it('were found in the recording', () => expect(recorded.length).toBeGreaterThanOrEqual(2))

  const valid = buildRetryReceipt({ stanza: stanza({}), count: 2, registrationId: 1, keys })
  const received = asReceived(valid, { from: '9@lid' })
  const without = (tag: string): BinaryNode => ({
    ...received,
    content: Array.isArray(received.content) ? received.content.filter(child => child.tag !== tag) : [],
  })

  it('are refused without retry child, or from a group without participant', () => {
    expect(() => parseRetryReceipt(without('retry'))).toThrow(expect.objectContaining({ code: 'invalid-stanza' }))
    expect(() => parseRetryReceipt({ ...received, attrs: { ...received.attrs, from: '1@g.us' } })).toThrow(
      expect.objectContaining({ code: 'invalid-stanza' }),
    )
  })

  it('are refused with keys of the wrong length', () => {
    for (const change of [
      { identity: Buffer.alloc(31) },
      { preKey: { id: 1, public: Buffer.alloc(33) } },
      { signedPreKey: { ...keys.signedPreKey, signature: Buffer.alloc(63) } },
    ]) {
      const node = buildRetryReceipt({ stanza: stanza({}), count: 2, registrationId: 1, keys: { ...keys, ...change } })
      expect(() => parseRetryReceipt(asReceived(node, { from: '9@lid' }))).toThrow(
        expect.objectContaining({ code: 'invalid-stanza' }),
      )
    }
  })

  it('may ask for several messages', () => {
    const items = ['M2', 'M1'].map(id => ({ tag: 'item', attrs: { id } }))
    const node = {
      ...received,
      content: [...(received.content as BinaryNode[]), { tag: 'list', attrs: {}, content: items }],
    }
    expect(parseRetryReceipt(node).ids).toEqual(['M1', 'M2'])
  })
})

describe('retry reasons', () => {
  it('are read from the attribute', () => {
    expect(parseRetryReason(undefined)).toBeUndefined()
    expect(parseRetryReason('')).toBeUndefined()
    expect(parseRetryReason('x')).toBeUndefined()
    expect(parseRetryReason('13')).toBe(RetryReason.StatusRevokeDelay)
    expect(parseRetryReason('99')).toBe(RetryReason.UnknownError)
    expect([4, 7].every(code => isMacReason(code as RetryReason))).toBe(true)
    expect(isMacReason(1)).toBe(false)
  })

  it('come from the error of a decryption (docs/protocol/02, 10.2)', () => {
    expect(retryReasonOf(new SignalError('no-session'))).toBe(RetryReason.SignalErrorNoSession)
    expect(retryReasonOf(new SignalError('bad-mac'))).toBe(RetryReason.SignalErrorBadMac)
    expect(retryReasonOf(new SignalError('message-too-far-ahead'))).toBe(RetryReason.SignalErrorFutureMessage)
    expect(retryReasonOf(new SignalError('duplicate-message'))).toBeUndefined()
    expect(retryReasonOf(new KurirError('device-identity-invalid', ''))).toBe(RetryReason.AdvFailure)
    expect(retryReasonOf(new KurirError('device-identity-missing', ''))).toBe(RetryReason.UnknownCompanionNoPrekey)
    expect(retryReasonOf(new KurirError('invalid-padding', ''))).toBe(RetryReason.SignalErrorInvalidMessage)
    expect(retryReasonOf(new Error('x'))).toBeUndefined()
  })
})
