import fc from 'fast-check'
import { KurirError } from 'kurir/errors'
import { describe, expect, it } from 'vitest'
import { clientFrameNames, gatewayFrameNames, parseClientFrame, parseClientHello, parseGatewayFrame } from './frames.js'
import { wireLimits } from './limits.js'

function refusal(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    if (KurirError.is(error)) return error.code
    throw error
  }
  return 'accepted'
}

const call = { id: 1, method: 'sendMessage', args: '[]', deadlineMs: 1000 }

describe('frames of programs', () => {
  it('are taken apart member by member', () => {
    expect(parseClientFrame('call', { ...call, key: 'k', later: 'ignored' })).toEqual({ ...call, key: 'k' })
    expect(parseClientFrame('handled', { subscription: 1, run: 2, cursor: 3 })).toEqual({
      subscription: 1,
      run: 2,
      cursor: 3,
    })
  })

  it.each([
    ['a negative id', { ...call, id: -1 }],
    ['an id that is no integer', { ...call, id: 1.5 }],
    ['a method that is no text', { ...call, method: ['sendMessage'] }],
    ['no method', { ...call, method: '' }],
    ['arguments beyond the limit', { ...call, args: 'x'.repeat(wireLimits.maxArgumentBytes + 1) }],
    ['a deadline beyond the limit', { ...call, deadlineMs: wireLimits.maxDeadlineMs + 1 }],
    ['a key that is too long', { ...call, key: 'k'.repeat(129) }],
    ['a list', [call]],
    ['nothing', undefined],
  ])('%s is refused', (_, frame) => {
    expect(refusal(() => parseClientFrame('call', frame))).toBe('malformed-frame')
  })

  it('pieces of streams are bytes of limited length', () => {
    expect(refusal(() => parseClientFrame('chunk', { stream: 1, data: 'text' }))).toBe('malformed-frame')
    const large = Buffer.alloc(wireLimits.chunkBytes + 1)
    expect(refusal(() => parseClientFrame('chunk', { stream: 1, data: large }))).toBe('malformed-frame')
    expect(refusal(() => parseClientFrame('chunk', { stream: 1, data: large.subarray(1) }))).toBe('accepted')
  })

  it('whatever comes, nothing but a typed refusal follows', () => {
    const values = fc.anything({ withBigInt: true, withDate: true, withTypedArray: true, withNullPrototype: true })
    const frames = fc.oneof(
      values,
      fc.record({ id: values, method: values, args: values, events: values, stream: values }),
    )
    fc.assert(
      fc.property(frames, frame => {
        for (const name of clientFrameNames) {
          expect(['malformed-frame', 'accepted']).toContain(refusal(() => parseClientFrame(name, frame)))
        }
        for (const name of gatewayFrameNames) {
          expect(['malformed-frame', 'accepted']).toContain(refusal(() => parseGatewayFrame(name, frame)))
        }
        expect(['malformed-frame', 'accepted']).toContain(refusal(() => parseClientHello(frame)))
      }),
    )
  })
})
