import { copyMedia } from '../media/encrypt-media.js'
import type { MediaType, MediaUploadResult, WAMediaUpload, WAMediaUploadFunction } from '../media/media-types.js'
import type { SocketCore } from './core.js'
import { mediaNetwork } from './media-network.js'

/** How long the upload of a picture may take (docs/protocol/05, 5.4). */
const timeoutMs = 30_000
/** Pictures of products and profiles are read whole by apps. */
const maxLength = 16 * 1_048_576

/**
 * Uploads a picture as it is, under its own hash: for what everybody may see.
 *
 * @throws KurirError as `copyMedia` and the upload function
 */
export async function uploadPlain(
  { config }: SocketCore,
  upload: WAMediaUploadFunction,
  mediaType: MediaType,
  media: WAMediaUpload,
): Promise<MediaUploadResult> {
  const { options, agent } = mediaNetwork(config)
  const { allowPrivateAddresses } = config
  const file = await copyMedia(media, { options, agent, allowPrivateAddresses, maxLength })
  try {
    return await upload(file.path, { fileEncSha256B64: file.fileSha256.toString('base64'), mediaType, timeoutMs })
  } finally {
    await file.discard()
  }
}
