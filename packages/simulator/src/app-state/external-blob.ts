import { expandMediaKey } from 'kurir/media'
import type { proto } from 'kurir/proto'
import { decryptedMedia, encryptedMedia } from '../media/media-crypt.js'
import type { MediaHost } from '../media/media-host.js'
import type { SeededRandom } from '../random.js'
import { invalidPatch } from './sealed-mutation.js'

/** Media type of the files that hold snapshots and large patches (docs/protocol/04 §1.6). */
const MEDIA_TYPE = 'md-app-state'

/** Encrypts a snapshot or a list of mutations, puts it on the media host, and says where it is. */
export const writeStateBlob = async (
  host: MediaHost,
  random: SeededRandom,
  content: Uint8Array,
): Promise<proto.IExternalBlobReference> => {
  const mediaKey = random.bytes(32)
  const encrypted = encryptedMedia(once(content), expandMediaKey(mediaKey, MEDIA_TYPE))
  const { directPath } = await host.put(MEDIA_TYPE, encrypted.file)
  const { fileSha256, fileEncSha256, fileLength } = encrypted.digest()
  const handle = random.bytes(16).toString('base64url')
  return { mediaKey, directPath, handle, fileSizeBytes: fileLength, fileSha256, fileEncSha256 }
}

/**
 * What a client, or the service itself, has put on the media host.
 *
 * @throws KurirError `app-state-patch-invalid` when it is not there, `media-content-invalid`
 */
export const readStateBlob = async (
  host: MediaHost,
  { mediaKey, directPath, fileSha256, fileEncSha256, fileSizeBytes }: proto.IExternalBlobReference,
): Promise<Buffer> => {
  const stored = host.store.find(directPath ?? '')
  if (stored === undefined || stored.gone !== undefined || mediaKey == null) throw invalidPatch('a blob that is there')
  const fileLength = fileSizeBytes == null ? undefined : Number(fileSizeBytes)
  const expected = { fileSha256, fileEncSha256, fileLength }
  const pieces: Buffer[] = []
  for await (const piece of decryptedMedia(host.store.read(stored), expandMediaKey(mediaKey, MEDIA_TYPE), expected)) {
    pieces.push(piece)
  }
  return Buffer.concat(pieces)
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
