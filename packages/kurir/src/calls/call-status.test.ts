import { describe, expect, it } from 'vitest'
import { getCallStatusFromNode } from './call-status.js'

describe('getCallStatusFromNode (docs/protocol/06 §3.2)', () => {
  it.each([
    ['offer', 'offer'],
    ['offer_notice', 'offer'],
    ['preaccept', 'preaccept'],
    ['transport', 'transport'],
    ['relaylatency', 'relaylatency'],
    ['reject', 'reject'],
    ['accept', 'accept'],
    ['heartbeat', 'ringing'],
  ])('reads <%s> as %s', (tag, status) => {
    expect(getCallStatusFromNode({ tag, attrs: {} })).toBe(status)
  })

  it('tells a call that nobody answered from one that ended', () => {
    expect(getCallStatusFromNode({ tag: 'terminate', attrs: { reason: 'timeout' } })).toBe('timeout')
    expect(getCallStatusFromNode({ tag: 'terminate', attrs: { reason: 'hangup' } })).toBe('terminate')
    expect(getCallStatusFromNode({ tag: 'terminate', attrs: {} })).toBe('terminate')
  })
})
