import { jidNormalizedUser } from '../binary/jid.js'
import type { BinaryNode } from '../binary/node.js'
import { aesGcmDecrypt, aesGcmEncrypt } from '../crypto/aes.js'
import { hkdf } from '../crypto/hkdf.js'
import { randomBytes } from '../crypto/random.js'
import { KurirError } from '../errors/index.js'
import type { WAMessageKey } from '../events/message-types.js'
import { proto } from '../proto/index.js'
import { hasParticipants } from './own-account.js'
import { bytesOf, childNode, invalidStanza, requireAttribute } from './stanza-values.js'

/*
 * Asking the own phone to upload a file again that the server has removed (docs/protocol/03, 7.9).
 */

const keyInfo = 'WhatsApp Media Retry Notification'
const ivLength = 12

/** What the phone answered: sealed, or the reason why not. */
export interface MediaRetryAnswer {
  key: WAMessageKey
  media?: { ciphertext: Uint8Array; iv: Uint8Array }
  error?: KurirError
}

function retryKey(mediaKey: Uint8Array): Buffer {
  return hkdf(mediaKey, 32, { info: keyInfo })
}

/**
 * The stanza that asks for a new upload.
 *
 * @param meId any own JID
 * @param iv 12 bytes; random when left out, as it has to be outside of tests
 * @throws KurirError `invalid-receipt` (400) for a key without id or chat
 */
export function encryptMediaRetryRequest(
  key: WAMessageKey,
  mediaKey: Uint8Array,
  meId: string,
  iv: Uint8Array = randomBytes(ivLength),
): BinaryNode {
  const { id, remoteJid, fromMe, participant } = key
  if (!id || !remoteJid) {
    throw new KurirError('invalid-receipt', 'The key of the message has no id or chat', { statusCode: 400 })
  }
  const request = proto.ServerErrorReceipt.encode({ stanzaId: id }).finish()
  const sealed = aesGcmEncrypt(retryKey(mediaKey), iv, request, Buffer.from(id))
  const author = participant && hasParticipants(remoteJid) ? { participant } : {}
  return {
    tag: 'receipt',
    attrs: { id, to: jidNormalizedUser(meId), type: 'server-error' },
    content: [
      {
        tag: 'encrypt',
        attrs: {},
        content: [
          { tag: 'enc_p', attrs: {}, content: sealed },
          { tag: 'enc_iv', attrs: {}, content: iv },
        ],
      },
      {
        tag: 'rmr',
        attrs: { jid: remoteJid, from_me: String(fromMe === true), ...author },
      },
    ],
  }
}

/**
 * Reads `<notification type=mediaretry>`.
 *
 * @throws KurirError `invalid-stanza` (400) when it does not say which message it is about
 */
export function decodeMediaRetryNode(node: BinaryNode): MediaRetryAnswer {
  const id = requireAttribute(node, 'id')
  const about = childNode(node, 'rmr')
  if (about === undefined) throw invalidStanza(node, 'The notification does not name a message')
  const { jid, from_me, participant } = about.attrs
  const key: WAMessageKey = { id, remoteJid: jid, fromMe: from_me === 'true', ...(participant ? { participant } : {}) }
  const error = childNode(node, 'error')
  if (error !== undefined) return { key, error: refusal(Number(error.attrs['code']), error.attrs) }
  const sealed = childNode(node, 'encrypt')
  const ciphertext = sealed && bytesOf(childNode(sealed, 'enc_p'))
  const iv = sealed && bytesOf(childNode(sealed, 'enc_iv'))
  if (ciphertext && iv) return { key, media: { ciphertext, iv } }
  return {
    key,
    error: new KurirError('media-retry-refused', 'The phone did not say where the file is', {
      statusCode: 404,
      data: about.attrs,
    }),
  }
}

/**
 * Opens the phone's answer.
 *
 * @throws KurirError `mac-mismatch` (400) when it is not sealed for this file and message, `invalid-protobuf`,
 *   `invalid-stanza` (400) when it is about another message
 */
export function decryptMediaRetryData(
  { ciphertext, iv }: { ciphertext: Uint8Array; iv: Uint8Array },
  mediaKey: Uint8Array,
  msgId: string,
): proto.MediaRetryNotification {
  if (iv.byteLength !== ivLength) throw invalidAnswer('enc_iv')
  const plaintext = aesGcmDecrypt(retryKey(mediaKey), iv, ciphertext, Buffer.from(msgId))
  const answer = proto.MediaRetryNotification.decode(plaintext)
  if (answer.stanzaId !== msgId) throw invalidAnswer('stanzaId')
  return answer
}

function invalidAnswer(field: string): KurirError {
  return new KurirError('invalid-stanza', 'The answer about a file is not valid', { statusCode: 400, data: { field } })
}

/**
 * Where the file is now.
 *
 * @throws KurirError `media-retry-refused` with status 404, 412 or 418 when the phone did not upload it, and what
 *   {@link decryptMediaRetryData} throws
 */
export function directPathOfAnswer({ key, media, error }: MediaRetryAnswer, mediaKey: Uint8Array): string {
  if (error !== undefined) throw error
  if (media === undefined) throw refusal(0, {})
  const { result, directPath } = decryptMediaRetryData(media, mediaKey, key.id ?? '')
  if (result !== proto.MediaRetryNotification.ResultType.SUCCESS) throw refusal(result ?? 0, { id: key.id })
  if (!directPath?.startsWith('/')) throw invalidAnswer('directPath')
  return directPath
}

function refusal(result: number, data: object): KurirError {
  return new KurirError('media-retry-refused', `The phone did not upload the file again: ${nameOf(result)}`, {
    statusCode: getStatusCodeForMediaRetry(result),
    data,
  })
}

function nameOf(result: number): string {
  return proto.MediaRetryNotification.ResultType[result] ?? 'GENERAL_ERROR'
}

/** An HTTP-like status for the result of a media retry; results that are not known count as general errors. */
export function getStatusCodeForMediaRetry(code: number): 200 | 412 | 404 | 418 {
  const { SUCCESS, NOT_FOUND, DECRYPTION_ERROR } = proto.MediaRetryNotification.ResultType
  if (code === SUCCESS) return 200
  if (code === NOT_FOUND) return 404
  return code === DECRYPTION_ERROR ? 412 : 418
}
