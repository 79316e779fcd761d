import { describe, expect, it } from 'vitest'
import type { BinaryNode } from '../binary/node.js'
import { buildMediaConnectionRequest, parseMediaConnection } from './media-connection.js'

const now = 1_700_000_000_000

function answerWith(attrs: BinaryNode['attrs'], ...hosts: BinaryNode['attrs'][]): BinaryNode {
  const content = hosts.map(host => ({ tag: 'host', attrs: host }))
  return { tag: 'iq', attrs: {}, content: [{ tag: 'media_conn', attrs, content }] }
}

describe('the media connection (docs/protocol/03, 7.5)', () => {
  it('is asked for', () => {
    expect(buildMediaConnectionRequest()).toEqual({
      tag: 'iq',
      attrs: { to: '@s.whatsapp.net', type: 'set', xmlns: 'w:m' },
      content: [{ tag: 'media_conn', attrs: {} }],
    })
  })

  it('names hosts, fallbacks last', () => {
    const answer = answerWith(
      { auth: 'a', ttl: '300', auth_ttl: '21600' },
      { hostname: 'mmg-fallback.whatsapp.net', type: 'fallback' },
      { hostname: 'media-fra.cdn.whatsapp.net', fallback_hostname: 'fna.whatsapp.net', maxContentLengthBytes: '5' },
      { hostname: 'mmg.whatsapp.net', type: 'primary' },
      { hostname: 'mmg.whatsapp.net' },
    )
    expect(parseMediaConnection(answer, now)).toEqual({
      auth: 'a',
      ttl: 300,
      fetchDate: new Date(now),
      hosts: [
        { hostname: 'media-fra.cdn.whatsapp.net', maxContentLengthBytes: 5 },
        { hostname: 'mmg.whatsapp.net', maxContentLengthBytes: Number.NaN },
        { hostname: 'mmg-fallback.whatsapp.net', maxContentLengthBytes: Number.NaN },
        { hostname: 'fna.whatsapp.net', maxContentLengthBytes: Number.NaN },
      ],
    })
  })

  it.each([
    [{ ttl: '300', auth_ttl: '60' }, 60],
    [{ ttl: '1700000120' }, 120],
    [{ ttl: '1699999999' }, 1],
    [{ ttl: '0' }, 1],
    [{ ttl: '999999' }, 86_400],
    [{}, 86_400],
    [{ ttl: 'soon' }, 86_400],
  ])('lives as long as %o allows', (lifetimes, ttl) => {
    const answer = answerWith({ auth: 'a', ...lifetimes }, { hostname: 'h.whatsapp.net' })
    expect(parseMediaConnection(answer, now).ttl).toBe(ttl)
  })

  it.each<[string, BinaryNode]>([
    ['no media_conn', { tag: 'iq', attrs: {} }],
    ['no permission', answerWith({}, { hostname: 'h.whatsapp.net' })],
    ['no host', answerWith({ auth: 'a' })],
    ['no usable host', answerWith({ auth: 'a' }, { hostname: 'x/y' }, { hostname: 'u@h' }, { hostname: '' }, {})],
  ])('is refused with %s', (_, answer) => {
    expect(() => parseMediaConnection(answer, now)).toThrow(
      expect.objectContaining({ code: 'media-connection-invalid', retryable: true }),
    )
  })
})
