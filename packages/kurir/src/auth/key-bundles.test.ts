import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { BinaryNode } from '../binary/node.js'
import { KurirError } from '../errors/kurir-error.js'
import type { E2ESession } from '../signal/x3dh.js'
import { encodeBigEndian } from './big-endian.js'
import { buildKeyBundleQuery, parseAndInjectE2ESessions, parseKeyBundles } from './key-bundles.js'
import { rejection } from './testing/expect-error.js'

const element = (tag: string, content: BinaryNode[] | Uint8Array, attrs = {}): BinaryNode => ({ tag, attrs, content })
const key = (byte: number) => Buffer.alloc(32, byte)

function user(jid: string, changes: Record<string, BinaryNode | undefined> = {}): BinaryNode {
  const parts: Record<string, BinaryNode | undefined> = {
    registration: element('registration', encodeBigEndian(4242)),
    type: element('type', Buffer.of(5)),
    identity: element('identity', key(1)),
    skey: element('skey', [
      element('id', encodeBigEndian(7, 3)),
      element('value', key(2)),
      element('signature', Buffer.alloc(64, 3)),
    ]),
    key: element('key', [element('id', encodeBigEndian(70_000, 3)), element('value', key(4))]),
    ...changes,
  }
  return element(
    'user',
    Object.values(parts).filter(part => part !== undefined),
    { jid },
  )
}

const answer = (...users: BinaryNode[]): BinaryNode => element('iq', [element('list', users)])

const refused: BinaryNode = {
  tag: 'user',
  attrs: { jid: 'gone@s.whatsapp.net' },
  content: [{ tag: 'error', attrs: { code: '404', text: 'item-not-found' } }],
}

describe('key bundles (docs/protocol/02 §8.1)', () => {
  it('are asked for by device', () => {
    expect(buildKeyBundleQuery(['a:1@lid', 'b@s.whatsapp.net'])).toEqual({
      tag: 'iq',
      attrs: { xmlns: 'encrypt', type: 'get', to: '@s.whatsapp.net' },
      content: [
        {
          tag: 'key',
          attrs: {},
          content: [
            { tag: 'user', attrs: { jid: 'a:1@lid' } },
            { tag: 'user', attrs: { jid: 'b@s.whatsapp.net' } },
          ],
        },
      ],
    })
    const [inner] = buildKeyBundleQuery(['a@lid'], true).content as BinaryNode[]
    expect(inner?.content).toEqual([{ tag: 'user', attrs: { jid: 'a@lid', reason: 'identity' } }])
  })

  it('are read, with and without a one-time key', () => {
    const { bundles, failures } = parseKeyBundles(
      answer(user('a@lid'), user('b@lid', { key: undefined, type: undefined })),
    )
    expect(failures).toEqual([])
    const session = {
      registrationId: 4242,
      identityKey: key(1),
      signedPreKey: { keyId: 7, publicKey: key(2), signature: Buffer.alloc(64, 3) },
    }
    expect(bundles).toEqual([
      {
        jid: 'a@lid',
        session: { ...session, preKey: { keyId: 70_000, publicKey: key(4) } },
        deviceIdentity: undefined,
      },
      { jid: 'b@lid', session, deviceIdentity: undefined },
    ])
    const withIdentity = parseKeyBundles(answer(user('a@lid', { identity2: element('device-identity', Buffer.of(9)) })))
    expect(withIdentity.bundles[0]?.deviceIdentity).toEqual(Buffer.of(9))
  })

  it('that are missing or damaged fail alone (docs/protocol/02 §8.2: Baileys drops the whole answer)', () => {
    const { bundles, failures } = parseKeyBundles(
      answer(
        refused,
        user('short@lid', { identity: element('identity', key(1).subarray(1)) }),
        user('type@lid', { type: element('type', Buffer.of(6)) }),
        user('key@lid', { key: element('key', []) }),
        user('skey@lid', { skey: undefined }),
        user('good@lid'),
      ),
    )
    expect(bundles.map(({ jid }) => jid)).toEqual(['good@lid'])
    expect(failures.map(({ jid, error }) => [jid, error.code])).toEqual([
      ['gone@s.whatsapp.net', 'key-bundle-refused'],
      ['short@lid', 'invalid-key-bundle'],
      ['type@lid', 'invalid-key-bundle'],
      ['key@lid', 'invalid-key-bundle'],
      ['skey@lid', 'invalid-key-bundle'],
    ])
    expect(failures[0]?.error).toMatchObject({ message: 'item-not-found', data: { serverCode: 404 } })
  })

  it('of anything else are none', () => {
    expect(parseKeyBundles({ tag: 'iq', attrs: {} })).toEqual({ bundles: [], failures: [] })
    const node: fc.Memo<BinaryNode> = fc.memo(depth =>
      fc.record({
        tag: fc.constantFrom('list', 'user', 'key', 'skey', 'id', 'value', 'registration', 'error'),
        attrs: fc.dictionary(fc.constantFrom('jid', 'code'), fc.string(), { noNullPrototype: true }),
        content: depth <= 1 ? fc.oneof(fc.string(), fc.uint8Array()) : fc.array(node(depth - 1), { maxLength: 4 }),
      }),
    )
    fc.assert(
      fc.property(node(4), tree => {
        for (const { error } of parseKeyBundles({ tag: 'iq', attrs: {}, content: [tree] }).failures) {
          expect(KurirError.is(error)).toBe(true)
        }
      }),
    )
  })
})

describe('parseAndInjectE2ESessions', () => {
  function repository(forged: readonly string[] = []) {
    const injected: string[] = []
    return {
      injected,
      injectE2ESession: async ({ jid }: { jid: string; session: E2ESession }) => {
        if (forged.includes(jid)) throw new KurirError('untrusted-prekey-signature', 'forged')
        injected.push(jid)
      },
    }
  }

  it('builds what can be built', async () => {
    const devices = Array.from({ length: 250 }, (_, index) => `${index}@lid`)
    const target = repository(['7@lid'])
    await parseAndInjectE2ESessions(answer(refused, ...devices.map(jid => user(jid))), target)
    expect(target.injected).toEqual(devices.filter(jid => jid !== '7@lid'))
  })

  it('fails when nothing could be built', async () => {
    await rejection(parseAndInjectE2ESessions(answer(refused), repository()), 'key-bundle-refused')
    await rejection(
      parseAndInjectE2ESessions(answer(user('a@lid')), repository(['a@lid'])),
      'untrusted-prekey-signature',
    )
    await parseAndInjectE2ESessions(answer(), repository())
  })

  it('builds no session with a companion that nobody vouches for, and asks a repository that keeps identities', async () => {
    const target = repository()
    await parseAndInjectE2ESessions(answer(user('a:4@lid'), user('b@lid')), target)
    expect(target.injected).toEqual(['b@lid'])
    await rejection(parseAndInjectE2ESessions(answer(user('a:4@lid')), repository()), 'device-identity-missing')
    const asked: string[] = []
    const keeping = {
      ...repository(),
      getIdentityKey: async (jid: string) => {
        asked.push(jid)
        return key(1)
      },
      saveIdentityKey: async () => false,
    }
    await parseAndInjectE2ESessions(answer(user('a:4@lid'), user('b@lid')), keeping)
    expect([keeping.injected, asked]).toEqual([['b@lid', 'a:4@lid'], ['a:4@lid']])
  })
})
