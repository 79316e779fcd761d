import type { proto } from 'kurir/proto'
import type { StoredMedia } from '../media/media-store.js'
import { type FilePart, filePartOf } from '../phone/phone-media.js'
import type { ContentRule } from './content-facts.js'

/** What a file's message must say of it (docs/protocol/03 §2.8, §7.3). */
export const mediaRules: ContentRule = ({ lenient, findFile }, content) => {
  const part = filePartOf(content)
  if (part === undefined) return []
  const { type, directPath, mediaKey, fileSha256, fileEncSha256, fileLength } = part
  const isThumbnail = type === 'thumbnail-link'
  return [
    mediaKey?.length !== 32 && `the media key of ${type} has 32 bytes`,
    fileSha256?.length !== 32 && `fileSha256 of ${type} has 32 bytes`,
    fileEncSha256?.length !== 32 && `fileEncSha256 of ${type} has 32 bytes`,
    directPath?.startsWith('/') !== true && `the direct path of ${type} begins with /`,
    !isThumbnail && (fileLength == null || Number(fileLength) < 0) && `${type} says how long the file is`,
    ...fileRules(part, findFile(directPath ?? '')),
    ...kindRules(content, lenient),
  ]
}

/** What a message says of its file must be so, where the host has it: a forwarded file may be gone. */
const fileRules = ({ type, fileEncSha256, fileLength }: FilePart, stored: StoredMedia | undefined) => {
  if (stored === undefined || fileEncSha256?.length !== 32) return []
  const length = fileLength == null ? undefined : Number(fileLength)
  return [
    Buffer.from(fileEncSha256).toString('base64url') !== stored.token &&
      `fileEncSha256 of ${type} is that of the uploaded file`,
    length !== undefined &&
      encryptedLength(length) !== stored.length &&
      `fileLength of ${type} is that of the uploaded file`,
  ]
}

/** Padding to whole blocks, and the MAC (docs/protocol/03 §7.3). */
const encryptedLength = (length: number): number => Math.floor(length / 16) * 16 + 16 + 10

const kindRules = (content: proto.IMessage, lenient: boolean) => {
  const { imageMessage, videoMessage, ptvMessage, audioMessage, documentMessage, stickerMessage } = content
  const media = imageMessage ?? videoMessage ?? ptvMessage ?? audioMessage ?? documentMessage ?? stickerMessage
  if (media == null) return []
  const { mimetype, url, mediaKeyTimestamp } = media
  const expected = imageMessage ? 'image/' : (videoMessage ?? ptvMessage) ? 'video/' : stickerMessage ? STICKER : ''
  return [
    mimetype == null || mimetype === ''
      ? 'media says its mimetype'
      : !startsWithOne(mimetype, expected) && `${mimetype} is another kind`,
    url != null && url !== '' && !/^https?:\/\//.test(url) && 'the url of media is one',
    !lenient && mediaKeyTimestamp == null && 'media says when its key was made',
    waveformLength(audioMessage) > 64 && 'a waveform has at most 64 values',
    audioMessage?.ptt !== true && waveformLength(audioMessage) > 0 && 'only voice messages have a waveform',
  ]
}

const STICKER = 'image/|application/was'

const startsWithOne = (mimetype: string, expected: string): boolean =>
  expected.split('|').some(start => mimetype.startsWith(start))

const waveformLength = (audio: proto.Message.IAudioMessage | null | undefined): number => audio?.waveform?.length ?? 0
