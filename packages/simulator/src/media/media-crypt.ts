import { createCipheriv, createDecipheriv, createHash, createHmac } from 'node:crypto'
import { constantTimeEqual } from 'kurir/crypto'
import { KurirError } from 'kurir/errors'
import type { MediaKeys } from 'kurir/media'

/**
 * The file format of encrypted media (docs/protocol/03 §7.3), written a second time: files of the library are read by
 * other code than wrote them.
 */

const MAC_LENGTH = 10

/** What a message says of its file. */
export interface MediaDigest {
  /** SHA-256 of the plaintext. */
  readonly fileSha256: Buffer
  /** SHA-256 of the encrypted file. */
  readonly fileEncSha256: Buffer
  /** Bytes of plaintext. */
  readonly fileLength: number
}

/** The encrypted file, piece by piece; `digest` is complete when all of it has been read. */
export const encryptedMedia = (
  source: AsyncIterable<Uint8Array>,
  { iv, cipherKey, macKey }: MediaKeys,
): { readonly file: AsyncIterable<Buffer>; digest(): MediaDigest } => {
  let result: MediaDigest | undefined
  async function* file(): AsyncGenerator<Buffer> {
    const cipher = createCipheriv('aes-256-cbc', cipherKey, iv)
    const mac = createHmac('sha256', macKey).update(iv)
    const [plain, whole] = [createHash('sha256'), createHash('sha256')]
    let fileLength = 0
    for await (const chunk of source) {
      fileLength += chunk.length
      plain.update(chunk)
      const ciphertext = cipher.update(chunk)
      mac.update(ciphertext)
      whole.update(ciphertext)
      yield ciphertext
    }
    const last = cipher.final()
    const end = Buffer.concat([last, mac.update(last).digest().subarray(0, MAC_LENGTH)])
    result = { fileSha256: plain.digest(), fileEncSha256: whole.update(end).digest(), fileLength }
    yield end
  }
  return {
    file: file(),
    digest() {
      if (result === undefined) throw new RangeError('The file has not been read to its end')
      return result
    },
  }
}

/** What is to be checked; what a message does not say is left out. */
export interface ExpectedMedia {
  readonly fileSha256?: Uint8Array | null | undefined
  readonly fileEncSha256?: Uint8Array | null | undefined
  readonly fileLength?: number | undefined
}

/**
 * The plaintext of an encrypted file, piece by piece. After the last piece everything is checked (docs/protocol/03
 * §7.7): only when the iteration ends without an error, the content may be believed.
 *
 * @throws KurirError `media-content-invalid`; `data.check` names what did not hold
 */
export async function* decryptedMedia(
  source: AsyncIterable<Buffer>,
  { iv, cipherKey, macKey }: MediaKeys,
  expected: ExpectedMedia,
): AsyncGenerator<Buffer> {
  const decipher = createDecipheriv('aes-256-cbc', cipherKey, iv)
  const mac = createHmac('sha256', macKey).update(iv)
  const [plain, whole] = [createHash('sha256'), createHash('sha256')]
  let [length, held] = [0, Buffer.alloc(0)]
  const take = (content: Buffer) => {
    length += content.length
    plain.update(content)
    return content
  }
  for await (const chunk of source) {
    whole.update(chunk)
    const known = Buffer.concat([held, chunk])
    const end = Math.max(0, known.length - MAC_LENGTH)
    held = known.subarray(end)
    mac.update(known.subarray(0, end))
    yield take(decipher.update(known.subarray(0, end)))
  }
  check('file hash', isDigest(whole.digest(), expected.fileEncSha256))
  check('mac', held.length === MAC_LENGTH && constantTimeEqual(mac.digest().subarray(0, MAC_LENGTH), held))
  yield take(lastBlock(() => decipher.final()))
  check('content hash', isDigest(plain.digest(), expected.fileSha256))
  check('length', expected.fileLength === undefined || expected.fileLength === length)
}

/** The same for files that are not encrypted, as in channels. */
export async function* checkedMedia(source: AsyncIterable<Buffer>, expected: ExpectedMedia): AsyncGenerator<Buffer> {
  const hash = createHash('sha256')
  let length = 0
  for await (const chunk of source) {
    hash.update(chunk)
    length += chunk.length
    yield chunk
  }
  check('content hash', isDigest(hash.digest(), expected.fileSha256))
  check('length', expected.fileLength === undefined || expected.fileLength === length)
}

const isDigest = (digest: Buffer, expected: Uint8Array | null | undefined): boolean =>
  expected == null || constantTimeEqual(digest, expected)

const lastBlock = (finish: () => Buffer): Buffer => {
  try {
    return finish()
  } catch {
    throw invalid('padding')
  }
}

const check = (name: string, holds: boolean): void => {
  if (!holds) throw invalid(name)
}

const invalid = (name: string): KurirError =>
  new KurirError('media-content-invalid', `The file is not what its message says: ${name}`, {
    statusCode: 400,
    data: { check: name },
  })
