import { handleIdentityChange as baileysHandle } from 'baileys'
import { describe, expect, it, vi } from 'vitest'
import type { BinaryNode } from '../binary/node.js'
import { silentLogger } from '../logger/logger.js'
import { handleIdentityChange, type IdentityChangeContext } from './identity-notification.js'

const contact = '4915550001@s.whatsapp.net'
const notification = (attrs: BinaryNode['attrs'], children: BinaryNode[] = [{ tag: 'identity', attrs: {} }]) => ({
  tag: 'notification',
  attrs,
  content: children,
})

const contextWith = (parts: Partial<IdentityChangeContext> = {}) => {
  const order: string[] = []
  const remembered = new Map<string, true>()
  return {
    order,
    meId: '1:2@s.whatsapp.net',
    meLid: '9:2@lid',
    validateSession: vi.fn(async () => ({ exists: true })),
    assertSessions: vi.fn(async () => {
      order.push('refresh')
      return true
    }),
    debounceCache: remembered,
    logger: silentLogger,
    onBeforeSessionRefresh: () => void order.push('before'),
    ...parts,
  }
}

describe('handleIdentityChange (docs/protocol/06 §3.7)', () => {
  it('builds the session of a contact anew, after what has to come first', async () => {
    const context = contextWith()
    expect(await handleIdentityChange(notification({ from: contact }), context)).toEqual({
      action: 'session_refreshed',
    })
    expect(context.assertSessions).toHaveBeenCalledWith([contact], true)
    expect(context.order).toEqual(['before', 'refresh'])
  })

  it('ignores a second notification while the first is remembered', async () => {
    const context = contextWith()
    await handleIdentityChange(notification({ from: contact }), context)
    expect(await handleIdentityChange(notification({ from: contact }), context)).toEqual({ action: 'debounced' })
    expect(context.assertSessions).toHaveBeenCalledTimes(1)
  })

  it('reports a failure instead of rejecting', async () => {
    const failure = new Error('no keys')
    const context = contextWith({ assertSessions: () => Promise.reject(failure) })
    expect(await handleIdentityChange(notification({ from: contact }), context)).toEqual({
      action: 'session_refresh_failed',
      error: failure,
    })
  })

  it.each([
    [notification({}), { action: 'invalid_notification' }],
    [notification({ from: contact }, []), { action: 'no_identity_node' }],
    [notification({ from: '5:3@lid' }), { action: 'skipped_companion_device', device: 3 }],
    [notification({ from: '1@s.whatsapp.net' }), { action: 'skipped_self_primary' }],
    [notification({ from: '9@lid' }), { action: 'skipped_self_primary' }],
    [notification({ from: contact, offline: '0' }), { action: 'skipped_offline' }],
  ])('leaves the session alone: %j', async (node, result) => {
    const context = contextWith()
    expect(await handleIdentityChange(node, context)).toEqual(result)
    expect(context.assertSessions).not.toHaveBeenCalled()
    const cache = new Map<string, true>() as never
    expect(
      await baileysHandle(node, { ...contextWith(), debounceCache: cache, onBeforeSessionRefresh: () => {} }),
    ).toEqual(result)
  })

  it('does nothing for somebody without a session', async () => {
    const context = contextWith({ validateSession: async () => ({ exists: false }) })
    expect(await handleIdentityChange(notification({ from: contact, offline: '1' }), context)).toEqual({
      action: 'skipped_no_session',
    })
    expect(context.assertSessions).not.toHaveBeenCalled()
  })
})
