import type { BinaryNode } from 'kurir/binary'
import { describe, expect, it } from 'vitest'
import { element } from '../router/stanzas.js'
import { recordedClientStanzas } from '../testing/vectors.js'
import { StanzaValidator } from './stanza-validator.js'

const validator = new StanzaValidator()

const misfit = (node: BinaryNode, mode: 'strict' | 'lenient'): string | undefined => {
  const request = node.tag === 'iq' && (node.attrs['type'] === 'get' || node.attrs['type'] === 'set')
  return request ? validator.checkRequest(node, mode)?.message : validator.check(node, mode)
}

const enc = (type: string, attrs: Record<string, string> = {}) =>
  element('enc', { v: '2', type, ...attrs }, Buffer.alloc(60, 1))
const to = (jid: string, type = 'msg') => element('to', { jid }, [enc(type)])
const identity = element('device-identity', {}, Buffer.alloc(180, 1))
const userMessage = (children: BinaryNode[], attrs: Record<string, string> = {}) =>
  element('message', { id: '3EB0A', to: '15550002222@s.whatsapp.net', type: 'text', ...attrs }, children)
const groupMessage = (children: BinaryNode[], attrs: Record<string, string> = {}) =>
  element(
    'message',
    { id: '3EB0A', to: '120363000000000001@g.us', type: 'text', addressing_mode: 'lid', ...attrs },
    children,
  )

describe('stanzas recorded from a real client', () => {
  const stanzas = recordedClientStanzas()

  it.each(stanzas.map(({ transcript, node }, index) => [`${transcript} #${index} <${node.tag}>`, node] as const))(
    'lenient mode accepts %s',
    (_, node) => {
      expect(misfit(node, 'lenient')).toBeUndefined()
    },
  )

  it('strict mode refuses exactly the known deviations of Baileys', () => {
    const refused = stanzas.map(({ node }) => misfit(node, 'strict')).filter(message => message !== undefined)
    expect([...new Set(refused)].sort()).toEqual([
      'ack: <ack> must not have the attribute from',
      'group: <message> lacks the attribute phash',
      'state: <presence> lacks the attribute type',
    ])
  })
})

describe('messages', () => {
  it('accepts the current forms', () => {
    expect(
      misfit(userMessage([element('participants', {}, [to('15550002222@s.whatsapp.net')])]), 'strict'),
    ).toBeUndefined()
    expect(misfit(groupMessage([enc('skmsg')], { phash: '2:+TUXDN6y' }), 'strict')).toBeUndefined()
  })

  it.each<[string, BinaryNode]>([
    [
      'an attribute of groups in 1:1',
      userMessage([element('participants', {}, [to('1@lid')])], { addressing_mode: 'lid' }),
    ],
    ['an unknown child', userMessage([element('participants', {}, [to('1@lid')]), element('sugar')])],
    ['a message without participants', userMessage([])],
    ['a device twice', userMessage([element('participants', {}, [to('1@lid'), to('1@lid')])])],
    ['a pkmsg without device-identity', userMessage([element('participants', {}, [to('1@lid', 'pkmsg')])])],
    ['device-identity without a pkmsg', userMessage([element('participants', {}, [to('1@lid')]), identity])],
    ['a skmsg in 1:1', userMessage([element('participants', {}, [to('1@lid', 'skmsg')])])],
    [
      'a twin of the wrong kind',
      userMessage([element('participants', {}, [to('1@lid')])], { peer_recipient_pn: '155@s.whatsapp.net' }),
    ],
    ['a malformed phash', groupMessage([enc('skmsg')], { phash: '2:abc' })],
    ['a group message without its content', groupMessage([], { phash: '2:+TUXDN6y' })],
    [
      'an admin revoke with decrypt-fail',
      groupMessage([enc('skmsg', { 'decrypt-fail': 'hide' })], { phash: '2:+TUXDN6y', edit: '8' }),
    ],
    ['a repetition with count 6', userMessage([enc('msg', { count: '6' })], { device_fanout: 'false' })],
    ['a repetition without device_fanout', userMessage([enc('msg', { count: '1' })])],
    [
      'an empty ciphertext',
      userMessage([
        element('participants', {}, [element('to', { jid: '1@lid' }, [element('enc', { v: '2', type: 'msg' })])]),
      ]),
    ],
  ])('refuses %s', (_, node) => {
    expect(misfit(node, 'strict')).toBeTypeOf('string')
  })

  it('tolerates in lenient mode how Baileys repeats a group message', () => {
    const children = [enc('pkmsg', { count: '1' }), element('participants', {}, [to('1:1@lid', 'pkmsg')]), identity]
    const attrs = { id: '3EB0A', to: '120363000000000001@g.us', type: 'text', participant: '1:1@lid' }
    const repeated = element('message', attrs, children)
    expect(misfit(repeated, 'lenient')).toBeUndefined()
    expect(misfit(repeated, 'strict')).toBeTypeOf('string')
  })

  it('does not ask a phone for a device identity', () => {
    const node = userMessage([element('participants', {}, [to('1@lid', 'pkmsg')])])
    expect(validator.check(node, 'strict', true)).toBeUndefined()
  })
})

describe('receipts', () => {
  const receipt = (attrs: Record<string, string>, children?: BinaryNode[]) =>
    element('receipt', { id: 'A1', ...attrs }, children)
  const retry = (count: string, id = 'A1') => element('retry', { v: '1', count, id, t: '1700000000' })
  const registration = element('registration', {}, Buffer.alloc(4, 1))

  it('accepts delivery, reading and a first retry', () => {
    expect(misfit(receipt({ to: '1@lid' }), 'strict')).toBeUndefined()
    expect(misfit(receipt({ to: '1@g.us', participant: '2:3@lid', type: 'read' }), 'strict')).toBeUndefined()
    expect(misfit(receipt({ to: '1@lid', type: 'retry' }, [retry('1'), registration]), 'strict')).toBeUndefined()
  })

  it.each<[string, BinaryNode]>([
    ['a participant in 1:1', receipt({ to: '1@lid', participant: '2@lid' })],
    ['no participant in a group', receipt({ to: '1@g.us' })],
    ['an unknown type', receipt({ to: '1@lid', type: 'smelled' })],
    ['a retry that names another id', receipt({ to: '1@lid', type: 'retry' }, [retry('1', 'B2'), registration])],
    ['a second retry without keys', receipt({ to: '1@lid', type: 'retry' }, [retry('2'), registration])],
    ['a sixth retry', receipt({ to: '1@lid', type: 'retry' }, [retry('6'), registration])],
  ])('refuses %s', (_, node) => {
    expect(misfit(node, 'strict')).toBeTypeOf('string')
  })
})

describe('requests', () => {
  const request = (attrs: Record<string, string>, children?: BinaryNode[]) =>
    element('iq', { id: '1', to: '@s.whatsapp.net', ...attrs }, children)

  it('tells unknown namespaces, unknown operations and malformed requests apart', () => {
    expect(validator.checkRequest(request({ xmlns: 'w:nothing', type: 'get' }), 'strict')?.code).toBe(400)
    expect(
      validator.checkRequest(request({ xmlns: 'encrypt', type: 'get' }, [element('nothing')]), 'strict')?.code,
    ).toBe(501)
    expect(validator.checkRequest(request({ xmlns: 'encrypt', type: 'get' }, [element('key')]), 'strict')?.code).toBe(
      400,
    )
    const wrongAddress = request({ xmlns: 'encrypt', type: 'get', to: '1@g.us' }, [element('count')])
    expect(validator.checkRequest(wrongAddress, 'strict')?.code).toBe(479)
  })

  it('does not depend on the order of children', () => {
    const parts = [
      element('registration', {}, Buffer.alloc(4, 1)),
      element('type', {}, Buffer.of(5)),
      element('identity', {}, Buffer.alloc(32, 1)),
      element('list', {}, [
        element('key', {}, [element('id', {}, Buffer.alloc(3, 1)), element('value', {}, Buffer.alloc(32))]),
      ]),
      element('skey', {}, [
        element('id', {}, Buffer.alloc(3, 1)),
        element('value', {}, Buffer.alloc(32)),
        element('signature', {}, Buffer.alloc(64)),
      ]),
    ]
    for (const children of [parts, [...parts].reverse()]) {
      expect(validator.checkRequest(request({ xmlns: 'encrypt', type: 'set' }, children), 'strict')).toBeUndefined()
    }
  })

  it('accepts either of two optional first children', () => {
    const member = element('participant', { jid: '1@lid' })
    for (const tag of ['promote', 'demote']) {
      const change = request({ xmlns: 'w:g2', type: 'set', to: '1@g.us' }, [element(tag, {}, [member])])
      expect(validator.checkRequest(change, 'strict')).toBeUndefined()
    }
  })
})
