import type { Agent } from 'node:https'
import type { Readable } from 'node:stream'
import type { ILogger } from '../logger/logger.js'
import type { MediaType } from './media-kinds.js'

export type { MediaType } from './media-kinds.js'

/** A file to be read from a URL: `http(s):`, `data:`, `file:`, or a path. */
export interface WAMediaPayloadURL {
  url: URL | string
}

export interface WAMediaPayloadStream {
  stream: Readable
}

/** Where a file comes from. A stream is read once, a file or URL as often as needed. */
export type WAMediaUpload = Buffer | WAMediaPayloadStream | WAMediaPayloadURL

/** The keys of one file (docs/protocol/03, 7.2). */
export interface MediaDecryptionKeyInfo {
  /** 16 bytes. */
  iv: Uint8Array
  /** 32 bytes. */
  cipherKey: Uint8Array
  /** 32 bytes; nothing is decrypted without it, ranges aside: they cannot be checked. */
  macKey?: Uint8Array
}

/** The part of a message that says where its file is and how to open it. */
export interface DownloadableMessage {
  /** 32 bytes; absent: the file is not encrypted (channels). */
  mediaKey?: Uint8Array | null | undefined
  directPath?: string | null | undefined
  /** Used for its host, and for its path where `directPath` is missing; WhatsApp's hosts only. */
  url?: string | null | undefined
  /** What follows is checked where it is given; all messages of official clients give it. */
  fileSha256?: Uint8Array | null | undefined
  fileEncSha256?: Uint8Array | null | undefined
  /** Bytes of the plaintext. */
  fileLength?: number | { toString(): string } | null | undefined
}

/** How media is reached; a socket makes this from its config. What is absent is WhatsApp's own. */
export interface MediaNetworkOptions {
  /** Options of `fetch`: `headers`, `signal`, and `dispatcher` for a proxy. */
  options?: RequestInit | undefined
  /** Proxy agent; goes before `dispatcher`. */
  agent?: Agent | undefined
  /**
   * Origins, such as `http://127.0.0.1:8080`, that media may be loaded from besides https on WhatsApp's hosts: the
   * simulator's.
   */
  mediaOrigins?: readonly string[] | undefined
  /** Milliseconds without a byte after which a transfer is given up; 30,000 when absent. */
  timeoutMs?: number | undefined
  /** Milliseconds before the second try, twice that before the third …; 1,000 when absent. */
  retryDelayMs?: number | undefined
  signal?: AbortSignal | undefined
}

export interface MediaDownloadOptions extends MediaNetworkOptions {
  /** First byte of the plaintext that is wanted. A range cannot be checked against hash and MAC. */
  startByte?: number | undefined
  /** The byte after the last one that is wanted. */
  endByte?: number | undefined
  /** Media host to ask first, chosen by the program. */
  host?: string | undefined
  /** Bytes of plaintext beyond which a download is refused; 2 GiB when absent. */
  maxLength?: number | undefined
  logger?: ILogger | undefined
}

/** The server's permission to transfer media (docs/protocol/03, 7.5). */
export interface MediaConnInfo {
  auth: string
  /** Seconds from `fetchDate`. */
  ttl: number
  hosts: {
    hostname: string
    /** NaN when the server does not say. */
    maxContentLengthBytes: number
  }[]
  fetchDate: Date
}

/** Bytes sent so far, of how many. */
export interface MediaUploadProgress {
  readonly sent: number
  readonly total: number
}

export interface MediaUploadOptions {
  /** Base64 SHA-256 of the file as it is uploaded. */
  fileEncSha256B64: string
  mediaType: MediaType
  timeoutMs?: number | undefined
  /** The file goes to a channel, unencrypted (Kurir's own). */
  newsletter?: boolean | undefined
  signal?: AbortSignal | undefined
  onProgress?: ((progress: MediaUploadProgress) => void) | undefined
}

/** What the media host says of an uploaded file. */
export interface MediaUploadResult {
  mediaUrl: string
  directPath: string
  meta_hmac?: string | undefined
  ts?: number | undefined
  fbid?: number | undefined
  /** Names the file of a channel message: its `media_id`. */
  handle?: string | undefined
  /** Of videos. */
  metadataUrl?: string | undefined
}

/** Uploads a file that lies on disk. */
export type WAMediaUploadFunction = (encFilePath: string, opts: MediaUploadOptions) => Promise<MediaUploadResult>

/** A cache of prepared messages. */
export interface MediaCache {
  get<T>(key: string): Promise<T> | T | undefined
  set<T>(key: string, value: T): Promise<void> | void | number | boolean
  del(key: string): Promise<void> | void | number | boolean
  flushAll(): Promise<void> | void
}

/** What building media content needs of the outside world. */
export interface MediaGenerationOptions {
  logger?: ILogger | undefined
  /** Derives keys and upload path from this kind instead of the content's own. */
  mediaTypeOverride?: MediaType | undefined
  /** Without it, media content is refused with `media-upload-unavailable`. */
  upload?: WAMediaUploadFunction | undefined
  /** Keeps prepared messages by URL, so that a file is not uploaded again. */
  mediaCache?: MediaCache | undefined
  mediaUploadTimeoutMs?: number | undefined
  /** Options of `fetch` for media given by URL. */
  options?: RequestInit | undefined
  /** Proxy agent for media given by URL. */
  agent?: Agent | undefined
  /** Lets media be given by URLs of private addresses (Kurir's own). */
  allowPrivateAddresses?: boolean | undefined
  /** Told of each upload as it goes on (Kurir's own). */
  onUploadProgress?: ((progress: MediaUploadProgress) => void) | undefined
  /** Told the result of the upload of the content's main file (Kurir's own). */
  onUploaded?: ((result: MediaUploadResult) => void) | undefined
  signal?: AbortSignal | undefined
}

/** Arguments of `uploadWithNodeHttp`. */
export interface UploadParams {
  url: string
  filePath: string
  headers: Record<string, string>
  timeoutMs?: number | undefined
  agent?: Agent | undefined
}
