import { describe, expect, it } from 'vitest'
import { S_WHATSAPP_NET } from '../binary/jid.js'
import type { BinaryNode } from '../binary/node.js'
import { proto } from '../proto/index.js'
import { buildSyncRequest, buildUpload, parseServerSync, parseSyncAnswer, parseUploadAnswer } from './sync-stanza.js'
import { hex, readFixture } from './testing/vectors.js'

interface HasMore {
  readonly id: string
  readonly requests: BinaryNode[]
  readonly responses: { has_more_patches?: string; collectionVersion: string; patchBytes: string[] }[]
}
const { flows } = readFixture<{ flows: HasMore[] }>('vectors/04-flows.json')
const hasMore = flows.find(({ id }) => id === 'resync-has-more')!

const answer = (...collections: BinaryNode[]): BinaryNode => ({
  tag: 'iq',
  attrs: { type: 'result' },
  content: [{ tag: 'sync', attrs: {}, content: collections }],
})
const collection = (name: string, content: BinaryNode[] = [], attrs: BinaryNode['attrs'] = {}): BinaryNode => ({
  tag: 'collection',
  attrs: { name, version: '3', ...attrs },
  content,
})
const patch = (version?: number): BinaryNode => {
  const bytes = proto.SyncdPatch.encode(version === undefined ? {} : { version: { version } }).finish()
  // An empty message has no bytes: this one has a member.
  return { tag: 'patch', attrs: {}, content: bytes.byteLength > 0 ? bytes : hex('4000') }
}
const refused = (code: string, attrs: BinaryNode['attrs'] = {}) =>
  collection('regular', [{ tag: 'error', attrs: { code, text: 'why' } }], { type: 'error', ...attrs })

describe('requests for app state', () => {
  it('the vector: a snapshot first, then from the version that is known (docs/protocol/04, 1.3)', () => {
    const requests = [
      buildSyncRequest([{ collection: 'regular_low', version: 0, snapshot: true }]),
      buildSyncRequest([{ collection: 'regular_low', version: 2, snapshot: false }]),
    ]
    expect(requests.map(({ content }) => content)).toEqual(hasMore.requests.map(({ content }) => content))
    expect(requests[0]!.attrs).toEqual({ to: S_WHATSAPP_NET, type: 'set', xmlns: 'w:sync:app:state' })
  })

  it('an upload is a patch on a version (docs/protocol/04, 1.16)', () => {
    const bytes = Buffer.from('patch')
    expect(buildUpload('regular', 7, bytes).content).toEqual([
      {
        tag: 'sync',
        attrs: {},
        content: [
          {
            tag: 'collection',
            attrs: { name: 'regular', version: '7', return_snapshot: 'false' },
            content: [{ tag: 'patch', attrs: {}, content: bytes }],
          },
        ],
      },
    ])
  })
})

describe('answers about app state', () => {
  it('the vector: patches with their versions, those without counted on (docs/protocol/04, 1.4)', () => {
    const [first] = hasMore.responses
    const patches = first!.patchBytes.map(text => ({ tag: 'patch', attrs: {}, content: hex(text) }))
    const node = collection('regular_low', [{ tag: 'patches', attrs: {}, content: patches }], {
      has_more_patches: 'true',
      version: first!.collectionVersion,
    })
    const parsed = parseSyncAnswer(answer(node)).get('regular_low')!
    expect(parsed).toMatchObject({ version: 0, hasMore: true, refusal: undefined, unreadable: undefined })
    expect(parsed.patches.map(({ version }) => Number(version?.version))).toEqual([1, 2])
  })

  it('patches come in the order of their versions, wherever they lie', () => {
    const nested = collection('regular', [{ tag: 'patches', attrs: {}, content: [patch(5), patch(4)] }])
    const flat = collection('regular_low', [patch(2), { tag: 'other', attrs: {} }, patch(1)])
    const answers = parseSyncAnswer(answer(nested, flat))
    const versions = [...answers.values()].map(({ patches }) => patches.map(({ version }) => Number(version?.version)))
    expect(versions).toEqual([
      [4, 5],
      [1, 2],
    ])
  })

  it('a snapshot is a reference', () => {
    const content = proto.ExternalBlobReference.encode({ directPath: '/x' }).finish()
    const parsed = parseSyncAnswer(answer(collection('regular', [{ tag: 'snapshot', attrs: {}, content }])))
    expect(parsed.get('regular')?.snapshot).toMatchObject({ directPath: '/x' })
  })

  it('leaves out what nobody knows, and of two the second', () => {
    const parsed = parseSyncAnswer(answer(collection('critical'), collection('regular'), refused('409')))
    expect([...parsed.keys()]).toEqual(['regular'])
    expect(parsed.get('regular')?.refusal).toBeUndefined()
    expect(parseSyncAnswer({ tag: 'iq', attrs: {} }).size).toBe(0)
  })

  it('damage in one collection does not harm the others', () => {
    const damaged = collection('regular', [{ tag: 'patch', attrs: {}, content: hex('ffff') }])
    const parsed = parseSyncAnswer(answer(damaged, collection('regular_low', [patch(1)])))
    expect(parsed.get('regular')?.unreadable).toMatchObject({ code: 'invalid-app-state' })
    expect(parsed.get('regular_low')?.patches).toHaveLength(1)
  })

  it.each([
    [answer(collection('regular', [], { version: '8' })), { kind: 'accepted', version: 8 }],
    [answer(collection('regular', [], { version: 'x' })), { kind: 'accepted', version: undefined }],
    [answer(refused('409', { has_more_patches: 'true' })), { kind: 'conflict', answer: { hasMore: true } }],
    [answer(refused('400')), { kind: 'refused', refusal: { code: 400, text: 'why' } }],
    [answer(collection('regular', [], { type: 'error' })), { kind: 'refused', refusal: { code: Number.NaN } }],
    [answer(collection('regular_low')), { kind: 'refused' }],
  ])('to an upload: %#', (node, expected) => {
    expect(parseUploadAnswer('regular', node)).toMatchObject(expected)
  })
})

describe('news of collections', () => {
  it('the vector: all that are named (docs/protocol/04, 1.19)', () => {
    const { cases } = readFixture<{ cases: { id: string; node: BinaryNode }[] }>('vectors/04-notifications.json')
    const { node } = cases.find(({ id }) => id === 'server_sync')!
    expect([...parseServerSync(node)]).toEqual([
      ['regular', 5],
      ['regular_high', 7],
    ])
  })

  it('are bounded, and without a usable version only say that there is something', () => {
    const content = [
      ...Array.from({ length: 20 }, () => collection('regular', [], { version: '-1' })),
      collection('regular_low'),
    ]
    expect([...parseServerSync({ tag: 'notification', attrs: {}, content })]).toEqual([['regular', undefined]])
  })
})
