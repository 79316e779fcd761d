import type { proto } from '../../proto/index.js'
import { invalidContent } from './content-error.js'
import type { AnyMessageContent, MessageContentGenerationOptions } from './content-types.js'
import { buildText } from './text.js'

/** One kind of content: the member that announces it, and what makes a message of it. */
interface ContentKind {
  readonly key: string
  /** A method, so that a builder may take the content that has the member and no other. */
  build(content: AnyMessageContent, options: MessageContentGenerationOptions): proto.IMessage | Promise<proto.IMessage>
}

/**
 * The kinds, in the order in which they are looked for: the first one present decides (docs/protocol/03, 2.2). A new
 * kind is one more line.
 */
const contentKinds: readonly ContentKind[] = [{ key: 'text', build: buildText }]

/** Kinds of Baileys that are not built yet: told apart from typing errors. */
const unsupportedKinds: ReadonlySet<string> = new Set([
  'contacts',
  'location',
  'react',
  'delete',
  'forward',
  'disappearingMessagesInChat',
  'groupInvite',
  'pin',
  'buttonReply',
  'ptv',
  'product',
  'listReply',
  'event',
  'poll',
  'album',
  'sharePhoneNumber',
  'requestPhoneNumber',
  'limitSharing',
  'image',
  'video',
  'document',
  'audio',
  'sticker',
])

/** Whether content has a member that is neither null nor undefined. */
export function hasNonNullishProperty<Key extends PropertyKey>(
  content: AnyMessageContent,
  key: Key,
): content is Extract<AnyMessageContent, { [K in Key]?: unknown }> {
  if (typeof content !== 'object' || content === null || !(key in content)) return false
  // Programs in JavaScript may pass anything.
  if (Object(content) !== content) return false
  const value: unknown = Reflect.get(content, key)
  return value !== null && value !== undefined
}

/**
 * Builds the bare message of some content, without modifiers.
 *
 * @throws KurirError `invalid-content` for content of no known kind or with impossible members
 */
export async function buildContent(
  content: AnyMessageContent,
  options: MessageContentGenerationOptions,
): Promise<proto.IMessage> {
  for (const kind of contentKinds) {
    if (hasNonNullishProperty(content, kind.key)) return await kind.build(content, options)
  }
  const keys = typeof content === 'object' && content !== null ? Object.keys(content) : []
  const unsupported = keys.find(key => unsupportedKinds.has(key))
  throw unsupported === undefined
    ? invalidContent('content', 'The content has no member that names a kind of message', { keys: keys.slice(0, 16) })
    : invalidContent(unsupported, 'This kind of content is not supported', { keys: keys.slice(0, 16) })
}
