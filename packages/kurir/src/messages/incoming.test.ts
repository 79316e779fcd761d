import { describe, expect, it } from 'vitest'
import type { BinaryNode } from '../binary/node.js'
import { proto } from '../proto/index.js'
import { parseIncomingMessage } from './incoming.js'
import { decodePadded } from './incoming-decryption.js'
import { hex, me, readFixture } from './testing/fixtures.js'

const bytes = Buffer.from('ciphertext')
const enc = (type: string, attrs: Record<string, string> = {}, content: Uint8Array = bytes): BinaryNode => ({
  tag: 'enc',
  attrs: { v: '2', type, ...attrs },
  content,
})
const stanza = (attrs: Record<string, string>, content: BinaryNode[], tag = 'message'): BinaryNode => ({
  tag,
  attrs: { id: 'M1', from: '2:3@lid', t: '1700000000', type: 'text', ...attrs },
  content,
})
const group = { from: '1@g.us', participant: '2:3@lid' }
const typesOf = (node: BinaryNode) => parseIncomingMessage(node, me).parts.map(part => part.type)

describe('taking a message stanza apart', () => {
  it('puts pairwise parts first, whatever their order (docs/protocol/02, 9.2)', () => {
    expect(typesOf(stanza(group, [enc('skmsg'), enc('pkmsg'), enc('msg')]))).toEqual(['pkmsg', 'msg', 'skmsg'])
  })

  it('reads sender keys in groups, status and lists only', () => {
    expect(typesOf(stanza({ from: 'status@broadcast', participant: '2@lid' }, [enc('skmsg')]))).toEqual(['skmsg'])
    const person = parseIncomingMessage(stanza({}, [enc('skmsg')]), me)
    expect(person.parts).toEqual([])
    expect(person.unreadableTypes).toEqual(['skmsg'])
  })

  it('ignores what it cannot read, and names it', () => {
    const { parts, unreadableTypes } = parseIncomingMessage(
      stanza({}, [enc('frskmsg'), enc('msg', { v: '3' }), enc('msg', { session_type: 'pq' }), enc('msg')]),
      me,
    )
    expect(parts).toHaveLength(1)
    expect(unreadableTypes).toEqual(['frskmsg', 'msg', 'msg'])
  })

  it('skips empty parts: a stanza that only hands out a key has one', () => {
    expect(typesOf(stanza(group, [enc('pkmsg'), enc('skmsg', {}, new Uint8Array(0))]))).toEqual(['pkmsg'])
  })

  it('finds its own part in broadcast copies', () => {
    const to = (jid: string): BinaryNode => ({ tag: 'to', attrs: { jid }, content: [enc('msg')] })
    const attrs = { from: '5@broadcast', participant: '2@lid' }
    const copies: BinaryNode = {
      tag: 'participants',
      attrs: {},
      content: [to('15550001111:7@s.whatsapp.net'), to('15550001111:8@s.whatsapp.net'), to('9@lid')],
    }
    expect(typesOf(stanza(attrs, [copies]))).toEqual(['msg'])
  })

  it('reads content of channels only as plaintext', () => {
    const plaintext: BinaryNode = { tag: 'plaintext', attrs: {}, content: bytes }
    expect(parseIncomingMessage(stanza({ from: '1@newsletter', server_id: '7' }, [plaintext]), me).plaintext).toEqual(
      bytes,
    )
    expect(parseIncomingMessage(stanza({}, [plaintext]), me).plaintext).toBeUndefined()
  })

  it('knows peer traffic, resends, offline copies and what is not for this device', () => {
    const peer = parseIncomingMessage(
      stanza({ from: '15550001111@s.whatsapp.net', category: 'peer', offline: '1' }, [enc('msg', { count: '2' })]),
      me,
    )
    expect(peer).toMatchObject({ isPeer: true, offline: true, retryCount: 2, authorIsOwn: true })
    expect(parseIncomingMessage(stanza({}, [enc('msg')], 'appdata'), me).isPeer).toBe(true)
    const unavailable: BinaryNode = { tag: 'unavailable', attrs: { type: 'view_once', hosted: 'true' } }
    expect(parseIncomingMessage(stanza({}, [unavailable]), me).unavailable).toEqual({ type: 'view_once', hosted: true })
  })

  it('reads the name in a business certificate, and survives a damaged one', () => {
    const details = proto.VerifiedNameCertificate.Details.encode({ verifiedName: 'Shop' }).finish()
    const certificate = proto.VerifiedNameCertificate.encode({ details }).finish()
    const named = (content: Uint8Array) =>
      parseIncomingMessage(stanza({}, [enc('msg'), { tag: 'verified_name', attrs: {}, content }]), me)
    expect(named(certificate).verifiedName).toBe('Shop')
    expect(named(Buffer.from('ff', 'hex')).verifiedName).toBeUndefined()
  })

  it('bounds number and size of parts', () => {
    const parse = (content: BinaryNode[]) => () => parseIncomingMessage(stanza({}, content), me)
    expect(parse(Array.from({ length: 17 }, () => enc('msg')))).toThrow(
      expect.objectContaining({ code: 'invalid-stanza' }),
    )
    expect(parse([enc('msg', {}, new Uint8Array(1_048_577))])).toThrow(
      expect.objectContaining({ code: 'invalid-stanza' }),
    )
  })
})

describe('plaintexts of a recorded Baileys session', () => {
  interface E2E {
    plaintext: string
    padded: string
  }
  const found: E2E[] = []
  const collect = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return
    if ('padded' in value && 'plaintext' in value) found.push(value as unknown as E2E)
    for (const member of Object.values(value)) collect(member)
  }
  collect(readFixture('vectors/02-transcripts.json'))

  it('are there', () => expect(found.length).toBeGreaterThan(20))

  it('unpad and decode', () => {
    for (const { plaintext, padded } of found) {
      expect(
        proto.Message.encode(decodePadded(hex(padded)))
          .finish()
          .toString('hex'),
      ).toBe(plaintext)
    }
  })
})
