import type { Transform } from 'node:stream'
import type { BinaryNode } from '../binary/node.js'
import { KurirError } from '../errors/kurir-error.js'
import type { WAMessage } from '../events/message-types.js'
import { buildMediaConnectionRequest, parseMediaConnection } from '../media/media-connection.js'
import { getUrlFromDirectPath, urlOnHost } from '../media/media-hosts.js'
import { invalidMediaKey } from '../media/media-keys.js'
import { DEF_MEDIA_HOST } from '../media/media-kinds.js'
import type {
  MediaConnInfo,
  MediaDownloadOptions,
  MediaGenerationOptions,
  WAMediaUploadFunction,
} from '../media/media-types.js'
import { getWAUploadToServer } from '../media/upload.js'
import { downloadMediaMessage } from '../messages/download-media.js'
import { mediaOfMessage } from '../messages/media-content.js'
import {
  decodeMediaRetryNode,
  directPathOfAnswer,
  encryptMediaRetryRequest,
  type MediaRetryAnswer,
} from '../messages/media-retry.js'
import { connectionClosed } from './connection-errors.js'
import type { SocketCore } from './core.js'
import { mediaNetwork } from './media-network.js'
import { ownAccount } from './own-account.js'

export interface MediaMembers {
  /** The permission to transfer media: kept as long as the server says, fetched anew with `forceGet`. */
  refreshMediaConn(forceGet?: boolean): Promise<MediaConnInfo>
  /** The host of the last media connection, or WhatsApp's usual one. */
  getMediaHost(): string
  /** Uploads a file that lies on disk; see `getWAUploadToServer`. */
  waUploadToServer: WAMediaUploadFunction
  /**
   * Asks the phone to upload the file of a message again, changes the message to where it is now, emits
   * `messages.update` and resolves with the message.
   *
   * @throws KurirError `media-retry-refused` (404, 412, 418), `timed-out` (408) after a minute,
   *   `too-many-media-retries` (429), `not-a-media-message` (400)
   */
  updateMediaMessage(message: WAMessage): Promise<WAMessage>
  /**
   * Downloads the file of a message through the proxy and from the hosts of this socket; a file that is gone is asked
   * for again (Kurir's own; see `downloadMediaMessage`).
   */
  downloadMedia<Form extends 'buffer' | 'stream'>(
    message: WAMessage,
    form: Form,
    options?: MediaDownloadOptions,
  ): Promise<Form extends 'buffer' ? Buffer : Transform>
}

const answerDeadlineMs = 60_000
/** Requests that the phone has not answered (docs/protocol/03, 12). */
const maxPending = 64

interface PendingRetry {
  readonly answered: Promise<MediaRetryAnswer>
  readonly resolve: (answer: MediaRetryAnswer) => void
  readonly reject: (error: unknown) => void
}

/** What a socket does with media: permission, upload, download, asking the phone for what is gone. */
export class MediaTransfer {
  readonly #core: SocketCore
  readonly #pending = new Map<string, PendingRetry>()
  readonly upload: WAMediaUploadFunction
  #connection: Promise<MediaConnInfo> | undefined
  #host = DEF_MEDIA_HOST

  constructor(core: SocketCore) {
    this.#core = core
    this.upload = getWAUploadToServer(core.config, force => this.connection(force))
    core.connection.onEnd(error => this.#giveUp(error))
  }

  get members(): MediaMembers {
    return {
      refreshMediaConn: (forceGet = false) => this.connection(forceGet),
      getMediaHost: () => this.#host,
      waUploadToServer: this.upload,
      updateMediaMessage: message => this.update(message),
      downloadMedia: (message, form, options) => this.download(message, form, options),
    }
  }

  /** Whoever asks meanwhile waits for the same answer. */
  async connection(force: boolean): Promise<MediaConnInfo> {
    const known = this.#connection
    if (known !== undefined && !force) {
      const info = await known.catch(() => undefined)
      if (info !== undefined && info.fetchDate.getTime() + info.ttl * 1000 > this.#core.config.clock()) return info
    }
    // Somebody may have begun to fetch it while this one waited.
    if (this.#connection === known || this.#connection === undefined) this.#connection = this.#fetchConnection()
    return await this.#connection
  }

  async #fetchConnection(): Promise<MediaConnInfo> {
    const { connection, config, logger } = this.#core
    const answer = await connection.query(buildMediaConnectionRequest())
    const info = parseMediaConnection(answer, config.clock())
    this.#host = info.hosts[0]?.hostname ?? this.#host
    logger.debug({ hosts: info.hosts.length, ttl: info.ttl }, 'media connection')
    return info
  }

  /** What building messages with media needs of this socket. */
  generation(): MediaGenerationOptions {
    const { config } = this.#core
    const { options, agent } = mediaNetwork(config)
    const { mediaCache, allowPrivateAddresses } = config
    return { upload: this.upload, mediaCache, options, agent, allowPrivateAddresses }
  }

  download<Form extends 'buffer' | 'stream'>(
    message: WAMessage,
    form: Form,
    options: MediaDownloadOptions = {},
  ): Promise<Form extends 'buffer' ? Buffer : Transform> {
    const { logger } = this.#core
    const reuploadRequest = (gone: WAMessage) => this.update(gone)
    const network = { ...mediaNetwork(this.#core.config), logger }
    return downloadMediaMessage(message, form, { ...network, ...options }, { logger, reuploadRequest })
  }

  async update(message: WAMessage): Promise<WAMessage> {
    const { holder } = mediaOfMessage(message.message)
    const { mediaKey } = holder ?? {}
    if (holder === undefined || !mediaKey) throw invalidMediaKey('Only files that have a key can be asked for')
    const answer = await this.#ask(message, mediaKey)
    const directPath = directPathOfAnswer(answer, mediaKey)
    const { mediaOrigins } = this.#core.config
    holder.directPath = directPath
    holder.url = mediaOrigins
      ? String(urlOnHost(this.#host, directPath, { mediaOrigins }))
      : getUrlFromDirectPath(directPath, this.#host)
    this.#core.ev.emit('messages.update', [{ key: message.key, update: { message: message.message } }])
    return message
  }

  /** One request per message, however many ask. */
  async #ask({ key }: WAMessage, mediaKey: Uint8Array): Promise<MediaRetryAnswer> {
    const id = key.id ?? ''
    const known = this.#pending.get(id)
    if (known !== undefined) return await known.answered
    if (this.#pending.size >= maxPending) {
      throw new KurirError('too-many-media-retries', 'Too many files are being asked for', {
        statusCode: 429,
        retryable: true,
        data: { limit: maxPending },
      })
    }
    const { connection, creds } = this.#core
    const request = encryptMediaRetryRequest(key, mediaKey, ownAccount(creds).id)
    const pending = makePending(id)
    this.#pending.set(id, pending)
    try {
      await connection.sendNode(request)
      return await pending.answered
    } finally {
      this.#pending.delete(id)
      // Whatever happened to the request: its clock is stopped, and nobody is left alone with a rejection.
      pending.resolve({ key })
      pending.answered.catch(() => {})
    }
  }

  /** `<notification type=mediaretry>`. */
  receiveAnswer(node: BinaryNode): void {
    const answer = decodeMediaRetryNode(node)
    const { key, media, error } = answer
    this.#pending.get(key.id ?? '')?.resolve(answer)
    this.#core.ev.emit('messages.media-update', [{ key, ...(media ? { media } : {}), ...(error ? { error } : {}) }])
  }

  #giveUp(error: Error | undefined): void {
    for (const { reject } of this.#pending.values()) reject(error ?? connectionClosed())
  }
}

function makePending(id: string): PendingRetry {
  let settle: Pick<PendingRetry, 'resolve' | 'reject'> = { resolve: () => {}, reject: () => {} }
  const answered = new Promise<MediaRetryAnswer>((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(
        new KurirError('timed-out', 'The phone did not answer', {
          statusCode: 408,
          retryable: true,
          data: { id, milliseconds: answerDeadlineMs },
        }),
      )
    }, answerDeadlineMs)
    settle = {
      resolve: answer => {
        clearTimeout(timer)
        resolve(answer)
      },
      reject: error => {
        clearTimeout(timer)
        reject(error)
      },
    }
  })
  return { answered, ...settle }
}
