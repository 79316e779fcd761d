import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeNode } from '../binary/decode.js'
import { encodeBinaryNode } from '../binary/encode.js'
import type { BinaryNode } from '../binary/node.js'
import {
  buildGroupDirectMessage,
  buildGroupKeyDistribution,
  buildGroupMessage,
  buildPeerMessage,
  buildRetryMessage,
  buildStatusMessage,
  buildUserMessage,
  type EncryptedCopy,
} from './fan-out.js'
import { stanzaAttributesOf } from './stanza-attributes.js'
import { violations } from './testing/stanza-schema.js'

const id = '3EB0AABBCCDDEEFF001122'
const bytes = Buffer.from('ciphertext')
const deviceIdentity = Buffer.alloc(186, 1)
const attributes = stanzaAttributesOf({ conversation: 'hi' })
const copy = (jid: string, type: EncryptedCopy['type'] = 'msg'): EncryptedCopy => ({ jid, type, ciphertext: bytes })
const tags = (node: BinaryNode) => (Array.isArray(node.content) ? node.content.map(child => child.tag) : [])
const reporting: BinaryNode = {
  tag: 'reporting',
  attrs: {},
  content: [{ tag: 'reporting_token', attrs: { v: '2' }, content: Buffer.alloc(16) }],
}

describe('1:1 messages', () => {
  const parts = {
    id,
    to: '100000000000002@lid',
    attributes,
    deviceIdentity,
    copies: [copy('100000000000001@lid'), copy('100000000000002:3@lid', 'pkmsg')],
    recipientAlt: '15550002222@s.whatsapp.net',
    reporting,
    token: { kind: 'tctoken', bytes },
  } as const

  it('fit the schema, children in order', () => {
    const node = buildUserMessage(parts)
    expect(violations(node, 'user')).toEqual([])
    expect(tags(node)).toEqual(['participants', 'device-identity', 'reporting', 'tctoken'])
    expect(node.attrs).toEqual({ id, to: parts.to, type: 'text', peer_recipient_pn: parts.recipientAlt })
  })

  it('carry the device identity exactly with prekey messages (docs/protocol/02, 7.4)', () => {
    expect(tags(buildUserMessage({ ...parts, copies: [copy('1@lid')] }))).not.toContain('device-identity')
    expect(() => buildUserMessage({ ...parts, deviceIdentity: undefined })).toThrow(
      expect.objectContaining({
        code: 'invalid-message-stanza',
        data: expect.objectContaining({ field: 'deviceIdentity' }),
      }),
    )
  })

  it('name the partner by the identity that the destination is not', () => {
    const toPhone = { ...parts, to: '15550002222@s.whatsapp.net', recipientAlt: '100000000000002@lid' }
    const node = buildUserMessage(toPhone)
    expect(violations(node, 'user')).toEqual([])
    expect(node.attrs).toMatchObject({ peer_recipient_lid: '100000000000002@lid' })
    expect(buildUserMessage({ ...parts, recipientAlt: '3@lid' }).attrs).not.toHaveProperty('peer_recipient_pn')
  })

  it('put mediatype and decrypt-fail on every copy', () => {
    const edit = stanzaAttributesOf({
      protocolMessage: { type: 14, editedMessage: { conversation: 'x' }, key: { id: 'A' } },
    })
    const node = buildUserMessage({ ...parts, attributes: edit })
    expect(violations(node, 'user')).toEqual([])
    expect(node.attrs['edit']).toBe('1')
    const image = buildUserMessage({ ...parts, attributes: stanzaAttributesOf({ imageMessage: {} }) })
    expect(violations(image, 'user')).toEqual([])
    expect(JSON.stringify(image)).toContain('"mediatype":"image"')
    expect(JSON.stringify(node).match(/"decrypt-fail":"hide"/g)).toHaveLength(2)
  })

  it('merge extra meta into one child and append other nodes (relayMessage)', () => {
    const poll = stanzaAttributesOf({ pollCreationMessage: { name: 'q' } })
    const extra = {
      attributes: { device_fanout: 'false' },
      nodes: [
        { tag: 'meta', attrs: { appdata: 'default' } },
        { tag: 'biz', attrs: {} },
      ],
    }
    const node = buildUserMessage({ ...parts, attributes: poll, extra })
    expect(tags(node).filter(tag => tag === 'meta')).toHaveLength(1)
    expect(node.attrs['device_fanout']).toBe('false')
    expect(JSON.stringify(node)).toContain('{"polltype":"creation","appdata":"default"}')
    expect(tags(node)).toContain('biz')
  })

  it('are refused without copies, with one device twice, with empty or oversized ciphertexts, to groups', () => {
    const refused = (change: object) => () => buildUserMessage({ ...parts, ...change })
    for (const change of [
      { copies: [] },
      { copies: [copy('1@lid'), copy('1@lid')] },
      { copies: [{ ...copy('1@lid'), ciphertext: new Uint8Array(0) }] },
      { copies: [{ ...copy('1@lid'), ciphertext: new Uint8Array(1_048_577) }] },
      { to: '1@g.us' },
      { to: 'nobody' },
      { id: '' },
    ]) {
      expect(refused(change)).toThrow(expect.objectContaining({ code: 'invalid-message-stanza' }))
    }
  })
})

describe('group messages', () => {
  const parts = {
    id,
    to: '120363000000000001@g.us',
    attributes,
    deviceIdentity,
    addressingMode: 'lid',
    phash: '2:AAAAAAAA',
    senderKeyMessage: bytes,
    keyDistribution: [copy('100000000000002@lid', 'pkmsg'), copy('100000000000002:3@lid')],
    reporting,
  } as const

  it('fit the schema with and without key distribution', () => {
    const node = buildGroupMessage(parts)
    expect(violations(node, 'group')).toEqual([])
    expect(tags(node)).toEqual(['participants', 'enc', 'device-identity', 'reporting'])
    const later = buildGroupMessage({ ...parts, keyDistribution: [] })
    expect(violations(later, 'group')).toEqual([])
    expect(tags(later)).toEqual(['enc', 'reporting'])
  })

  it('keep mediatype off the key distribution (docs/protocol/02, 7.3)', () => {
    const node = buildGroupMessage({ ...parts, attributes: stanzaAttributesOf({ imageMessage: {} }) })
    expect(violations(node, 'group')).toEqual([])
    expect(JSON.stringify(node).match(/mediatype/g)).toHaveLength(1)
  })

  it('pairwise, key-only, status: fit the schema', () => {
    const { keyDistribution, senderKeyMessage: _content, phash, reporting: _token, ...base } = parts
    expect(violations(buildGroupDirectMessage({ ...base, copies: keyDistribution }), 'groupDirect')).toEqual([])
    expect(violations(buildGroupKeyDistribution({ ...base, phash, keyDistribution }), 'groupKeyOnly')).toEqual([])
    const status = buildStatusMessage({
      ...parts,
      to: 'status@broadcast',
      holders: ['100000000000009@lid'],
      meta: { status_setting: 'contacts' },
    })
    expect(violations(status, 'status')).toEqual([])
  })

  it('are refused for persons', () => {
    expect(() => buildGroupMessage({ ...parts, to: '1@lid' })).toThrow(
      expect.objectContaining({ code: 'invalid-message-stanza' }),
    )
  })
})

describe('messages for one device', () => {
  it('peer messages fit the schema', () => {
    const to = '15550001111@s.whatsapp.net'
    const node = buildPeerMessage({ id, to, copy: copy(to, 'pkmsg'), deviceIdentity, pushPriority: 'high_force' })
    expect(violations(node, 'peer')).toEqual([])
    expect(node.attrs).toEqual({ id, to, type: 'text', category: 'peer', push_priority: 'high_force' })
    expect(
      violations(buildPeerMessage({ id, to, copy: copy(to), deviceIdentity, privacySensitive: true }), 'peer'),
    ).toEqual([])
  })

  it('answers to retry receipts carry one direct enc (docs/protocol/02, 10.5)', () => {
    const base = { id, attributes, deviceIdentity, count: 2, timestamp: 1_700_000_000 }
    const person = buildRetryMessage({
      ...base,
      to: '100000000000002:3@lid',
      copy: copy('100000000000002:3@lid', 'pkmsg'),
      target: { kind: 'user', recipientAlt: '15550002222@s.whatsapp.net' },
    })
    expect(violations(person, 'retryUser')).toEqual([])
    expect(tags(person)).toEqual(['enc', 'device-identity'])
    const own = buildRetryMessage({
      ...base,
      to: '100000000000001:4@lid',
      copy: copy('100000000000001:4@lid'),
      target: { kind: 'user', recipient: '100000000000002@lid' },
    })
    expect(violations(own, 'retryUser')).toEqual([])
    const participant = '100000000000002:3@lid'
    const target = { kind: 'group', participant, addressingMode: 'lid' } as const
    const group = buildRetryMessage({ ...base, to: '1@g.us', copy: copy(participant), target })
    expect(violations(group, 'retryGroup')).toEqual([])
    const status = buildRetryMessage({
      ...base,
      to: 'status@broadcast',
      copy: copy(participant),
      target: { kind: 'status', participant },
    })
    expect(violations(status, 'retryStatus')).toEqual([])
  })

  it('refuses a count below 1', () => {
    const parts = {
      id,
      to: '1@lid',
      attributes,
      deviceIdentity,
      copy: copy('1@lid'),
      target: { kind: 'user' } as const,
    }
    expect(() => buildRetryMessage({ ...parts, count: 0 })).toThrow(
      expect.objectContaining({ code: 'invalid-message-stanza' }),
    )
  })
})

it('every built stanza survives the wire', () => {
  const device = fc.tuple(fc.integer({ min: 1, max: 9_999_999 }), fc.integer({ min: 0, max: 99 }))
  const copies = fc.uniqueArray(device, {
    minLength: 1,
    maxLength: 40,
    selector: ([user, number]) => `${user}:${number}`,
  })
  fc.assert(
    fc.property(copies, fc.boolean(), (devices, isFirst) => {
      const list = devices.map(([user, number]) =>
        copy(number === 0 ? `${user}@lid` : `${user}:${number}@lid`, isFirst ? 'pkmsg' : 'msg'),
      )
      const node = buildUserMessage({ id, to: '1@lid', attributes, deviceIdentity, copies: list })
      expect(violations(node, 'user')).toEqual([])
      expect(JSON.stringify(decodeNode(encodeBinaryNode(node)))).toBe(JSON.stringify(node))
    }),
    { numRuns: 50 },
  )
})
