import { describe, expect, it } from 'vitest'
import type { BinaryNode } from '../binary/node.js'
import { readVectors } from '../binary/testing/vectors.js'
import type { WAMessage } from '../events/message-types.js'
import { proto } from '../proto/index.js'
import { NewsletterReceiver } from './newsletter-receiver.js'
import { testCore } from './testing/collaborator-core.js'

const id = '120363000000000009@newsletter'

/** Content of vectors is written in hex. */
interface VectorNode {
  readonly tag: string
  readonly attrs: BinaryNode['attrs']
  readonly content?: readonly VectorNode[]
  readonly contentHex?: string
}
interface Case {
  readonly id: string
  readonly node: VectorNode
  readonly events: readonly (readonly [name: string, data: unknown])[]
}
const { cases } = readVectors<{ cases: Case[] }>('04-notifications')

const fromVector = ({ tag, attrs, content, contentHex }: VectorNode): BinaryNode =>
  node(tag, attrs, contentHex === undefined ? content?.map(fromVector) : Buffer.from(contentHex, 'hex'))

const node = (tag: string, attrs: BinaryNode['attrs'] = {}, content?: BinaryNode['content']): BinaryNode => ({
  tag,
  attrs,
  ...(content === undefined ? {} : { content }),
})

function setUp() {
  const core = testCore()
  const upserted: WAMessage[] = []
  new NewsletterReceiver(core, { upsert: async message => void upserted.push(message) })
  const live = (...messages: BinaryNode[]) =>
    core.notifications.handle(
      node('notification', { type: 'newsletter', from: id }, [
        node('live_updates', {}, [node('messages', { jid: id, t: '1700000000' }, messages)]),
      ]),
    )
  return { core, upserted, live }
}

describe('what the service tells of channels (docs/protocol/05 §4.8 and §4.9)', () => {
  it.each(cases.filter(({ id: name }) => name.includes('newsletter')))(
    '$id',
    async ({ id: name, node: given, events }) => {
      const { core } = setUp()
      await core.notifications.handle(fromVector(given))
      // Baileys does not know live updates; recommended in §4.8.
      const reaction = { id, server_id: '10', reaction: { code: '👍', count: 3 } }
      const expected = name === 'newsletter-live-updates' ? [['newsletter.reaction', reaction]] : events
      expect(core.events.map(event => [event.name, event.data])).toEqual(expected)
    },
  )

  it('reactions are told when their number changes, and when they vanish', async () => {
    const { core, live } = setUp()
    const totals = (counts: Record<string, number>) =>
      node('message', { server_id: '100' }, [
        node(
          'reactions',
          {},
          Object.entries(counts).map(([code, count]) => node('reaction', { code, count: String(count) })),
        ),
      ])
    await live(totals({ '👍': 1, '👎': 2 }))
    await live(totals({ '👍': 1, '👎': 3 }))
    await live(totals({ '👎': 3 }))
    await live(node('message', { server_id: '100' }, [node('views_count', { count: '5' })]))
    expect(core.named('newsletter.reaction').map(({ reaction }) => reaction)).toEqual([
      { code: '👍', count: 1 },
      { code: '👎', count: 2 },
      { code: '👎', count: 3 },
      { code: '👍', count: 0, removed: true },
    ])
    expect(core.named('newsletter.view')).toEqual([{ id, server_id: '100', count: 5 }])
  })

  it('a post that a follower gets as a stanza too is handed over once', async () => {
    const { core, upserted, live } = setUp()
    const plaintext = node('plaintext', {}, Buffer.from(proto.Message.encode({ conversation: 'hi' }).finish()))
    const post = (postId: string) => node('message', { server_id: '100', id: postId, t: '1' }, [plaintext])
    core.memory.messages.note(`${id} SEEN`, 'handed-over')
    await live(post('SEEN'), post('NEW'))
    await live(post('NEW'))
    expect(upserted.map(({ key }) => key.id)).toEqual(['NEW'])
  })
})
