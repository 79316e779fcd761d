/**
 * The kinds of media: how their keys are derived, and where they are uploaded to (docs/protocol/03, 7.1).
 */

/** The host of all media, unless a media connection or a message names another. */
export const DEF_MEDIA_HOST = 'mmg.whatsapp.net'

/** Names in `WhatsApp <name> Keys`, for the kinds that Baileys knows. Empty: never encrypted. */
export const MEDIA_HKDF_KEY_MAPPING = {
  audio: 'Audio',
  document: 'Document',
  gif: 'Video',
  image: 'Image',
  ppic: '',
  product: 'Image',
  ptt: 'Audio',
  sticker: 'Image',
  video: 'Video',
  'thumbnail-document': 'Document Thumbnail',
  'thumbnail-image': 'Image Thumbnail',
  'thumbnail-video': 'Video Thumbnail',
  'thumbnail-link': 'Link Thumbnail',
  'md-msg-hist': 'History',
  'md-app-state': 'App State',
  'product-catalog-image': '',
  'payment-bg-image': 'Payment Background',
  ptv: 'Video',
  'biz-cover-photo': 'Image',
}

/** Kinds that Baileys does not know. */
const furtherKeyNames = {
  'sticker-pack': 'Sticker Pack',
  'thumbnail-sticker-pack': 'Sticker Pack Thumbnail',
  'group-history': 'Group History',
} as const

/** What a file is: decides how its keys are derived and where it is kept. */
export type MediaType = keyof typeof MEDIA_HKDF_KEY_MAPPING | keyof typeof furtherKeyNames

/**
 * Upload paths as Baileys names them; Kurir uploads to {@link uploadPath}.
 */
export const MEDIA_PATH_MAP = {
  image: '/mms/image',
  video: '/mms/video',
  document: '/mms/document',
  audio: '/mms/audio',
  sticker: '/mms/image',
  'thumbnail-link': '/mms/image',
  'product-catalog-image': '/product/image',
  'md-app-state': '',
  'md-msg-hist': '/mms/md-app-state',
  'biz-cover-photo': '/pps/biz-cover-photo',
} as const

export const MEDIA_KEYS = Object.keys(MEDIA_PATH_MAP) as (keyof typeof MEDIA_PATH_MAP)[]

/** The info text that keys of this kind are derived with (docs/protocol/03, 7.2). */
export function hkdfInfoKey(type: MediaType): string {
  // The one kind whose text is written out.
  if (type === 'group-history') return furtherKeyNames[type]
  const names: Readonly<Record<MediaType, string>> = { ...MEDIA_HKDF_KEY_MAPPING, ...furtherKeyNames }
  return `WhatsApp ${names[type]} Keys`
}

const pathsOfTheirOwn: Partial<Readonly<Record<MediaType, string>>> = {
  'product-catalog-image': '/product/image',
  product: '/mms/image',
  'biz-cover-photo': '/pps/biz-cover-photo',
  ppic: '/pps/photo',
}

/** Where a file of this kind is uploaded to: every kind has a path of its own (docs/protocol/03, 14). */
export function uploadPath(type: MediaType): string {
  return pathsOfTheirOwn[type] ?? `/mms/${type}`
}

/** Where media of a channel is uploaded to, unencrypted. */
export function newsletterUploadPath(type: MediaType): string {
  return `/newsletter/newsletter-${type}`
}
