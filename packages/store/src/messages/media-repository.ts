import type { WAMessageKey } from 'kurir'
import type { SqlAccess } from '../sql/access.js'
import { Conditions, decodeTimePlace, encodePlace, pageSize } from '../sql/paging.js'
import { flag, integer, maybeInteger, maybeText, text } from '../sql/rows.js'
import type { SqlRow } from '../sql/sql.js'
import type { MediaKind, MessageMedia } from './message-media.js'
import { normalized } from './message-rows.js'

/** A file, and the message that brought it. */
export interface MediaEntry extends MessageMedia {
  readonly key: WAMessageKey
  /** Unix milliseconds. */
  readonly sentAt: number
}

export interface MediaFilter {
  readonly chat?: string
  readonly kind?: MediaKind
  /** SHA-256 of the file, base64. */
  readonly sha256?: string
  /** `next` of the page before. */
  readonly before?: string
  /** 50 by default, 1000 at most. */
  readonly limit?: number
}

/** Newest first; `next` is absent on the last page. */
export interface MediaPage {
  readonly media: readonly MediaEntry[]
  readonly next?: string
}

const COLUMNS =
  'f.message, f.kind, f.mime_type, f.file_name, f.file_size, f.sha256, f.sent_at, m.chat, m.chat_alt, m.id, m.from_me, m.author'

/** The files that stored messages brought. It follows the messages: there is nothing to save. */
export class MediaRepository {
  readonly #access: SqlAccess

  constructor(access: SqlAccess) {
    this.#access = access
  }

  /** @throws KurirError `invalid-page` (400) */
  async find(sessionId: string, filter: MediaFilter = {}): Promise<MediaPage> {
    const size = pageSize(filter.limit)
    const conditions = conditionsOf(sessionId, filter)
    const rows = await this.#access.read(sql =>
      sql.all(
        `SELECT ${COLUMNS} FROM media f JOIN messages m ON m.number = f.message WHERE ${conditions.text}
         ORDER BY f.sent_at DESC, f.message DESC LIMIT ?`,
        ...conditions.values,
        size + 1,
      ),
    )
    const shown = rows.slice(0, size)
    const last = shown.at(-1)
    const media = shown.map(entryOf)
    if (last === undefined || rows.length <= size) return { media }
    return { media, next: encodePlace(integer(last, 'sent_at'), integer(last, 'message')) }
  }
}

function conditionsOf(sessionId: string, { chat, kind, sha256, before }: MediaFilter): Conditions {
  const name = chat === undefined ? undefined : normalized(chat)
  const conditions = new Conditions()
    .add('f.session = ?', sessionId)
    .add('(m.chat = ? OR m.chat_alt = ?)', name, name)
    .add('f.kind = ?', kind)
    .add('f.sha256 = ?', sha256)
  if (before === undefined) return conditions
  const [time, number] = decodeTimePlace(before)
  return conditions.add('(f.sent_at < ? OR (f.sent_at = ? AND f.message < ?))', time, time, number)
}

function entryOf(row: SqlRow): MediaEntry {
  const author = text(row, 'author')
  return {
    key: {
      remoteJid: text(row, 'chat'),
      remoteJidAlt: maybeText(row, 'chat_alt'),
      id: text(row, 'id'),
      fromMe: flag(row, 'from_me'),
      ...(author !== '' && { participant: author }),
    },
    kind: text(row, 'kind') as MediaKind,
    mimeType: maybeText(row, 'mime_type'),
    fileName: maybeText(row, 'file_name'),
    fileSize: maybeInteger(row, 'file_size'),
    sha256: maybeText(row, 'sha256'),
    sentAt: integer(row, 'sent_at'),
  }
}
