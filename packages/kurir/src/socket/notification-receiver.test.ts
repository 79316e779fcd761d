import { describe, expect, it, vi } from 'vitest'
import type { BinaryNode } from '../binary/node.js'
import { IncomingQueue } from './incoming-queue.js'
import { NotificationReceiver, type NotificationReceiverParts } from './notification-receiver.js'
import { testCore } from './testing/collaborator-core.js'

const BOB = '15550002222@s.whatsapp.net'

const notification = (type: string, from: string, ...content: BinaryNode[]): BinaryNode => ({
  tag: 'notification',
  attrs: { id: 'n1', type, from },
  content,
})
const child = (tag: string, attrs: BinaryNode['attrs'] = {}, ...content: BinaryNode[]): BinaryNode => ({
  tag,
  attrs,
  content,
})

/** What the receiver asked of the others, as `name argument`. */
function receiverOf(failure?: Error) {
  const core = testCore({ creds: { me: { id: '15550001111:3@s.whatsapp.net', lid: '11:3@lid' } } })
  const calls: string[] = []
  const note =
    (name: string) =>
    async (value?: unknown): Promise<void> => {
      calls.push(`${name} ${typeof value === 'object' ? '' : (value ?? '')}`.trim())
      if (failure) throw failure
    }
  const parts = {
    queue: new IncomingQueue(core.logger),
    devices: {
      applyNotification: note('devices'),
      knownDevicesOf: async () => [BOB, '15550002222:4@s.whatsapp.net'],
      forget: note('forget'),
    },
    sessions: { assert: async ([jid]: string[], force: boolean) => void calls.push(`assert ${jid} ${force}`) },
    preKeys: { refill: note('refill'), checkDigest: note('digest') },
    tokens: { receive: note('token') },
    media: { receiveAnswer: note('media') },
  }
  const receiver = new NotificationReceiver(core, parts as unknown as NotificationReceiverParts)
  const handled = async (node: BinaryNode): Promise<string[]> => {
    receiver.receive(node)
    await parts.queue.settled()
    return calls
  }
  return { core, calls, handled }
}

describe('NotificationReceiver', () => {
  const routed: [what: string, node: BinaryNode, call: string][] = [
    ['few prekeys', notification('encrypt', 's.whatsapp.net', child('count', { value: '3' })), 'refill 3'],
    ['doubt about our keys', notification('encrypt', 's.whatsapp.net', child('digest')), 'digest'],
    ['devices', notification('devices', BOB, child('update')), 'devices'],
    ['own devices', notification('account_sync', '15550001111@s.whatsapp.net', child('devices')), 'devices'],
    ['a token', notification('privacy_token', BOB), 'token'],
    ['media', notification('mediaretry', BOB), 'media'],
  ]
  it.each(routed)('takes %s to who knows about it, and acknowledges', async (_what, node, call) => {
    const { core, handled } = receiverOf()
    expect(await handled(node)).toEqual([call])
    expect(core.sent).toMatchObject([{ tag: 'ack', attrs: { id: 'n1', class: 'notification' } }])
  })

  it('acknowledges what it does not know, and what could not be handled', async () => {
    const unknown = receiverOf()
    await unknown.handled(notification('something_new', BOB))
    const failing = receiverOf(new Error('broken'))
    await failing.handled(notification('devices', BOB, child('update')))
    expect([unknown.core.sent.length, failing.core.sent.length]).toEqual([1, 1])
    expect(failing.core.log.map(({ level }) => level)).toEqual(['error'])
  })

  it('makes nothing of numbers that are none', async () => {
    const { handled } = receiverOf()
    expect(await handled(notification('encrypt', 's.whatsapp.net', child('count', { value: 'x' })))).toEqual([])
  })

  it('drops the devices of a contact who registered anew, and builds the session with the phone if there was one', async () => {
    const { core, handled } = receiverOf()
    const deleted = vi.spyOn(core.repository, 'deleteSession')
    const change = notification('encrypt', BOB, child('identity'))
    expect(await handled(change)).toEqual([`forget ${BOB}`])
    expect(deleted).toHaveBeenCalledWith([BOB, '15550002222:4@s.whatsapp.net'])
    vi.spyOn(core.repository, 'devicesWithSession').mockResolvedValue(new Set([BOB]))
    expect(await handled(change)).toEqual([`forget ${BOB}`, `forget ${BOB}`, `assert ${BOB} true`])
  })

  it('does nothing about the identity of a companion or of the own phone', async () => {
    const { handled } = receiverOf()
    await handled(notification('encrypt', '15550002222:4@s.whatsapp.net', child('identity')))
    expect(await handled(notification('encrypt', '15550001111@s.whatsapp.net', child('identity')))).toEqual([])
  })
})
