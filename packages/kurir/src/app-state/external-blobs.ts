import { downloadContentFromMessage } from '../media/download.js'
import { toBuffer } from '../media/media-source.js'
import type { MediaNetworkOptions } from '../media/media-types.js'
import { proto } from '../proto/index.js'
import { invalidAppState } from './app-state-error.js'
import { withExternalMutations } from './apply.js'

/** Fetches, checks and decrypts a file of app state. It is in memory as a whole. */
export type BlobDownload = (reference: proto.IExternalBlobReference) => Promise<Uint8Array>

/** Most bytes that a snapshot or the mutations of a patch may have: some two hundred thousand records. */
const largestBlob = 64 * 1_048_576

/** @throws AppStateError `invalid-app-state`; see also `downloadContentFromMessage` */
export function blobDownload(network: MediaNetworkOptions): BlobDownload {
  return async ({ mediaKey, directPath, fileSha256, fileEncSha256 }) => {
    // Without a key the file would be taken as it is.
    if (!mediaKey?.byteLength || !directPath) throw invalidAppState('a reference that leads to no file')
    const file = { mediaKey, directPath, fileSha256, fileEncSha256 }
    return await toBuffer(
      await downloadContentFromMessage(file, 'md-app-state', { ...network, maxLength: largestBlob }),
    )
  }
}

/** @throws AppStateError `invalid-app-state`, and what `download` throws */
export async function fetchSnapshot(
  reference: proto.IExternalBlobReference,
  download: BlobDownload,
): Promise<proto.ISyncdSnapshot> {
  const bytes = await download(reference)
  try {
    return proto.SyncdSnapshot.decode(bytes)
  } catch (error) {
    throw invalidAppState('a snapshot', {}, error)
  }
}

/** The patch with all its mutations, wherever they are. @throws as {@link fetchSnapshot} */
export async function completePatch(patch: proto.ISyncdPatch, download: BlobDownload): Promise<proto.ISyncdPatch> {
  if (!patch.externalMutations) return patch
  const bytes = await download(patch.externalMutations)
  try {
    return withExternalMutations(patch, proto.SyncdMutations.decode(bytes))
  } catch (error) {
    throw invalidAppState('the mutations of a patch', {}, error)
  }
}
