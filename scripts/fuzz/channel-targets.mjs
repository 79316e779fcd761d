import { messageOfPost } from 'kurir/messages'
import { parseMexAnswer, parseMexNotification } from 'kurir/mex'
import {
  newsletterPushOperations,
  parseNewsletterMetadata,
  parseNewsletterNotification,
  parseNewsletterPush,
} from 'kurir/newsletters'
import { proto } from 'kurir/proto'
import { mutateBytes, mutateNode } from './mutate.mjs'

/** Channels: notifications with posts and counters, GraphQL answers and pushes. */

const channel = '120363000000000009@newsletter'
const plaintext = Buffer.from(proto.Message.encode({ conversation: 'hello' }).finish())
const node = (tag, attrs, content) => ({ tag, attrs, ...(content === undefined ? {} : { content }) })
const notification = content =>
  node('notification', { id: '1', type: 'newsletter', from: channel, t: '1700000000' }, content)

const notifications = [
  notification([
    node('live_updates', {}, [
      node('messages', { jid: channel, t: '1700000000' }, [
        node('message', { server_id: '100', id: 'A', t: '1700000000', type: 'text', edit: '3' }, [
          node('plaintext', {}, plaintext),
          node('meta', { original_msg_t: '1700000000', msg_edit_t: '1700000001000' }),
          node('reactions', {}, [node('reaction', { code: '👍', count: '3' })]),
          node('votes', {}, [node('vote', { count: '1' }, Buffer.alloc(32, 1))]),
          node('views_count', { count: '9' }),
        ]),
      ]),
    ]),
  ]),
  notification([node('reaction', { message_id: '100' }, [node('reaction', {}, '👍')])]),
  notification([node('view', { message_id: '100' }, '7')]),
  notification([node('message', { message_id: '100', t: '1' }, [node('plaintext', {}, plaintext)])]),
]

const metadata = {
  id: channel,
  state: { type: 'ACTIVE' },
  thread_metadata: { name: { text: 'News' }, picture: { id: '1', direct_path: '/a' }, subscribers_count: '7' },
  viewer_metadata: { role: 'OWNER', settings: [{ type: 'MUTE_ADMIN_ACTIVITY', value: 'ON' }] },
  user: { id: '100000000000002@lid' },
  user_new_role: 'ADMIN',
  mute: 'ON',
}
const root = 'xwa2_notify_newsletter_on_join'
const bodies = [
  { data: { [root]: metadata } },
  { data: null, errors: [{ message: 'no', extensions: { error_code: 403, is_retryable: false } }] },
  { operation: 'NotificationNewsletterUpdate', updates: [{ jid: channel, settings: { name: 'a' } }] },
].map(body => Buffer.from(JSON.stringify(body)))

const mexNode = (tag, content) => node('iq', { id: '1', type: 'result' }, [node(tag, { op_name: 'x' }, content)])

export const channelTargets = [
  {
    name: 'channel notifications',
    share: 1,
    make: random => mutateNode(random, random.pick(notifications)),
    run: stanza => {
      for (const news of parseNewsletterNotification(stanza)) {
        for (const post of news.posts ?? []) messageOfPost(channel, post, 1_700_000_000)
      }
    },
  },
  {
    name: 'GraphQL answers and pushes',
    share: 1,
    make: random => mutateBytes(random, random.pick(bodies), bodies),
    run: bytes => {
      for (const { content } of [
        ...parseMexNotification(mexNode('update', bytes)),
        ...parseMexNotification(mexNode('mex', bytes)),
      ]) {
        for (const operation of newsletterPushOperations) parseNewsletterPush(operation, content)
      }
      parseNewsletterMetadata(parseMexAnswer(mexNode('result', bytes), { root, documentId: '1', variables: {} }))
    },
  },
]
