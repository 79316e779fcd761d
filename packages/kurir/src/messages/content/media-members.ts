import { checkInteger, checkOptionalText } from './checks.js'
import { invalidContent } from './content-error.js'

/** Members of a picture that a caller may give, and that stand in the message as they are. */
export const imageMembers = [
  'mimetype',
  'caption',
  'width',
  'height',
  'jpegThumbnail',
  'annotations',
  'interactiveAnnotations',
  'accessibilityLabel',
  'scansSidecar',
  'scanLengths',
  'firstScanSidecar',
  'firstScanLength',
] as const
export const videoMembers = [
  'mimetype',
  'caption',
  'width',
  'height',
  'seconds',
  'jpegThumbnail',
  'gifPlayback',
  'gifAttribution',
  'ptv',
  'annotations',
  'interactiveAnnotations',
  'accessibilityLabel',
  'motionPhotoPresentationOffsetMs',
] as const
export const audioMembers = ['mimetype', 'seconds', 'ptt', 'waveform', 'accessibilityLabel'] as const
export const documentMembers = [
  'mimetype',
  'fileName',
  'title',
  'pageCount',
  'caption',
  'jpegThumbnail',
  'thumbnailDirectPath',
  'thumbnailSha256',
  'thumbnailEncSha256',
  'thumbnailHeight',
  'thumbnailWidth',
  'contactVcard',
  'accessibilityLabel',
] as const
export const stickerMembers = [
  'mimetype',
  'width',
  'height',
  'isAnimated',
  'isAvatar',
  'isAiSticker',
  'isLottie',
  'emojis',
  'pngThumbnail',
  'accessibilityLabel',
  'premium',
] as const

/** Members of the message that are no members of it in the protobuf. */
const ownNames: ReadonlySet<string> = new Set(['ptv'])

/** Copies the members that the caller gave. Images in base64 become bytes. */
export function givenFields(content: object, names: readonly string[]): Record<string, unknown> {
  const fields: Record<string, unknown> = {}
  for (const name of [...names, 'contextInfo']) {
    const value: unknown = Reflect.get(content, name)
    if (value === undefined || value === null || ownNames.has(name)) continue
    fields[name] = /Thumbnail$/.test(name) && typeof value === 'string' ? Buffer.from(value, 'base64') : value
  }
  checkGiven(fields)
  return fields
}

function checkGiven(fields: Record<string, unknown>): void {
  for (const name of ['mimetype', 'caption', 'fileName', 'title', 'accessibilityLabel']) {
    checkOptionalText(name, fields[name])
  }
  for (const name of ['width', 'height', 'pageCount']) {
    if (fields[name] !== undefined) checkInteger(name, fields[name], 0, 0xffff_ffff)
  }
  const { seconds } = fields
  if (seconds === undefined) return
  if (typeof seconds !== 'number' || !(seconds >= 0) || seconds > 0xffff_ffff) {
    throw invalidContent('seconds', 'The duration is a number of seconds')
  }
  fields['seconds'] = Math.floor(seconds)
}
