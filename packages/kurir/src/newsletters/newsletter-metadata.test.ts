import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseNewsletterMetadata } from './newsletter-metadata.js'

const id = '120363000000000009@newsletter'

describe('a channel as the service shows it (docs/protocol/05 §4.3)', () => {
  it('is read in the present shape', () => {
    const answer = {
      id,
      state: { type: 'ACTIVE' },
      thread_metadata: {
        creation_time: '1700000000',
        name: { id: '1', text: 'News', update_time: '1700000000000000' },
        description: { id: '1', text: 'of the day', update_time: '1700000000000000' },
        invite: '0029VaAbC',
        handle: null,
        subscribers_count: '12',
        verification: 'VERIFIED',
        picture: { id: '7', type: 'IMAGE', direct_path: '/m1/v/7' },
        preview: null,
        settings: { reaction_codes: { value: 'BASIC' } },
      },
      viewer_metadata: { role: 'ADMIN', settings: [{ type: 'MUTE_ADMIN_ACTIVITY', value: 'ON' }] },
    }
    expect(parseNewsletterMetadata(answer)).toEqual({
      id,
      name: 'News',
      description: 'of the day',
      invite: '0029VaAbC',
      creation_time: 1_700_000_000,
      subscribers: 12,
      picture: { id: '7', directPath: '/m1/v/7' },
      verification: 'VERIFIED',
      mute_state: 'ON',
      reactions: 'BASIC',
      role: 'ADMIN',
      state: answer.state,
      thread_metadata: answer.thread_metadata,
      viewer_metadata: answer.viewer_metadata,
    })
  })

  it('needs neither picture nor viewer: a new channel has none, and strangers are not told (QUIRK of §4.2)', () => {
    const thread_metadata = { name: { text: 'News' }, picture: null, preview: null }
    expect(parseNewsletterMetadata({ id, thread_metadata, viewer_metadata: null })).toEqual({
      id,
      name: 'News',
      thread_metadata,
      viewer_metadata: null,
    })
  })

  it('is read in the older shape, and inside `result`', () => {
    const viewer_metadata = { mute: 'OFF', role: 'OWNER' }
    expect(parseNewsletterMetadata({ result: { id, viewer_metadata } })).toMatchObject({
      mute_state: 'OFF',
      role: 'OWNER',
    })
  })

  it('is undefined for what names no channel', () => {
    for (const answer of [null, undefined, 'x', [], {}, { id: 7 }, { id: '' }, { result: null }]) {
      expect(parseNewsletterMetadata(answer)).toBeUndefined()
    }
  })

  it('takes any JSON without throwing', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (thread, viewer) => {
        expect(
          parseNewsletterMetadata({ id, thread_metadata: thread, viewer_metadata: viewer, state: viewer })?.id,
        ).toBe(id)
      }),
    )
  })
})
