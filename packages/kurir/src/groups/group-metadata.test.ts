import { describe, expect, it } from 'vitest'
import { parseGroupMetadata } from './group-metadata.js'

describe('parseGroupMetadata (docs/protocol/05 §1.4)', () => {
  it('reads members under both names, rights and settings', () => {
    const metadata = parseGroupMetadata({
      tag: 'group',
      attrs: {
        id: '120363000000000001',
        subject: 'Neighbours',
        s_t: '1700000100',
        creation: '1700000000',
        creator: '100@lid',
        addressing_mode: 'lid',
      },
      content: [
        { tag: 'participant', attrs: { jid: '100@lid', phone_number: '1555@s.whatsapp.net', type: 'superadmin' } },
        { tag: 'participant', attrs: { jid: '200@lid' } },
        { tag: 'announcement', attrs: {} },
        { tag: 'ephemeral', attrs: { expiration: '86400' } },
        {
          tag: 'description',
          attrs: { id: 'D1', t: '1700000200' },
          content: [{ tag: 'body', attrs: {}, content: 'Rules' }],
        },
      ],
    })
    expect(metadata).toMatchObject({
      id: '120363000000000001@g.us',
      addressingMode: 'lid',
      owner: '100@lid',
      size: 2,
      announce: true,
      restrict: false,
      ephemeralDuration: 86_400,
      desc: 'Rules',
      descTime: 1_700_000_200,
    })
    expect(metadata.participants[0]).toEqual({
      id: '100@lid',
      phoneNumber: '1555@s.whatsapp.net',
      lid: undefined,
      username: undefined,
      admin: 'superadmin',
    })
    expect(metadata.participants[1]?.admin).toBeNull()
  })

  it('takes an approval mode that is switched off for off (docs/protocol/05 §1.4, QUIRK: presence alone counts in Baileys)', () => {
    const withState = (state: string) =>
      parseGroupMetadata({
        tag: 'group',
        attrs: { id: '1' },
        content: [{ tag: 'membership_approval_mode', attrs: {}, content: [{ tag: 'group_join', attrs: { state } }] }],
      }).joinApprovalMode
    expect(withState('on')).toBe(true)
    expect(withState('off')).toBe(false)
  })

  it('refuses a group without an id', () => {
    expect(() => parseGroupMetadata({ tag: 'group', attrs: {} })).toThrowError(
      expect.objectContaining({ code: 'invalid-group-metadata' }),
    )
  })
})
