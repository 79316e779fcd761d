import { describe, expect, it } from 'vitest'
import type { BinaryNode } from '../binary/node.js'
import { proto } from '../proto/index.js'
import { parseNewsletterNotification } from './newsletter-notifications.js'

const id = '120363000000000009@newsletter'
const node = (tag: string, attrs: BinaryNode['attrs'] = {}, content?: BinaryNode['content']): BinaryNode => ({
  tag,
  attrs,
  ...(content === undefined ? {} : { content }),
})
const parse = (...content: BinaryNode[]) =>
  parseNewsletterNotification(
    node('notification', { type: 'newsletter', from: id, id: '1', participant: 'p@lid' }, content),
  )
const plaintext = Buffer.from(proto.Message.encode({ conversation: 'hi' }).finish())

describe('notifications of a channel (docs/protocol/05 §4.8)', () => {
  it('live updates: counters, and content where it comes along', () => {
    const reactions = node('reactions', {}, [
      node('reaction', { code: '👍', count: '3' }),
      node('reaction', { code: '', count: '1' }),
      node('reaction', { code: '👎', count: 'many' }),
    ])
    const votes = node('votes', {}, [node('vote', { count: '2' }, Buffer.alloc(32, 1))])
    const [news] = parse(
      node('live_updates', {}, [
        node('messages', { jid: id, t: '1700000000' }, [
          node('message', { server_id: '100' }, [reactions, votes, node('views_count', { type: 'views', count: '9' })]),
          node('message', { server_id: '101', id: 'A', t: '1700000001', type: 'text', is_sender: 'true' }, [
            node('plaintext', {}, plaintext),
          ]),
          node('message', { server_id: '102', id: 'B', edit: '8' }, [node('plaintext')]),
          node('message', { id: 'without number' }),
        ]),
      ]),
    )
    expect(news).toMatchObject({
      kind: 'posts',
      id,
      posts: [
        {
          serverId: '100',
          reactions: { '👍': 3 },
          votes: { ['01'.repeat(32)]: 2 },
          views: 9,
          message: undefined,
        },
        { serverId: '101', id: 'A', timestamp: 1_700_000_001, fromMe: true, message: { conversation: 'hi' } },
        { serverId: '102', id: 'B', isRevoked: true, message: undefined },
      ],
    })
  })

  it('direct children of older servers', () => {
    expect(parse(node('reaction', { message_id: '100' }, [node('reaction', {}, '👍')]))).toEqual([
      { kind: 'reaction', reaction: { id, server_id: '100', reaction: { code: '👍', count: 1 } } },
    ])
    expect(parse(node('view', { message_id: '100' }, '7'))).toEqual([
      { kind: 'view', view: { id, server_id: '100', count: 7 } },
    ])
    expect(parse(node('participant', { jid: 'u@lid', action: 'promote', role: 'ADMIN' }))).toEqual([
      { kind: 'participants', update: { id, author: 'p@lid', user: 'u@lid', action: 'promote', new_role: 'ADMIN' } },
    ])
    expect(parse(node('update', {}, [node('settings', {}, [node('name', {}, Buffer.from('News'))])]))).toEqual([
      { kind: 'settings', id, update: { name: 'News' } },
    ])
    expect(parse(node('message', { message_id: '100', t: '1' }, [node('plaintext', {}, plaintext)]))).toMatchObject([
      { kind: 'posts', posts: [{ serverId: '100', timestamp: 1, message: { conversation: 'hi' } }] },
    ])
  })

  it('what makes no sense is left out', () => {
    const senseless = [
      node('reaction', { message_id: '100' }),
      node('view', {}, '7'),
      node('view', { message_id: '100' }, '-1'),
      node('participant', { jid: 'u@lid' }),
      node('update', {}, [node('settings')]),
      node('something'),
    ]
    expect(parse(...senseless)).toEqual([])
    expect(parseNewsletterNotification(node('notification', { type: 'newsletter' }, senseless))).toEqual([])
    expect(parseNewsletterNotification(node('notification', { from: id }, 'text'))).toEqual([])
    const broken = node('message', { server_id: '1' }, [node('plaintext', {}, Buffer.from([0xff, 0xff]))])
    expect(parse(node('live_updates', {}, [node('messages', {}, [broken])]))).toMatchObject([
      { posts: [{ serverId: '1', message: undefined }] },
    ])
  })
})
