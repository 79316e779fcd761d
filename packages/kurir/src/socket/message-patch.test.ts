import { expect, it } from 'vitest'
import type { proto } from '../proto/index.js'
import { patchMessage } from './message-patch.js'

const message: proto.IMessage = { conversation: 'a' }
const [phone, companion] = ['1@lid', '1:1@lid']

it('one message is for everybody', async () => {
  const patched = await patchMessage(() => ({ conversation: 'b' }), '1@lid', message, [phone])
  expect(patched).toEqual({ message: { conversation: 'b' }, forDevices: new Map() })
})

it('devices may get messages of their own, in either form (docs/protocol/03, 2.11)', async () => {
  const hook = () => [
    { conversation: 'for the phone', recipientJid: phone },
    { message: { conversation: 'for the companion' }, recipientJid: companion },
    { conversation: 'for nobody' },
  ]
  const patched = await patchMessage(hook, '1@lid', message, [phone, companion])
  expect(patched.message).toBe(message)
  expect([...patched.forDevices]).toEqual([
    [phone, { conversation: 'for the phone' }],
    [companion, { conversation: 'for the companion' }],
  ])
})

it('is asked without devices in groups and with none in channels; all read the same there', async () => {
  for (const devices of [undefined, []]) {
    const asked: unknown[] = []
    const hook = (given: proto.IMessage, jids?: string[]) => {
      asked.push(jids)
      return [{ ...given, recipientJid: phone }]
    }
    await expect(patchMessage(hook, '1@g.us', message, devices)).rejects.toMatchObject({ code: 'invalid-patch' })
    expect(asked).toEqual([devices])
  }
})
