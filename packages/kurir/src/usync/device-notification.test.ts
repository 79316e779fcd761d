import { describe, expect, it } from 'vitest'
import type { BinaryNode } from '../binary/node.js'
import { KurirError } from '../errors/index.js'
import { parseDeviceNotification, parseOwnDevices } from './device-notification.js'

const node = (tag: string, attrs: Record<string, string> = {}, content?: BinaryNode['content']): BinaryNode =>
  content === undefined ? { tag, attrs } : { tag, attrs, content }
const notification = (content: BinaryNode[], attrs: Record<string, string> = {}): BinaryNode =>
  node('notification', { from: '1@s.whatsapp.net', id: 'N1', type: 'devices', t: '1700000000', ...attrs }, content)
const list = Buffer.of(1, 2)
const add = node('add', { device_hash: '2:aaaaaaaa', device_lid_hash: '2:bbbbbbbb' }, [
  node('device', { jid: '1:4@s.whatsapp.net', 'key-index': '7', lid: '10:4@lid' }),
  node('key-index-list', { ts: '1700000000' }, list),
])
const remove = node('remove', { device_hash: '2:aaaaaaaa' }, [
  node('device', { jid: '1:2@s.whatsapp.net', 'key-index': '2' }),
  node('device', { jid: '1:99@hosted' }),
  node('key-index-list', { ts: '1' }),
])

describe('device notifications (docs/protocol/02 §5.6)', () => {
  it('of an added device', () => {
    expect(parseDeviceNotification(notification([add], { lid: '10@lid' }))).toEqual({
      kind: 'add',
      user: '1@s.whatsapp.net',
      userLid: '10@lid',
      devices: [{ jid: '1:4@s.whatsapp.net', id: 4, keyIndex: 7, isHosted: false, lid: '10:4@lid' }],
      deviceHash: '2:aaaaaaaa',
      deviceLidHash: '2:bbbbbbbb',
      keyIndex: { timestamp: 1700000000, signedKeyIndex: list },
    })
  })

  it('of removed devices', () => {
    expect(parseDeviceNotification(notification([remove]))).toEqual({
      kind: 'remove',
      user: '1@s.whatsapp.net',
      devices: [
        { jid: '1:2@s.whatsapp.net', id: 2, keyIndex: 2, isHosted: false },
        { jid: '1:99@hosted', id: 99, isHosted: true },
      ],
      deviceHash: '2:aaaaaaaa',
      keyIndex: { timestamp: 1 },
    })
  })

  it('of a contact known by hash', () => {
    const update = node('update', { hash: 'abc', lid_hash: 'def' })
    expect(parseDeviceNotification(notification([update]))).toEqual({ kind: 'update', hash: 'abc', lidHash: 'def' })
    expect(parseDeviceNotification(notification([node('update')]))).toEqual({ kind: 'update' })
  })

  it('count once: remove before add before update', () => {
    const update = node('update', { hash: 'abc' })
    expect(parseDeviceNotification(notification([update, add, remove]))?.kind).toBe('remove')
    expect(parseDeviceNotification(notification([update, add]))?.kind).toBe('add')
    expect(parseDeviceNotification(notification([node('groups')]))).toBeUndefined()
  })

  it('may name devices by phone number under a LID', () => {
    const parsed = parseDeviceNotification(notification([add], { from: '10@lid' }))
    expect(parsed).toMatchObject({ kind: 'add', user: '10@lid', devices: [{ id: 4, lid: '10:4@lid' }] })
  })

  const malformed: [what: string, stanza: BinaryNode][] = [
    ['without sender', notification([add], { from: '' })],
    ['about a device of somebody else', notification([add], { from: '2@s.whatsapp.net' })],
    ['about a device without JID', notification([node('add', {}, [node('device', { 'key-index': '1' })])])],
    ['about a device without number', notification([node('add', {}, [node('device', { jid: '1:x@s.whatsapp.net' })])])],
    [
      'about a device beyond a byte',
      notification([node('add', {}, [node('device', { jid: '1:256@s.whatsapp.net' })])]),
    ],
    [
      'with a key index that is none',
      notification([node('add', {}, [node('device', { jid: '1:4@s.whatsapp.net', 'key-index': '-1' })])]),
    ],
    ['with a list without time', notification([node('add', {}, [node('key-index-list', {}, list)])])],
  ]
  for (const [what, stanza] of malformed) {
    it(`${what} are refused`, () => {
      expect(() => parseDeviceNotification(stanza)).toThrow(KurirError)
      expect(() => parseDeviceNotification(stanza)).toThrow(expect.objectContaining({ code: 'invalid-usync-result' }))
    })
  }
})

describe('the own list in account_sync', () => {
  it('reads like an answer about devices', () => {
    const devices = node('devices', { dhash: '2:cccccccc' }, [
      node('device', { jid: '1@s.whatsapp.net' }),
      node('device', { jid: '1:4@s.whatsapp.net', 'key-index': '7' }),
      node('key-index-list', { ts: '1700000000', expected_ts: '1700000009' }, list),
    ])
    expect(parseOwnDevices(notification([devices], { type: 'account_sync' }))).toEqual({
      user: '1@s.whatsapp.net',
      deviceList: [
        { id: 0, isHosted: false },
        { id: 4, keyIndex: 7, isHosted: false },
      ],
      keyIndex: { timestamp: 1700000000, signedKeyIndex: list, expectedTimestamp: 1700000009 },
      deviceHash: '2:cccccccc',
    })
  })

  it('may be missing or empty', () => {
    expect(parseOwnDevices(notification([node('picture')]))).toBeUndefined()
    expect(parseOwnDevices(notification([node('devices', { dhash: '2:c' })]))).toEqual({
      user: '1@s.whatsapp.net',
      deviceHash: '2:c',
    })
  })
})
