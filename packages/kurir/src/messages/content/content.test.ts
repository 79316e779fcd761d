import { describe, expect, it, vi } from 'vitest'
import type { WAMessage, WAMessageKey } from '../../events/message-types.js'
import { proto } from '../../proto/index.js'
import { generateWAMessageContent } from '../generate.js'
import { plain, readFixture } from '../testing/fixtures.js'
import type { AnyMessageContent, MessageContentGenerationOptions } from './content-types.js'
import { prepareDisappearingMessageSettingContent } from './disappearing.js'
import { generateForwardMessageContent } from './forward.js'

const now = 1_700_000_000_123
const peer = '15550002222@s.whatsapp.net'
const group = '120363000000000001@g.us'
const key: WAMessageKey = { remoteJid: peer, fromMe: false, id: '3EB0AABBCCDDEEFF001122' }
const ownKey: WAMessageKey = { ...key, fromMe: true }

/** The content alone, without the random secret. */
async function contentOf(content: AnyMessageContent, options: MessageContentGenerationOptions = {}) {
  const { messageContextInfo, ...rest } = await generateWAMessageContent(content, { jid: peer, now, ...options })
  return rest as proto.IMessage
}

describe('kinds of Kurir’s own', () => {
  const { cases } = readFixture<{ cases: { name: string; messageProtoHex: string }[] }>(
    'vectors/03-messages-extra.json',
  )
  const places = { degreesLatitude: 52.5, degreesLongitude: 13.4, accuracyInMeters: 10, speedInMps: 1.5 }
  const lunch = { name: 'Lunch?', values: ['Pizza', 'Sushi'], selectableCount: 1 }
  const samples: Record<string, AnyMessageContent> = {
    keep: { keep: key },
    live_location: {
      liveLocation: {
        ...places,
        degreesClockwiseFromMagneticNorth: 90,
        caption: 'on my way',
        sequenceNumber: 1_700_000_000_123_000,
        timeOffset: 0,
      },
    },
    order: {
      order: {
        orderId: '1234567890',
        itemCount: 2,
        status: 1,
        surface: 1,
        message: 'Order please',
        orderTitle: 'Shop',
        sellerJid: peer,
        token: 'AR6tok==',
        totalAmount1000: 25_000,
        totalCurrencyCode: 'EUR',
        messageVersion: 2,
      },
    },
    poll_add_option_enabled: { poll: { ...lunch, allowAddOption: true } },
    poll_hidden_voters: { poll: { ...lunch, selectableCount: 2, hideParticipantName: true } },
    poll_default_single: { poll: { ...lunch, allowAddOption: false, hideParticipantName: false } },
    poll_result_snapshot: {
      pollResult: {
        name: 'Lunch?',
        votes: [
          { name: 'Pizza', count: 3 },
          { name: 'Sushi', count: 1 },
        ],
      },
    },
    event_with_reminder: {
      event: {
        name: 'Party',
        startDate: new Date(1_700_003_600_000),
        endDate: new Date(1_700_007_200_000),
        location: { degreesLatitude: 1.5, degreesLongitude: 2.5, name: 'Home' },
        extraGuestsAllowed: true,
        reminderOffset: 900,
      },
    },
    comment_plain: { raw: { commentMessage: { message: { conversation: 'c' }, targetMessageKey: key } } },
  }

  for (const [name, content] of Object.entries(samples)) {
    it(name, async () => {
      const vector = cases.find(each => each.name === name)
      const expected = plain(proto.Message.decode(Buffer.from(vector?.messageProtoHex ?? '', 'hex')))
      const { isScheduleCall, ...event } = (await contentOf(content)).eventMessage ?? {}
      const made = event.name ? { eventMessage: event } : await contentOf(content)
      const again = proto.Message.decode(proto.Message.encode(made).finish())
      // Polls have a type in newer schemas; its default need not be written.
      expect(plain(again)).toEqual(JSON.parse(JSON.stringify(expected).replace(',"pollType":0', '')))
      expect(isScheduleCall ?? false).toBe(false)
    })
  }
})

describe('a key inside a message', () => {
  const keyIn = async (react: WAMessageKey, jid?: string) =>
    (await contentOf({ react: { text: 'x', key: react } }, { jid })).reactionMessage?.key

  it('names the chat as it is addressed now (docs/protocol/03, 1.2)', async () => {
    expect(await keyIn({ ...key, remoteJid: '100000000000002@lid' }, peer)).toEqual(key)
    expect(await keyIn({ id: 'A', fromMe: true }, peer)).toEqual({ remoteJid: peer, fromMe: true, id: 'A' })
    expect(await keyIn({ ...key, remoteJidAlt: '1@lid', server_id: '7' } as WAMessageKey, undefined)).toEqual(key)
  })

  it('names the author in groups alone, without device', async () => {
    const participant = '15550003333:4@s.whatsapp.net'
    expect(await keyIn({ ...key, remoteJid: group, participant }, group)).toEqual({
      ...key,
      remoteJid: group,
      participant: '15550003333@s.whatsapp.net',
    })
    expect(await keyIn({ ...key, participant }, peer)).toEqual(key)
  })

  it('stays that of a status, whose author is addressed', async () => {
    const status = { remoteJid: 'status@broadcast', fromMe: false, id: 'S', participant: peer }
    expect(await keyIn(status, peer)).toEqual(status)
  })

  it('of another chat is refused', async () => {
    await expect(keyIn({ ...key, remoteJid: '120363000000000002@g.us' }, group)).rejects.toMatchObject({
      data: { field: 'react.key.remoteJid' },
    })
    await expect(keyIn({ ...key, remoteJid: group }, peer)).rejects.toMatchObject({ code: 'invalid-content' })
  })
})

describe('the timer of a chat', () => {
  const setting = (content: AnyMessageContent) => contentOf(content)
  it('is set by a bare message with its time (docs/protocol/03, 14; Baileys wraps it)', async () => {
    for (const [wanted, seconds] of [
      [true, 604_800],
      [false, 0],
      [7_776_000, 7_776_000],
    ] as const) {
      expect(await setting({ disappearingMessagesInChat: wanted })).toEqual({
        protocolMessage: { type: 3, ephemeralExpiration: seconds, ephemeralSettingTimestamp: 1_700_000_000 },
      })
    }
    expect(prepareDisappearingMessageSettingContent().protocolMessage?.ephemeralExpiration).toBe(0)
  })
})

describe('forwarding', () => {
  const forward = (message: proto.IMessage, fromMe = false): WAMessage => ({ key: { ...key, fromMe }, message })

  it('counts, and takes neither mentions nor quotes along', () => {
    const contextInfo = {
      forwardingScore: 3,
      mentionedJid: [peer],
      stanzaId: 'Q',
      quotedMessage: { conversation: 'q' },
    }
    const { imageMessage } = generateForwardMessageContent(forward({ imageMessage: { caption: 'c', contextInfo } }))
    expect(imageMessage?.contextInfo).toEqual({ forwardingScore: 4, isForwarded: true })
  })

  it('gives the copy a secret of its own (docs/protocol/03, 2.5)', async () => {
    const messageContextInfo = { messageSecret: Buffer.alloc(32, 7) }
    const made = await generateWAMessageContent({
      forward: forward({ messageContextInfo, pollCreationMessage: { name: 'q', options: [{ optionName: 'a' }] } }),
    })
    expect(made.pollCreationMessage).toMatchObject({ name: 'q', contextInfo: { isForwarded: true } })
    expect(made.messageContextInfo?.messageSecret).toHaveLength(32)
    expect(made.messageContextInfo?.messageSecret).not.toEqual(messageContextInfo.messageSecret)
  })

  it('looks through wrappers and leaves the original alone', () => {
    const original = { viewOnceMessageV2: { message: { imageMessage: { caption: 'c' } } } }
    expect(generateForwardMessageContent(forward(original)).imageMessage?.caption).toBe('c')
    expect(original).toEqual({ viewOnceMessageV2: { message: { imageMessage: { caption: 'c' } } } })
  })

  it('does not count an own message unless forced', () => {
    expect(generateForwardMessageContent(forward({ conversation: 'a' }, true))).toMatchObject({
      extendedTextMessage: { text: 'a', contextInfo: {} },
    })
    expect(
      generateForwardMessageContent(forward({ conversation: 'a' }, true), true).extendedTextMessage?.contextInfo,
    ).toEqual({ forwardingScore: 1, isForwarded: true })
  })
})

describe('an invitation to a group', () => {
  const groupInvite = { inviteCode: 'AbCd', inviteExpiration: 1_700_259_200, text: 'join', jid: group, subject: 'Grp' }
  it('shows the picture of the group when there is one', async () => {
    const getGroupPicture = vi.fn(async () => Buffer.from('jpeg'))
    const { groupInviteMessage } = await contentOf({ groupInvite }, { getGroupPicture })
    expect(groupInviteMessage?.jpegThumbnail).toEqual(Buffer.from('jpeg'))
    expect(getGroupPicture).toHaveBeenCalledWith(group)
  })
  it('goes without one when that fails (docs/protocol/03, 2.4; Baileys fails)', async () => {
    const getGroupPicture = () => Promise.reject(new Error('no picture'))
    expect((await contentOf({ groupInvite }, { getGroupPicture })).groupInviteMessage).toMatchObject({
      groupName: 'Grp',
    })
  })
})

describe('modifiers', () => {
  const image: AnyMessageContent = { raw: { imageMessage: { caption: 'c' } } }
  it('view once is a flag on the media (docs/protocol/03, 14; Baileys wraps)', async () => {
    expect(await contentOf({ ...image, viewOnce: true })).toEqual({ imageMessage: { caption: 'c', viewOnce: true } })
  })
  it('mentions in polls stand on the poll (docs/protocol/03, 2.9)', async () => {
    const { pollCreationMessage } = await contentOf({ poll: { name: 'q', values: ['a', 'b'] }, mentions: [peer] })
    expect(pollCreationMessage?.contextInfo?.mentionedJid).toEqual([peer])
  })
  it('an album is named in the context of its items', async () => {
    const made = await generateWAMessageContent({ ...image, albumParentKey: ownKey }, { jid: peer })
    expect(made.messageContextInfo?.messageAssociation).toEqual({ associationType: 1, parentMessageKey: ownKey })
    expect(made.messageContextInfo?.messageSecret).toHaveLength(32)
  })
  it('a caption is edited like a text', async () => {
    expect((await contentOf({ ...image, edit: ownKey })).protocolMessage).toMatchObject({
      key: ownKey,
      editedMessage: { imageMessage: { caption: 'c' } },
    })
  })
})

describe('refused before anything is sent, naming the field', () => {
  const values = ['a', 'b']
  const event = { name: 'e', startDate: new Date(now) }
  const thirteen = Array.from({ length: 13 }, (_, index) => `option ${index}`)
  const refusals: readonly (readonly [string, unknown, string])[] = [
    ['no contacts', { contacts: { contacts: [] } }, 'contacts.contacts'],
    ['a contact without vCard', { contacts: { contacts: [{ displayName: 'A' }] } }, 'contacts.contacts.0.vcard'],
    ['a place off the globe', { location: { degreesLatitude: 91, degreesLongitude: 0 } }, 'location.degreesLatitude'],
    ['half a place', { liveLocation: { degreesLatitude: 1 } }, 'liveLocation.degreesLongitude'],
    ['a reaction to nothing', { react: { text: 'x' } }, 'react.key'],
    ['a reaction that is a novel', { react: { text: 'x'.repeat(65), key } }, 'react.text'],
    ['deleting what a person wrote', { delete: key }, 'delete.fromMe'],
    ['deleting in a group without author', { delete: { ...key, remoteJid: group } }, 'delete.participant'],
    ['forwarding nothing', { forward: { key } }, 'forward'],
    ['forwarding a reaction', { forward: { key, message: { reactionMessage: { key, text: 'x' } } } }, 'forward'],
    ['an odd timer', { disappearingMessagesInChat: 60 }, 'disappearingMessagesInChat'],
    ['an invitation to a person', { groupInvite: { inviteCode: 'a', jid: peer } }, 'groupInvite.jid'],
    ['a pin of no type', { pin: key }, 'type'],
    ['a pin of an hour', { pin: key, type: 1, time: 3600 }, 'time'],
    ['a button of no kind', { buttonReply: { displayText: 'Yes', id: 'a', index: 0 } }, 'type'],
    ['no row', { listReply: { title: 'T' } }, 'listReply.singleSelectReply.selectedRowId'],
    ['an event without date', { event: { name: 'e' } }, 'event.startDate'],
    ['an event backwards', { event: { ...event, endDate: new Date(0) } }, 'event.endDate'],
    ['an event with a long name', { event: { ...event, name: 'e'.repeat(101) } }, 'event.name'],
    ['an event with a long text', { event: { ...event, description: 'e'.repeat(2049) } }, 'event.description'],
    ['an event with a call nobody makes', { event: { ...event, call: 'audio' } }, 'event.call'],
    ['13 options', { poll: { name: 'q', values: thirteen } }, 'poll.values'],
    ['a long option', { poll: { name: 'q', values: ['a', 'b'.repeat(101)] } }, 'poll.values.1'],
    ['two equal options', { poll: { name: 'q', values: ['a', 'a'] } }, 'poll.values'],
    ['a poll without question', { poll: { name: '', values } }, 'poll.name'],
    ['a long question', { poll: { name: 'q'.repeat(256), values } }, 'poll.name'],
    ['more choices than options', { poll: { name: 'q', values, selectableCount: 3 } }, 'poll.selectableCount'],
    ['a short secret', { poll: { name: 'q', values, messageSecret: Buffer.alloc(31) } }, 'poll.messageSecret'],
    ['an album of nothing', { album: {} }, 'album'],
    ['sharing no number', { sharePhoneNumber: false }, 'sharePhoneNumber'],
    ['limits that are no switch', { limitSharing: 1 }, 'limitSharing'],
    ['an order without token', { order: { orderId: '1' } }, 'order.token'],
    ['a raw message of nothing', { raw: { messageContextInfo: {} } }, 'raw'],
    ['seeing a text once', { text: 'a', viewOnce: true }, 'viewOnce'],
    ['a text in an album', { text: 'a', albumParentKey: ownKey }, 'albumParentKey'],
    ['editing what somebody else wrote', { text: 'a', edit: key }, 'edit.fromMe'],
    ['editing into a place', { location: { degreesLatitude: 1, degreesLongitude: 1 }, edit: ownKey }, 'edit'],
    ['a member that nobody knows', { text: 'a', mention: [peer] }, 'mention'],
    ['an option among the content', { text: 'a', quoted: {} }, 'quoted'],
    ['two kinds at once', { text: 'a', location: {} }, 'location'],
  ]
  for (const [name, content, field] of refusals) {
    it(name, async () => {
      const jid = field === 'delete.participant' ? group : peer
      await expect(generateWAMessageContent(content as AnyMessageContent, { jid })).rejects.toMatchObject({
        code: 'invalid-content',
        output: { statusCode: 400 },
        data: { field },
      })
    })
  }

  it('says what was meant', async () => {
    const refused = (content: unknown) => generateWAMessageContent(content as AnyMessageContent).catch(error => error)
    expect((await refused({ Poll: {} })).data).toMatchObject({ field: 'Poll', suggestion: 'poll' })
    expect((await refused({ text: 'a', mention: [peer] })).message).toContain('did you mean "mentions"?')
  })

  it('buttons and lists, which WhatsApp drops', async () => {
    for (const content of [
      { text: 'a', buttons: [] },
      { text: 'a', sections: [], buttonText: 'b' },
      { raw: { listMessage: { title: 'a' } } },
      { raw: { viewOnceMessage: { message: { interactiveMessage: {} } } } },
    ]) {
      await expect(generateWAMessageContent(content as AnyMessageContent)).rejects.toMatchObject({
        code: 'undeliverable-content',
        message: expect.stringContaining('nothing was sent'),
      })
    }
  })
})
