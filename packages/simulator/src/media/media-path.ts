/** What an upload path says about the file (docs/protocol/03 §7.1). */
export interface UploadKind {
  /** Last segment of the path, which is also the `mms-type` of downloads. */
  readonly type: string
  readonly encrypted: boolean
  /** A channel's file: the answer has a handle. */
  readonly newsletter: boolean
}

const ENCRYPTED = [
  'image',
  'sticker',
  'video',
  'gif',
  'ptv',
  'audio',
  'ptt',
  'document',
  'thumbnail-link',
  'thumbnail-image',
  'thumbnail-video',
  'thumbnail-document',
  'sticker-pack',
  'thumbnail-sticker-pack',
  'md-msg-hist',
  'md-app-state',
  'group-history',
]
const NEWSLETTER = [
  'image',
  'video',
  'audio',
  'document',
  'sticker',
  'sticker-pack',
  'gif',
  'ptt',
  'ptv',
  'thumbnail-link',
]
const PLAIN = ['/product/image', '/pps/biz-cover-photo', '/pps/photo']

const KINDS: ReadonlyMap<string, UploadKind> = new Map<string, UploadKind>([
  ...ENCRYPTED.map(type => [`/mms/${type}`, { type, encrypted: true, newsletter: false }] as const),
  ...NEWSLETTER.map(name => {
    const type = `newsletter-${name}`
    return [`/newsletter/${type}`, { type, encrypted: false, newsletter: true }] as const
  }),
  ...PLAIN.map(path => [path, { type: path.slice(1).replace('/', '-'), encrypted: false, newsletter: false }] as const),
])

/** Kind and token of an upload path `/<family>/<type>/<token>`; undefined when no client uploads there. */
export const parseUploadPath = (path: string): { readonly kind: UploadKind; readonly token: string } | undefined => {
  const cut = path.lastIndexOf('/')
  const kind = KINDS.get(path.slice(0, cut))
  return kind === undefined ? undefined : { kind, token: decode(path.slice(cut + 1)) }
}

/** The kind of a media type by its name alone, as phones upload it. */
export const uploadKind = (type: string): UploadKind | undefined =>
  KINDS.get(`/mms/${type}`) ?? KINDS.get(`/newsletter/${type}`)

const decode = (segment: string): string => {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}
