import type { proto } from '../../proto/index.js'
import { buildAlbum } from './album.js'
import { buildLimitSharing, buildRequestPhoneNumber, buildSharePhoneNumber } from './chat-settings.js'
import { buildComment } from './comment.js'
import { buildContacts } from './contacts.js'
import { invalidContent } from './content-error.js'
import type { AnyMessageContent, MessageContentGenerationOptions } from './content-types.js'
import { buildDisappearingSetting } from './disappearing.js'
import { buildEvent } from './event.js'
import { buildEventResponse } from './event-response.js'
import { buildForward } from './forward.js'
import { buildGroupInvite } from './group-invite.js'
import { buildLiveLocation, buildLocation } from './location.js'
import { buildMedia } from './media.js'
import { audioMembers, documentMembers, imageMembers, stickerMembers, videoMembers } from './media-members.js'
import { buildOrder } from './order.js'
import { buildKeep, buildPin } from './pin.js'
import { buildPoll, buildPollResult } from './poll.js'
import { buildPollAddOption, buildPollVote } from './poll-vote.js'
import { buildProduct } from './product.js'
import { buildRaw, droppedMembers, undeliverable } from './raw.js'
import { buildReaction } from './reaction.js'
import { buildButtonReply, buildListReply } from './replies.js'
import { buildRevoke } from './revoke.js'
import { buildStickerPack } from './sticker-pack.js'
import { suggestionFor } from './suggestion.js'
import { buildText } from './text.js'

type Built = proto.IMessage | Promise<proto.IMessage>

/** Content that has this member. */
type ContentWith<Key extends PropertyKey, Content = AnyMessageContent> = Content extends { [K in Key]: unknown }
  ? Content
  : never

/** One kind of content: the member that announces it, and what makes a message of it. */
interface ContentKind {
  readonly key: string
  /** All members that content of this kind may have; `any` where a kind checks them itself. */
  readonly members: ReadonlySet<string> | 'any'
  readonly build: (content: AnyMessageContent, options: MessageContentGenerationOptions) => Built | undefined
}

/** Members that go with any kind. */
const modifiers = ['mentions', 'mentionAll', 'contextInfo', 'viewOnce', 'albumParentKey', 'edit'] as const

function kind<Key extends string>(
  key: Key,
  build: (content: ContentWith<Key>, options: MessageContentGenerationOptions) => Built,
  /** Beside the key and the members that every kind takes. */
  furtherMembers: readonly string[] | 'any' = [],
): ContentKind {
  return {
    key,
    members: furtherMembers === 'any' ? 'any' : new Set([key, ...furtherMembers, ...modifiers]),
    build: (content, options) => (hasNonNullishProperty(content, key) ? build(content, options) : undefined),
  }
}

/**
 * The kinds, in the order in which they are looked for: the first one present decides (docs/protocol/03, 2.2). A new
 * kind is one more line. Kinds of Kurir's own come after those of Baileys.
 */
const contentKinds: readonly ContentKind[] = [
  kind('text', buildText, ['linkPreview']),
  kind('contacts', buildContacts),
  kind('location', buildLocation),
  kind('react', buildReaction),
  kind('delete', buildRevoke),
  kind('forward', buildForward, ['force']),
  kind('disappearingMessagesInChat', buildDisappearingSetting),
  kind('groupInvite', buildGroupInvite),
  kind('pin', buildPin, ['type', 'time']),
  kind('buttonReply', buildButtonReply, ['type']),
  kind('product', buildProduct, ['businessOwnerJid', 'body', 'footer']),
  kind('listReply', buildListReply),
  kind('event', buildEvent),
  kind('poll', buildPoll),
  kind('album', buildAlbum),
  kind('sharePhoneNumber', buildSharePhoneNumber),
  kind('requestPhoneNumber', buildRequestPhoneNumber),
  kind('limitSharing', buildLimitSharing),
  kind('image', buildMedia, imageMembers),
  kind('video', buildMedia, videoMembers),
  kind('document', buildMedia, documentMembers),
  kind('audio', buildMedia, audioMembers),
  kind('sticker', buildMedia, stickerMembers),
  kind('stickerPack', buildStickerPack),
  kind('liveLocation', buildLiveLocation),
  kind('pollVote', buildPollVote),
  kind('pollAddOption', buildPollAddOption),
  kind('pollResult', buildPollResult),
  kind('eventResponse', buildEventResponse),
  kind('comment', buildComment),
  kind('keep', buildKeep, ['type']),
  kind('order', buildOrder),
  kind('raw', buildRaw),
]

/** The kinds by their keys, with their place in the order. */
const placeOfKind: ReadonlyMap<string, number> = new Map(contentKinds.map(({ key }, place) => [key, place]))

/** Members that belong into the options beside the content. */
const optionNames: ReadonlySet<string> = new Set([
  'quoted',
  'messageId',
  'timestamp',
  'ephemeralExpiration',
  'statusJidList',
  'statusSetting',
  'backgroundColor',
  'font',
  'mediaUploadTimeoutMs',
  'useCachedGroupMetadata',
])

/** Whether content has a member that is neither null nor undefined. */
export function hasNonNullishProperty<Key extends PropertyKey>(
  content: AnyMessageContent,
  key: Key,
): content is ContentWith<Key> {
  // Programs in JavaScript may pass anything.
  if (typeof content !== 'object' || content === null || !(key in content)) return false
  const value: unknown = Reflect.get(content, key)
  return value !== null && value !== undefined
}

/**
 * Builds the bare message of some content, without modifiers.
 *
 * @throws KurirError `invalid-content` for content of no known kind, with members that its kind does not know, or with
 *   impossible ones; `undeliverable-content` for buttons, lists and the like
 */
export function buildContent(content: AnyMessageContent, options: MessageContentGenerationOptions): Built {
  const dropped = droppedMembers.find(member => hasNonNullishProperty(content, member))
  if (dropped !== undefined) throw undeliverable(dropped)
  const found = kindOf(content)
  if (found === undefined) throw noKind(content)
  checkMembers(content, found)
  const message = found.build(content, options)
  if (message === undefined) throw noKind(content)
  return message
}

/** The first kind in the order whose member is there. Content has few members, and there are many kinds. */
function kindOf(content: AnyMessageContent): ContentKind | undefined {
  let first = contentKinds.length
  for (const name in content) {
    const place = placeOfKind.get(name)
    if (place !== undefined && place < first && hasNonNullishProperty(content, name)) first = place
  }
  return contentKinds[first]
}

function noKind(content: AnyMessageContent): Error {
  const keys = typeof content === 'object' && content !== null ? Object.keys(content).slice(0, 16) : []
  const names = contentKinds.map(({ key }) => key)
  for (const name of keys) {
    if (names.includes(name)) return invalidContent(name, 'This member is empty')
    const meant = suggestionFor(name, names)
    if (meant !== undefined) {
      return invalidContent(name, `There is no content "${name}": did you mean "${meant}"?`, { suggestion: meant })
    }
  }
  return invalidContent('content', 'The content has no member that names a kind of message', { keys, kinds: names })
}

/** A member that nobody reads would be lost without a word. */
function checkMembers(content: AnyMessageContent, { key, members }: ContentKind): void {
  if (members === 'any') return
  const unknown = Object.keys(content).find(name => !members.has(name) && hasNonNullishProperty(content, name))
  if (unknown === undefined) return
  if (optionNames.has(unknown)) {
    throw invalidContent(unknown, `"${unknown}" is an option: it goes into the third argument of sendMessage`, {
      kind: key,
    })
  }
  const suggestion = suggestionFor(unknown, members)
  const hint = suggestion === undefined ? '' : `: did you mean "${suggestion}"?`
  throw invalidContent(unknown, `A message with "${key}" takes no "${unknown}"${hint}`, { kind: key, suggestion })
}
