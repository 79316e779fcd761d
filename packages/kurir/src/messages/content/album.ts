import type { proto } from '../../proto/index.js'
import { checkInteger, checkObject } from './checks.js'
import { invalidContent } from './content-error.js'
import type { ContentModifiers } from './content-types.js'

export interface AlbumMessageOptions {
  expectedImageCount?: number | undefined
  expectedVideoCount?: number | undefined
}

/** The head of an album. The pictures follow as messages of their own, with `albumParentKey` = the key of this one. */
export interface AlbumContent extends ContentModifiers {
  album: AlbumMessageOptions
}

/** Far beyond the 30 that official clients let people pick. */
const maxItems = 1_000

/** docs/protocol/03, 2.4. @throws KurirError `invalid-content` for an album of nothing */
export function buildAlbum({ album }: AlbumContent): proto.IMessage {
  const { expectedImageCount, expectedVideoCount } = checkObject('album', album)
  const images = checkInteger('album.expectedImageCount', expectedImageCount ?? 0, 0, maxItems)
  const videos = checkInteger('album.expectedVideoCount', expectedVideoCount ?? 0, 0, maxItems)
  if (images + videos === 0) throw invalidContent('album', 'An album announces how many pictures and videos follow')
  return {
    albumMessage: {
      ...(expectedImageCount === undefined ? {} : { expectedImageCount: images }),
      ...(expectedVideoCount === undefined ? {} : { expectedVideoCount: videos }),
    },
  }
}
