import type { ILogger } from '../../logger/logger.js'
import type { proto } from '../../proto/index.js'

/** Preview of a link, as fetched or as given by the caller. */
export interface WAUrlInfo {
  'canonical-url': string
  /** The URL as it stands in the text. */
  'matched-text': string
  title: string
  description?: string | undefined
  jpegThumbnail?: Uint8Array | undefined
  /** An uploaded larger picture. */
  highQualityThumbnail?: proto.Message.IImageMessage | undefined
  originalThumbnailUrl?: string | undefined
}

/** https URLs without user information (docs/protocol/03, 7.12). */
export const URL_REGEX = /https:\/\/(?![^\s/]*@)[A-Za-z\d.-]+\.[A-Za-z]{2,}(?::\d+)?(?:\/\S*)?/g

/** Texts longer than this are searched in their beginning only. */
const maxSearchedLength = 65_536

/** The first https URL of a text. */
export function extractUrlFromText(text: string): string | undefined {
  return text.slice(0, maxSearchedLength).match(URL_REGEX)?.[0]
}

/**
 * The preview of the first URL in a text. A preview that cannot be had is no reason not to send the message: failures
 * are logged and give undefined.
 */
export async function generateLinkPreviewIfRequired(
  text: string,
  getUrlInfo: ((text: string) => Promise<WAUrlInfo | undefined>) | undefined,
  logger?: ILogger,
): Promise<WAUrlInfo | undefined> {
  const url = extractUrlFromText(text)
  if (getUrlInfo === undefined || url === undefined) return undefined
  try {
    return await getUrlInfo(url)
  } catch (error) {
    logger?.warn({ error }, 'the link preview could not be made')
    return undefined
  }
}

/** The fields of a text message that show a preview. */
export function linkPreviewFields(preview: WAUrlInfo): proto.Message.IExtendedTextMessage {
  const fields: proto.Message.IExtendedTextMessage = {
    matchedText: preview['matched-text'],
    title: preview.title,
    previewType: 0,
  }
  if (preview.description !== undefined) fields.description = preview.description
  if (preview.jpegThumbnail !== undefined) fields.jpegThumbnail = preview.jpegThumbnail
  const picture = preview.highQualityThumbnail
  if (picture === undefined) return fields
  return {
    ...fields,
    thumbnailDirectPath: picture.directPath,
    mediaKey: picture.mediaKey,
    mediaKeyTimestamp: picture.mediaKeyTimestamp,
    thumbnailWidth: picture.width,
    thumbnailHeight: picture.height,
    thumbnailSha256: picture.fileSha256,
    thumbnailEncSha256: picture.fileEncSha256,
  }
}
