import { type BinaryNode, getBinaryNodeChild } from 'kurir/binary'
import { aesGcmDecrypt, aesGcmEncrypt, hkdf } from 'kurir/crypto'
import { KurirError } from 'kurir/errors'
import { proto } from 'kurir/proto'
import { bytesOf, element } from '../router/stanzas.js'
import type { PhoneContext } from './phone-context.js'
import type { PhoneHistory } from './phone-history.js'
import { filePartOf } from './phone-media.js'

/** How a phone answers when a companion asks for a file again. */
export type MediaRetryAnswer = 'upload' | 'not-found' | 'decryption-error' | 'general-error' | 'nothing'

const INFO = 'WhatsApp Media Retry Notification'
const CODES: Readonly<Record<Exclude<MediaRetryAnswer, 'upload' | 'nothing'>, number>> = {
  'general-error': 0,
  'not-found': 2,
  'decryption-error': 3,
}

/** Uploads files again that companions no longer find on the media host (docs/protocol/03 §7.9). */
export class PhoneMediaRetry {
  /** What companions get from now on. */
  answer: MediaRetryAnswer = 'upload'
  readonly #context: () => PhoneContext
  readonly #history: PhoneHistory

  constructor(context: () => PhoneContext, history: PhoneHistory) {
    this.#context = context
    this.#history = history
  }

  /** Takes `<receipt type=server-error>` of a companion. */
  async take(receipt: BinaryNode): Promise<void> {
    const { id = '', from } = receipt.attrs
    const { account, service } = this.#context()
    const companion = service.core.accounts.resolve(from)?.device
    if (this.answer === 'nothing' || companion === undefined) return
    const content = await this.#content(id, receipt)
    const rmr = getBinaryNodeChild(receipt, 'rmr')
    const attrs = { id, from: account.pn, type: 'mediaretry', t: service.core.time() }
    const children = [...(rmr === undefined ? [] : [rmr]), ...content]
    service.core.delivery.deliver(companion, element('notification', attrs, children))
  }

  async #content(id: string, receipt: BinaryNode): Promise<BinaryNode[]> {
    if (this.answer !== 'upload' && this.answer !== 'nothing') return [errorOf(this.answer)]
    const part = filePartOf(this.#history.find(id)?.message ?? {})
    if (part?.mediaKey == null) return [errorOf('not-found')]
    const key = hkdf(part.mediaKey, 32, { info: INFO })
    if (!isRequest(receipt, key, id)) return [errorOf('decryption-error')]
    const { service, random } = this.#context()
    const known = service.media.store.find(part.directPath ?? '')
    const directPath = known === undefined ? undefined : (await service.media.store.reissue(known)).directPath
    const { SUCCESS, NOT_FOUND } = proto.MediaRetryNotification.ResultType
    const answer = {
      stanzaId: id,
      ...(directPath === undefined ? { result: NOT_FOUND } : { directPath, result: SUCCESS }),
    }
    const iv = random.bytes(12)
    const sealed = aesGcmEncrypt(key, iv, proto.MediaRetryNotification.encode(answer).finish(), Buffer.from(id))
    return [element('encrypt', {}, [element('enc_p', {}, sealed), element('enc_iv', {}, iv)])]
  }
}

const errorOf = (answer: keyof typeof CODES): BinaryNode => element('error', { code: String(CODES[answer]) })

/** True when the request is sealed with the key of the file and names the message. */
const isRequest = (receipt: BinaryNode, key: Uint8Array, id: string): boolean => {
  const encrypt = getBinaryNodeChild(receipt, 'encrypt')
  const [payload, iv] = ['enc_p', 'enc_iv'].map(tag => bytesOf(encrypt && getBinaryNodeChild(encrypt, tag)))
  if (payload === undefined || iv === undefined) return false
  try {
    return proto.ServerErrorReceipt.decode(aesGcmDecrypt(key, iv, payload, Buffer.from(id))).stanzaId === id
  } catch (error) {
    if (KurirError.is(error)) return false
    throw error
  }
}
