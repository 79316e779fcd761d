import { conversations, everywhere, type MessageKind, media, text, withoutContent } from './message-kind.js'
import { place, preview, vcard } from './samples.js'

/** Texts, contacts, places, and what else says something by itself. */
export const textKinds: readonly MessageKind[] = [
  {
    name: 'text',
    member: 'baileys',
    chats: everywhere,
    content: () => ({ text: 'Halo dunia 🌍' }),
    expected: () => ({ extendedTextMessage: { text: 'Halo dunia 🌍' } }),
    stanza: text,
  },
  {
    name: 'text with link preview',
    member: 'baileys',
    chats: everywhere,
    content: () => ({ text: 'see https://example.com/a', linkPreview: preview }),
    expected: () => ({
      extendedTextMessage: {
        text: 'see https://example.com/a',
        matchedText: 'https://example.com/a',
        title: 'Example',
        description: 'About examples',
      },
    }),
    stanza: media('url'),
  },
  {
    name: 'mentions',
    member: 'baileys',
    chats: conversations,
    content: ({ person }) => ({ text: `hi @${person.split('@')[0]}`, mentions: [person] }),
    expected: ({ person }) => ({ extendedTextMessage: { contextInfo: { mentionedJid: [person] } } }),
    stanza: text,
  },
  {
    name: 'mention of everybody',
    member: 'baileys',
    chats: ['group'],
    content: () => ({ text: '@all hi', mentionAll: true }),
    expected: () => ({ extendedTextMessage: { contextInfo: { nonJidMentions: 1 } } }),
    stanza: text,
  },
  {
    name: 'reply',
    member: 'baileys',
    chats: conversations,
    content: () => ({ text: 'indeed' }),
    options: ({ theirs }) => ({ quoted: theirs }),
    expected: ({ theirs }) => ({
      extendedTextMessage: { text: 'indeed', contextInfo: { stanzaId: theirs.key.id, quotedMessage: {} } },
    }),
    stanza: text,
  },
  {
    name: 'disappearing message',
    member: 'baileys',
    chats: conversations,
    content: () => ({ text: 'gone in a day' }),
    options: () => ({ ephemeralExpiration: 86_400 }),
    expected: () => ({ extendedTextMessage: { contextInfo: { expiration: 86_400 } } }),
    stanza: text,
  },
  {
    name: 'forward',
    member: 'baileys',
    chats: conversations,
    content: ({ theirs }) => ({ forward: theirs }),
    expected: () => ({ extendedTextMessage: { contextInfo: { isForwarded: true, forwardingScore: 1 } } }),
    stanza: text,
    passages: {
      'baileys to kurir': {
        otherwise: 'Baileys does not mark it as forwarded where a sender key came with the original.',
        differs: {
          senderKeyDistributionMessage: 'Baileys forwards the sender key of the original; Kurir reports no keys.',
        },
      },
    },
  },
  {
    name: 'contact',
    member: 'baileys',
    chats: everywhere,
    content: () => ({ contacts: { contacts: [{ displayName: 'Ann', vcard: vcard('Ann') }] } }),
    expected: () => ({ contactMessage: { displayName: 'Ann', vcard: vcard('Ann') } }),
    stanza: media('vcard'),
  },
  {
    name: 'contacts',
    member: 'baileys',
    chats: conversations,
    content: () => ({
      contacts: {
        displayName: '2 contacts',
        contacts: ['Ann', 'Bob'].map(displayName => ({ displayName, vcard: vcard(displayName) })),
      },
    }),
    expected: () => ({
      contactsArrayMessage: {
        displayName: '2 contacts',
        contacts: ['Ann', 'Bob'].map(displayName => ({ displayName, vcard: vcard(displayName) })),
      },
    }),
    stanza: media('contact_array'),
  },
  {
    name: 'location',
    member: 'baileys',
    chats: conversations,
    content: () => ({ location: place }),
    expected: () => ({ locationMessage: place }),
    stanza: media('location'),
  },
  {
    name: 'live location',
    member: 'kurir',
    chats: conversations,
    content: () => ({
      liveLocation: { degreesLatitude: 52.5, degreesLongitude: 13.4, caption: 'on my way', sequenceNumber: 1 },
    }),
    expected: () => ({ liveLocationMessage: { degreesLatitude: 52.5, caption: 'on my way' } }),
    stanza: media('livelocation'),
    passages: { 'baileys to kurir': { relayed: withoutContent } },
  },
  {
    name: 'invitation to a group',
    member: 'baileys',
    chats: ['user'],
    content: ({ group }) => ({
      groupInvite: { inviteCode: 'AbCd', inviteExpiration: 1_800_000_000, text: 'join us', jid: group, subject: 'Grp' },
    }),
    expected: ({ group }) => ({
      groupInviteMessage: { groupJid: group, inviteCode: 'AbCd', groupName: 'Grp', caption: 'join us' },
    }),
    stanza: media('url'),
    passages: { 'baileys to kurir': { relayed: 'Baileys fails when the group has no picture.' } },
  },
  {
    name: 'button reply',
    member: 'baileys',
    chats: ['user'],
    content: () => ({ buttonReply: { displayText: 'Yes', id: 'yes', index: 0 }, type: 'plain' }),
    expected: () => ({ buttonsResponseMessage: { selectedButtonId: 'yes', selectedDisplayText: 'Yes', type: 1 } }),
    stanza: media('buttons_response'),
  },
  {
    name: 'template reply',
    member: 'baileys',
    chats: ['user'],
    content: () => ({ buttonReply: { displayText: 'Yes', id: 'yes', index: 2 }, type: 'template' }),
    expected: () => ({ templateButtonReplyMessage: { selectedId: 'yes', selectedIndex: 2 } }),
    stanza: text,
  },
  {
    name: 'list reply',
    member: 'baileys',
    chats: ['user'],
    content: () => ({ listReply: { title: 'Row', listType: 1, singleSelectReply: { selectedRowId: 'row1' } } }),
    expected: () => ({ listResponseMessage: { title: 'Row', singleSelectReply: { selectedRowId: 'row1' } } }),
    stanza: media('list_response'),
  },
  {
    name: 'order',
    member: 'kurir',
    chats: ['user'],
    content: ({ person }) => ({
      order: { orderId: '1234567890', itemCount: 2, sellerJid: person, token: 'AR6tok==', orderTitle: 'Shop' },
    }),
    expected: ({ person }) => ({ orderMessage: { orderId: '1234567890', sellerJid: person, token: 'AR6tok==' } }),
    stanza: media('order'),
    passages: { 'baileys to kurir': { relayed: withoutContent } },
  },
  {
    name: 'own phone number',
    member: 'baileys',
    chats: ['user'],
    content: () => ({ sharePhoneNumber: true }),
    expected: () => ({ protocolMessage: { type: 11 } }),
    stanza: text,
  },
  {
    name: 'request for a phone number',
    member: 'baileys',
    chats: ['user'],
    content: () => ({ requestPhoneNumber: true }),
    expected: () => ({ requestPhoneNumberMessage: {} }),
    stanza: text,
  },
  {
    name: 'raw message',
    member: 'kurir',
    chats: conversations,
    content: () => ({ raw: { scheduledCallCreationMessage: { title: 'Sync', callType: 1 } } }),
    expected: () => ({ scheduledCallCreationMessage: { title: 'Sync', callType: 1 } }),
    stanza: media(),
    passages: { 'baileys to kurir': { relayed: withoutContent } },
  },
]
