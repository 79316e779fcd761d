import { describe, expect, it } from 'vitest'
import {
  buildMessagesRequest,
  buildUpdatesRequest,
  buildViewReceipt,
  liveUpdatesDuration,
} from './newsletter-requests.js'

const jid = '120363000000000009@newsletter'

describe('requests about posts (docs/protocol/05 §4.5)', () => {
  it('posts are asked for by channel or by invitation, at most 300 at once', () => {
    const asked = (key: string, range: object) => {
      const [messages] = buildMessagesRequest(key, range).content as { attrs: object }[]
      return messages?.attrs
    }
    expect(asked(jid, {})).toEqual({ type: 'jid', jid, count: '50' })
    expect(asked(jid, { count: 1000, before: 120 })).toEqual({ type: 'jid', jid, count: '300', before: '120' })
    expect(asked('https://whatsapp.com/channel/0029Va', { count: 0, after: '7' })).toEqual({
      type: 'invite',
      key: '0029Va',
      count: '1',
      after: '7',
    })
  })

  it('updates name exactly one of before and after, as the present client does', () => {
    const asked = (since: number | undefined, range: object) => {
      const request = buildUpdatesRequest(jid, since, range)
      expect(request.attrs).toMatchObject({ to: jid, type: 'get', xmlns: 'newsletter' })
      return (request.content as { attrs: object }[])[0]?.attrs
    }
    expect(asked(1_700_000_000.5, { count: 5, after: 100 })).toEqual({ count: '5', since: '1700000000', after: '100' })
    expect(asked(undefined, { count: 5 })).toEqual({ count: '5', before: '2147476647' })
  })

  it('views name the numbers of the posts', () => {
    expect(buildViewReceipt('R', jid, ['100', '101'])).toEqual({
      tag: 'receipt',
      attrs: { id: 'R', to: jid, type: 'view' },
      content: [
        {
          tag: 'list',
          attrs: {},
          content: [
            { tag: 'item', attrs: { server_id: '100' } },
            { tag: 'item', attrs: { server_id: '101' } },
          ],
        },
      ],
    })
  })

  it('a grant without a time is none', () => {
    const answer = (attrs: Record<string, string>) => ({
      tag: 'iq',
      attrs: {},
      content: [{ tag: 'live_updates', attrs }],
    })
    expect(liveUpdatesDuration(answer({ duration: '300' }))).toBe('300')
    expect(liveUpdatesDuration(answer({}))).toBeUndefined()
    expect(liveUpdatesDuration(answer({ duration: 'soon' }))).toBeUndefined()
  })
})
