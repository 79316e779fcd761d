import type { AnyMessageContent, MiscMessageGenerationOptions, proto, WAMessage } from 'kurir'

/**
 * One sample of every kind of content: what `sendMessage` is given, what the other side has to read, and what the stanza
 * says about it. Tests send them in every direction; `docs/messages.md` lists them.
 */

/** Where a kind can be sent. `announcement` is the announcement group of a community. */
export type ChatKind = 'user' | 'group' | 'announcement' | 'status' | 'newsletter'

/** What samples refer to: a chat with messages that were sent there before. */
export interface KindContext {
  /** Where the sample is sent. */
  readonly chat: string
  /** A message of somebody else in that chat, with its secret. */
  readonly theirs: WAMessage
  /** An own text there. */
  readonly own: WAMessage
  /** A poll and an event there, of whomever. */
  readonly poll: WAMessage
  readonly event: WAMessage
  /** A person to mention. */
  readonly person: string
  /** Some group. */
  readonly group: string
}

export interface StanzaExpectation {
  readonly type: 'text' | 'media' | 'poll' | 'event' | 'reaction'
  readonly mediatype?: string
  readonly edit?: string
  readonly meta?: Readonly<Record<string, string>>
  /** `decrypt-fail=hide`. */
  readonly hidden?: true
}

export interface MessageKind {
  readonly name: string
  /** For the table of kinds: who can send it. `baileys` has the same member, `kurir` is our own. */
  readonly member: 'baileys' | 'kurir'
  readonly chats: readonly ChatKind[]
  readonly content: (context: KindContext) => AnyMessageContent
  readonly options?: (context: KindContext) => MiscMessageGenerationOptions
  /** Has to be contained in what the recipient decrypts. */
  readonly expected: (context: KindContext) => proto.IMessage
  readonly stanza: StanzaExpectation
}

const everywhere: readonly ChatKind[] = ['user', 'group', 'status', 'newsletter']
const conversations: readonly ChatKind[] = ['user', 'group']

const text = { type: 'text' } as const
const media = (mediatype?: string): StanzaExpectation => ({ type: 'media', ...(mediatype && { mediatype }) })

const vcard = (name: string): string =>
  `BEGIN:VCARD\nVERSION:3.0\nFN:${name}\nTEL;type=CELL;waid=15550002222:+1 555 000 2222\nEND:VCARD`
const place = { degreesLatitude: -6.1754, degreesLongitude: 106.8272, name: 'Monas', address: 'Jakarta' }
const startDate = new Date(1_800_000_000_000)
const preview = {
  'canonical-url': 'https://example.com/a',
  'matched-text': 'https://example.com/a',
  title: 'Example',
  description: 'About examples',
}
const targetOf = ({ chat }: KindContext, { key }: WAMessage): proto.IMessageKey => ({
  remoteJid: chat,
  fromMe: key.fromMe ?? false,
  id: key.id,
})

/** Kinds without files. */
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
  },
  {
    name: 'reaction',
    member: 'baileys',
    chats: conversations,
    content: ({ theirs }) => ({ react: { text: '💖', key: theirs.key } }),
    expected: context => ({ reactionMessage: { text: '💖', key: targetOf(context, context.theirs) } }),
    stanza: { type: 'reaction', hidden: true },
  },
  {
    name: 'reaction taken back',
    member: 'baileys',
    chats: conversations,
    content: ({ theirs }) => ({ react: { text: '', key: theirs.key } }),
    expected: context => ({ reactionMessage: { text: '', key: targetOf(context, context.theirs) } }),
    stanza: { type: 'reaction', edit: '7', hidden: true },
  },
  {
    name: 'sealed reaction',
    member: 'baileys',
    chats: ['announcement'],
    content: ({ theirs }) => ({ react: { text: '💖', key: theirs.key } }),
    expected: context => ({ encReactionMessage: { targetMessageKey: targetOf(context, context.theirs) } }),
    stanza: { type: 'reaction', hidden: true },
  },
  {
    name: 'comment',
    member: 'kurir',
    chats: ['announcement'],
    content: ({ theirs }) => ({ comment: { message: theirs, text: 'well said' } }),
    expected: context => ({ encCommentMessage: { targetMessageKey: targetOf(context, context.theirs) } }),
    stanza: { type: 'text', hidden: true },
  },
  {
    name: 'edit',
    member: 'baileys',
    chats: conversations,
    content: ({ own }) => ({ text: 'I mean this', edit: own.key }),
    expected: context => ({
      protocolMessage: {
        key: targetOf(context, context.own),
        type: 14,
        editedMessage: { extendedTextMessage: { text: 'I mean this' } },
      },
    }),
    stanza: { type: 'text', edit: '1', hidden: true },
  },
  {
    name: 'delete for everyone',
    member: 'baileys',
    chats: conversations,
    content: ({ own }) => ({ delete: own.key }),
    expected: context => ({ protocolMessage: { key: targetOf(context, context.own), type: 0 } }),
    stanza: { type: 'text', edit: '7' },
  },
  {
    name: 'delete by an admin',
    member: 'baileys',
    chats: ['group'],
    content: ({ theirs }) => ({ delete: theirs.key }),
    expected: context => ({ protocolMessage: { key: targetOf(context, context.theirs), type: 0 } }),
    stanza: { type: 'text', edit: '8' },
  },
  {
    name: 'forward',
    member: 'baileys',
    chats: conversations,
    content: ({ theirs }) => ({ forward: theirs }),
    expected: () => ({ extendedTextMessage: { contextInfo: { isForwarded: true, forwardingScore: 1 } } }),
    stanza: text,
  },
  {
    name: 'timer of the chat',
    member: 'baileys',
    chats: ['user'],
    content: () => ({ disappearingMessagesInChat: 604_800 }),
    expected: () => ({ protocolMessage: { type: 3, ephemeralExpiration: 604_800 } }),
    stanza: text,
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
  },
  {
    name: 'pin',
    member: 'baileys',
    chats: conversations,
    content: ({ theirs }) => ({ pin: theirs.key, type: 1, time: 604_800 }),
    expected: context => ({
      pinInChatMessage: { key: targetOf(context, context.theirs), type: 1 },
      messageContextInfo: { messageAddOnDurationInSecs: 604_800 },
    }),
    stanza: { type: 'text', edit: '2', hidden: true },
  },
  {
    name: 'unpin',
    member: 'baileys',
    chats: conversations,
    content: ({ theirs }) => ({ pin: theirs.key, type: 2 }),
    expected: context => ({ pinInChatMessage: { key: targetOf(context, context.theirs), type: 2 } }),
    stanza: { type: 'text', edit: '2', hidden: true },
  },
  {
    name: 'keep',
    member: 'kurir',
    chats: conversations,
    content: ({ theirs }) => ({ keep: theirs.key }),
    expected: context => ({ keepInChatMessage: { key: targetOf(context, context.theirs), keepType: 1 } }),
    stanza: { type: 'text', hidden: true },
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
    name: 'event',
    member: 'baileys',
    chats: conversations,
    content: () => ({
      event: { name: 'Meeting', description: 'Bring cake', startDate, location: place, extraGuestsAllowed: true },
    }),
    expected: () => ({
      eventMessage: { name: 'Meeting', description: 'Bring cake', location: place, extraGuestsAllowed: true },
    }),
    stanza: { type: 'event', meta: { event_type: 'creation' } },
  },
  {
    name: 'event cancelled',
    member: 'kurir',
    chats: conversations,
    content: ({ event }) => ({ event: { name: 'Meeting', startDate, isCancelled: true }, edit: event.key }),
    expected: context => ({
      secretEncryptedMessage: { targetMessageKey: targetOf(context, context.event), secretEncType: 1 },
    }),
    stanza: { type: 'event', edit: '1', meta: { event_type: 'edit' }, hidden: true },
  },
  {
    name: 'event response',
    member: 'kurir',
    chats: conversations,
    content: ({ event }) => ({ eventResponse: { event, response: 'going', extraGuestCount: 1 } }),
    expected: context => ({ encEventResponseMessage: { eventCreationMessageKey: targetOf(context, context.event) } }),
    stanza: { type: 'event', meta: { event_type: 'response' }, hidden: true },
  },
  {
    name: 'poll, one answer',
    member: 'baileys',
    chats: ['user', 'group', 'newsletter'],
    content: () => ({ poll: { name: 'Lunch?', values: ['Pizza', 'Sushi'], selectableCount: 1 } }),
    expected: () => ({
      pollCreationMessageV3: {
        name: 'Lunch?',
        options: [{ optionName: 'Pizza' }, { optionName: 'Sushi' }],
        selectableOptionsCount: 1,
      },
    }),
    stanza: { type: 'poll', meta: { polltype: 'creation' } },
  },
  {
    name: 'poll, several answers',
    member: 'baileys',
    chats: conversations,
    content: () => ({ poll: { name: 'Lunch?', values: ['Pizza', 'Sushi', 'Both'] } }),
    expected: () => ({ pollCreationMessage: { name: 'Lunch?', selectableOptionsCount: 0 } }),
    stanza: { type: 'poll', meta: { polltype: 'creation' } },
  },
  {
    name: 'poll in an announcement group',
    member: 'baileys',
    chats: ['announcement', 'group'],
    content: () => ({ poll: { name: 'Lunch?', values: ['Pizza', 'Sushi'], toAnnouncementGroup: true } }),
    expected: () => ({ pollCreationMessageV2: { name: 'Lunch?' } }),
    stanza: { type: 'poll', meta: { polltype: 'creation' } },
  },
  {
    name: 'poll open for options',
    member: 'kurir',
    chats: conversations,
    content: () => ({ poll: { name: 'Lunch?', values: ['Pizza', 'Sushi'], allowAddOption: true } }),
    expected: () => ({ pollCreationMessageV6: { name: 'Lunch?', allowAddOption: true } }),
    stanza: { type: 'poll', meta: { polltype: 'creation' } },
  },
  {
    name: 'option added to a poll',
    member: 'kurir',
    chats: conversations,
    content: ({ poll }) => ({ pollAddOption: { poll, option: 'Ramen' } }),
    expected: context => ({
      secretEncryptedMessage: { targetMessageKey: targetOf(context, context.poll), secretEncType: 5 },
    }),
    stanza: { type: 'poll', meta: { polltype: 'edit' }, hidden: true },
  },
  {
    name: 'poll result',
    member: 'kurir',
    chats: ['user', 'group'],
    content: () => ({ pollResult: { name: 'Lunch?', votes: [{ name: 'Pizza', count: 3 }] } }),
    expected: () => ({
      pollResultSnapshotMessage: { name: 'Lunch?', pollVotes: [{ optionName: 'Pizza', optionVoteCount: 3 }] },
    }),
    stanza: text,
  },
  {
    name: 'poll vote',
    member: 'kurir',
    chats: conversations,
    content: ({ poll }) => ({ pollVote: { poll, options: ['Pizza'] } }),
    expected: context => ({ pollUpdateMessage: { pollCreationMessageKey: targetOf(context, context.poll), vote: {} } }),
    stanza: { type: 'poll', meta: { polltype: 'vote' }, hidden: true },
  },
  {
    name: 'head of an album',
    member: 'baileys',
    chats: conversations,
    content: () => ({ album: { expectedImageCount: 2, expectedVideoCount: 1 } }),
    expected: () => ({ albumMessage: { expectedImageCount: 2, expectedVideoCount: 1 } }),
    stanza: media(),
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
    name: 'limit of sharing',
    member: 'baileys',
    chats: conversations,
    content: () => ({ limitSharing: true }),
    expected: () => ({ protocolMessage: { type: 27, limitSharing: { sharingLimited: true, initiatedByMe: true } } }),
    stanza: text,
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
  },
  {
    name: 'raw message',
    member: 'kurir',
    chats: conversations,
    content: () => ({ raw: { scheduledCallCreationMessage: { title: 'Sync', callType: 1 } } }),
    expected: () => ({ scheduledCallCreationMessage: { title: 'Sync', callType: 1 } }),
    stanza: media(),
  },
]
