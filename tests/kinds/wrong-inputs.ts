import type { ChatKind, KindContext } from './message-kind.js'
import { leaflet, picture, place, startDate, sticker, video } from './samples.js'

/** Input that has to be refused before anything is sent. */
export interface WrongInput {
  readonly name: string
  /** A chat of this kind; a person by default. */
  readonly chat?: ChatKind
  /** Instead of the chat. */
  readonly destination?: string
  readonly content: (context: KindContext) => unknown
  readonly options?: (context: KindContext) => unknown
  readonly code: string
  /** `data.field` of the error. */
  readonly field: string
}

const wrong = (name: string, field: string, content: WrongInput['content'], more: Partial<WrongInput> = {}) => ({
  name,
  field,
  content,
  code: 'invalid-content',
  ...more,
})

const values = ['a', 'b']
const thirteen = Array.from({ length: 13 }, (_, index) => `option ${index}`)
const event = { name: 'Meeting', startDate }
const elsewhere = '120363000000000002@g.us'

const texts: readonly WrongInput[] = [
  wrong('no content', 'content', () => ({})),
  wrong('content that is no object', 'content', () => 'hello'),
  wrong('an empty text', 'text', () => ({ text: '' })),
  wrong('a text that is a number', 'text', () => ({ text: 7 })),
  wrong('a text of more than a megabyte', 'text', () => ({ text: 'x'.repeat(1_000_001) })),
  wrong('a member that nobody knows', 'mention', ({ person }) => ({ text: 'a', mention: [person] })),
  wrong('a misspelt kind', 'Poll', () => ({ Poll: { name: 'q', values } })),
  wrong('an option among the content', 'quoted', ({ theirs }) => ({ text: 'a', quoted: theirs })),
  wrong('two kinds at once', 'location', () => ({ text: 'a', location: place })),
  wrong('a mention of a group', 'mentions', ({ group }) => ({ text: 'a', mentions: [group] })),
  wrong('mentions that are no list', 'mentions', ({ person }) => ({ text: 'a', mentions: person })),
  wrong('a text to be opened once', 'viewOnce', () => ({ text: 'a', viewOnce: true })),
  wrong('a text in an album', 'albumParentKey', ({ album }) => ({ text: 'a', albumParentKey: album.key })),
  wrong('no contacts', 'contacts.contacts', () => ({ contacts: { contacts: [] } })),
  wrong('a contact without vCard', 'contacts.contacts.0.vcard', () => ({
    contacts: { contacts: [{ displayName: 'Ann' }] },
  })),
  wrong('a place off the globe', 'location.degreesLatitude', () => ({
    location: { degreesLatitude: 91, degreesLongitude: 0 },
  })),
  wrong('half a place', 'liveLocation.degreesLongitude', () => ({ liveLocation: { degreesLatitude: 1 } })),
  wrong('an invitation to a person', 'groupInvite.jid', ({ person }) => ({
    groupInvite: { inviteCode: 'AbCd', jid: person },
  })),
  wrong('a button of no kind', 'type', () => ({ buttonReply: { displayText: 'Yes', id: 'yes', index: 0 } })),
  wrong('a list without a row', 'listReply.singleSelectReply.selectedRowId', () => ({ listReply: { title: 'Row' } })),
  wrong('an order without token', 'order.token', () => ({ order: { orderId: '1' } })),
  wrong('a raw message of nothing', 'raw', () => ({ raw: { messageContextInfo: {} } })),
  wrong('forwarding nothing', 'forward', ({ theirs }) => ({ forward: { key: theirs.key } })),
]

const changes: readonly WrongInput[] = [
  wrong('a reaction to nothing', 'react.key', () => ({ react: { text: 'x' } })),
  wrong('a reaction to a message without id', 'react.key.id', ({ chat }) => ({
    react: { text: 'x', key: { remoteJid: chat } },
  })),
  wrong('a reaction that is a novel', 'react.text', ({ theirs }) => ({
    react: { text: 'x'.repeat(65), key: theirs.key },
  })),
  wrong('a reaction to a message of another chat', 'react.key.remoteJid', ({ theirs }) => ({
    react: { text: 'x', key: { ...theirs.key, remoteJid: elsewhere } },
  })),
  wrong('deleting what a person wrote', 'delete.fromMe', ({ theirs }) => ({ delete: theirs.key })),
  wrong(
    'deleting in a group without author',
    'delete.participant',
    ({ theirs: { key } }) => ({ delete: { remoteJid: key.remoteJid, fromMe: false, id: key.id } }),
    { chat: 'group' },
  ),
  wrong('editing what somebody else wrote', 'edit.fromMe', ({ theirs }) => ({ text: 'a', edit: theirs.key })),
  wrong('editing a text into a place', 'edit', ({ own }) => ({ location: place, edit: own.key })),
  wrong('a pin of no type', 'type', ({ theirs }) => ({ pin: theirs.key })),
  wrong('a pin for an hour', 'time', ({ theirs }) => ({ pin: theirs.key, type: 1, time: 3600 })),
  wrong('keeping in no way', 'type', ({ theirs }) => ({ keep: theirs.key, type: 7 })),
  wrong('an odd timer', 'disappearingMessagesInChat', () => ({ disappearingMessagesInChat: 60 })),
  wrong('sharing no number', 'sharePhoneNumber', () => ({ sharePhoneNumber: false })),
  wrong('limits that are no switch', 'limitSharing', () => ({ limitSharing: 1 })),
  wrong('a comment outside announcements', 'comment', ({ theirs }) => ({ comment: { message: theirs, text: 'a' } })),
]

const gatherings: readonly WrongInput[] = [
  wrong('an event without date', 'event.startDate', () => ({ event: { name: 'Meeting' } })),
  wrong('an event without name', 'event.name', () => ({ event: { startDate } })),
  wrong('an event backwards', 'event.endDate', () => ({ event: { ...event, endDate: new Date(0) } })),
  wrong('an event with a long name', 'event.name', () => ({ event: { ...event, name: 'e'.repeat(101) } })),
  wrong('an answer of no kind', 'eventResponse.response', context => ({
    eventResponse: { event: context.event, response: 'perhaps' },
  })),
  wrong('a poll without question', 'poll.name', () => ({ poll: { name: '', values } })),
  wrong('a poll of thirteen options', 'poll.values', () => ({ poll: { name: 'q', values: thirteen } })),
  wrong('a poll with equal options', 'poll.values', () => ({ poll: { name: 'q', values: ['a', 'a'] } })),
  wrong('a poll with a long option', 'poll.values.1', () => ({ poll: { name: 'q', values: ['a', 'b'.repeat(101)] } })),
  wrong('more choices than options', 'poll.selectableCount', () => ({
    poll: { name: 'q', values, selectableCount: 3 },
  })),
  wrong('a vote for what is no option', 'pollVote.options', ({ poll }) => ({ pollVote: { poll, options: ['Tea'] } })),
  wrong('more votes than allowed', 'pollVote.options', ({ poll }) => ({
    pollVote: { poll, options: ['Pizza', 'Sushi'] },
  })),
]

const files: readonly WrongInput[] = [
  wrong('an image that is null', 'image', () => ({ image: null })),
  wrong('an image that is a number', 'image', () => ({ image: 7 })),
  wrong('an image in a form that is none', 'image', () => ({ image: {} }), { code: 'invalid-media-source' }),
  wrong('a file that does not exist', 'document', () => ({ document: { url: '/nowhere/at.all' }, mimetype: 'a/b' }), {
    code: 'media-unreadable',
  }),
  wrong('a caption that is a number', 'caption', () => ({ image: picture, caption: 7 })),
  wrong('half a pixel', 'width', () => ({ image: picture, width: 0.5 })),
  wrong('less than no time', 'seconds', () => ({ video, seconds: -1 })),
  wrong('a document with a member of images', 'width', () => ({ document: leaflet, mimetype: 'a/b', width: 1 })),
  wrong('a sticker to be opened once', 'viewOnce', () => ({ sticker, viewOnce: true })),
  wrong('a document in an album', 'albumParentKey', ({ album }) => ({
    document: leaflet,
    mimetype: 'application/pdf',
    albumParentKey: album.key,
  })),
  wrong('a caption that mentions a group', 'mentions', ({ group }) => ({ image: picture, mentions: [group] })),
  wrong("replacing somebody else's picture", 'edit.fromMe', ({ theirs }) => ({ image: picture, edit: theirs.key })),
  wrong('an album of nothing', 'album', () => ({ album: {} })),
  wrong('a pack without stickers', 'stickerPack.stickers', () => ({
    stickerPack: { name: 'Foxes', publisher: 'Ann', stickers: [] },
  })),
  wrong('a pack of no name', 'stickerPack.name', () => ({
    stickerPack: { publisher: 'Ann', stickers: [{ sticker }] },
  })),
  wrong('a pack with a caption that is a number', 'stickerPack.caption', () => ({
    stickerPack: { name: 'Foxes', publisher: 'Ann', stickers: [{ sticker }], cover: picture, caption: 7 },
  })),
  wrong('a pack to be opened once', 'viewOnce', () => ({
    stickerPack: { name: 'Foxes', publisher: 'Ann', stickers: [{ sticker }], cover: picture },
    viewOnce: true,
  })),
  wrong('a product without picture', 'product.productImage', () => ({ product: { title: 'Tea' } })),
  wrong('a product to be opened once', 'viewOnce', () => ({
    product: { title: 'Tea', productImage: picture },
    viewOnce: true,
  })),
]

const options: readonly WrongInput[] = [
  wrong('a timer that is no number', 'ephemeralExpiration', () => ({ image: picture }), {
    options: () => ({ ephemeralExpiration: 'a day' }),
  }),
  wrong('an answer to a message without id', 'quoted', () => ({ image: picture }), {
    options: () => ({ quoted: { key: {} } }),
  }),
  wrong('a message id of two lines', 'messageId', () => ({ image: picture }), {
    options: () => ({ messageId: 'not\nan id' }),
  }),
  wrong('a colour that is none', 'backgroundColor', () => ({ text: 'a' }), {
    chat: 'status',
    options: ({ person }) => ({ backgroundColor: 'blue', statusJidList: [person] }),
  }),
  wrong('a font that is none', 'font', () => ({ text: 'a' }), {
    chat: 'status',
    options: ({ person }) => ({ font: 3, statusJidList: [person] }),
  }),
  wrong('a status for nobody', 'statusJidList', () => ({ image: picture }), { chat: 'status' }),
  wrong('a status for a group', 'statusJidList', () => ({ image: picture }), {
    chat: 'status',
    options: ({ group }) => ({ statusJidList: [group] }),
  }),
  wrong('a destination that is no JID', 'jid', () => ({ image: picture }), {
    destination: '6281110002',
    code: 'invalid-jid',
  }),
  wrong('a destination that nobody can write to', 'jid', () => ({ image: picture }), {
    destination: '7@call',
    code: 'unsupported-destination',
  }),
  wrong('a place in a channel', 'content', () => ({ location: place }), { chat: 'newsletter' }),
  wrong(
    'a reaction in a channel without number',
    'key.server_id',
    () => ({ react: { text: 'x', key: { id: 'POST' } } }),
    {
      chat: 'newsletter',
    },
  ),
]

const dropped: readonly WrongInput[] = ['buttons', 'sections', 'templateButtons', 'interactiveButtons', 'cards'].map(
  member =>
    wrong(`${member}, which WhatsApp drops`, member, () => ({ text: 'a', [member]: [{}] }), {
      code: 'undeliverable-content',
    }),
)

export const wrongInputs: readonly WrongInput[] = [
  ...texts,
  ...changes,
  ...gatherings,
  ...files,
  ...options,
  ...dropped,
]
