import type { BinaryNode } from 'kurir/binary'
import { hashPollOption, stanzaAttributesOf } from 'kurir/messages'
import { proto } from 'kurir/proto'
import { bytesOf, element } from '../router/stanzas.js'
import { pollOptions } from './phone-addons.js'
import type { PhoneMediaContent } from './phone-content.js'
import type { PhoneContext } from './phone-context.js'
import { mediaMessage, type PhoneFile } from './phone-media.js'
import type { RememberedMessage } from './phone-memory.js'
import type { PhoneSender } from './phone-sender.js'

/** What belongs to a post beside its text. */
interface PostOptions {
  readonly id?: string | undefined
  /** Handle of the uploaded file. */
  readonly mediaId?: string | undefined
}

/** Posts of channels as a phone writes them: nothing is encrypted (docs/protocol/03 §2.14). */
export class PhonePosts {
  readonly #context: () => PhoneContext
  readonly #sender: PhoneSender

  constructor(context: () => PhoneContext, sender: PhoneSender) {
    this.#context = context
    this.#sender = sender
  }

  /** The message for a file, which lies on the media host as it is, and its handle. */
  async withFile(content: PhoneMediaContent): Promise<{ message: proto.IMessage; mediaId: string | undefined }> {
    const { service } = this.#context()
    const { media, caption, fields } = content
    const stored = await service.media.put(`newsletter-${media}`, pieces(content.file))
    const fileSha256 = Buffer.from(stored.token, 'base64url')
    const place = {
      url: service.media.urlOf(stored),
      directPath: stored.directPath,
      fileSha256,
      fileLength: stored.length,
    }
    const message = mediaMessage(media, place, { ...(caption && { caption }), ...fields })
    return { message, mediaId: stored.handle }
  }

  async post(
    jid: string,
    message: proto.IMessage,
    { id = this.#sender.newId(), mediaId }: PostOptions,
  ): Promise<string> {
    const { type, mediatype, meta } = stanzaAttributesOf(message)
    const { polltype } = meta
    const parts = [
      element('plaintext', { mediatype }, proto.Message.encode(message).finish()),
      ...(polltype === undefined ? [] : [element('meta', { polltype })]),
    ]
    const ack = await this.#sender.transmit(element('message', { id, to: jid, type, media_id: mediaId }, parts))
    const { account, memory, service } = this.#context()
    const serverId = Number(ack.attrs['server_id'])
    const pushName = account.pushName
    memory.add({ id, chat: jid, author: jid, fromMe: true, message, timestamp: service.core.now(), pushName, serverId })
    return id
  }

  async edit({ id, chat }: RememberedMessage, message: proto.IMessage): Promise<string> {
    const { type, mediatype } = stanzaAttributesOf(message)
    const part = element('plaintext', { mediatype }, proto.Message.encode(message).finish())
    await this.#sender.transmit(element('message', { id, to: chat, type, edit: '3' }, [part]))
    return id
  }

  async revoke({ id, chat }: RememberedMessage): Promise<string> {
    await this.#sender.transmit(element('message', { id, to: chat, type: 'text', edit: '8' }, [element('plaintext')]))
    return id
  }

  async react(target: RememberedMessage, emoji: string): Promise<string> {
    const gone = emoji === ''
    const content = element('reaction', { code: gone ? undefined : emoji })
    return await this.#about(target, { type: 'reaction', edit: gone ? '7' : undefined }, [content])
  }

  async vote(target: RememberedMessage, options: readonly string[]): Promise<string> {
    const known = pollOptions(target.message)
    const chosen = options.filter(option => known.includes(option))
    const votes = chosen.map(option => element('vote', {}, hashPollOption(option)))
    return await this.#about(target, { type: 'poll' }, [
      element('votes', {}, votes),
      element('meta', { polltype: 'vote' }),
    ])
  }

  /** Says that posts were looked at. */
  view({ chat, serverId }: RememberedMessage): void {
    const item = element('item', { server_id: String(serverId ?? 0) })
    const attrs = { id: this.#sender.newId(), to: chat, type: 'view' }
    this.#context().wire.write(element('receipt', attrs, [element('list', {}, [item])]))
  }

  async #about(
    { chat, serverId }: RememberedMessage,
    attrs: Readonly<Record<string, string | undefined>>,
    content: BinaryNode[],
  ): Promise<string> {
    const id = this.#sender.newId()
    await this.#sender.transmit(
      element('message', { id, to: chat, server_id: String(serverId ?? 0), ...attrs }, content),
    )
    return id
  }
}

/** The post of a channel, as it came. */
export const readPost = (node: BinaryNode): proto.IMessage => {
  const part = Array.isArray(node.content) ? node.content.find(({ tag }) => tag === 'plaintext') : undefined
  return proto.Message.decode(bytesOf(part) ?? Buffer.alloc(0))
}

async function* pieces(file: PhoneFile): AsyncGenerator<Uint8Array> {
  if (file instanceof Uint8Array) yield file
  else yield* file
}
