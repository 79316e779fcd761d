import type { MediaUploadResult } from './media-types.js'

/** Bytes of an answer of the media host that are read. */
export const largestUploadAnswer = 64 * 1024

/** The answer in the media host's own words (docs/protocol/03, 7.6). */
export interface UploadAnswer {
  url?: string
  direct_path?: string
  handle?: string
  meta_hmac?: string
  metadata_url?: string
  ts?: number
  fbid?: number
}

/** What the media host has of a file already. */
export type ResumeAnswer =
  | { readonly state: 'complete'; readonly answer: UploadAnswer }
  | { readonly state: 'partial'; readonly offset: number }
  | { readonly state: 'none' }

/** Takes what is usable; undefined for an answer that is no JSON object. Never throws. */
export function parseUploadAnswer(text: string): UploadAnswer | undefined {
  const parsed = parseObject(text)
  if (parsed === undefined) return undefined
  const answer: UploadAnswer = {}
  for (const name of ['url', 'direct_path', 'handle', 'meta_hmac', 'metadata_url'] as const) {
    const value = parsed[name]
    if (typeof value === 'string' && value !== '') answer[name] = value
  }
  for (const name of ['ts', 'fbid'] as const) {
    const value = parsed[name]
    const number = typeof value === 'string' && value !== '' ? Number(value) : value
    if (typeof number === 'number' && Number.isFinite(number)) answer[name] = number
  }
  return answer
}

/** The answer to `resume=1`; anything that is not understood means starting over. */
export function parseResumeAnswer(text: string, length: number): ResumeAnswer {
  const resume = parseObject(text)?.['resume']
  if (resume === 'complete') {
    const answer = parseUploadAnswer(text)
    return answer !== undefined && isUsable(answer) ? { state: 'complete', answer } : { state: 'none' }
  }
  const offset = typeof resume === 'string' && /^\d{1,15}$/.test(resume) ? Number(resume) : resume
  const isOffset = typeof offset === 'number' && Number.isSafeInteger(offset) && offset > 0 && offset < length
  return isOffset ? { state: 'partial', offset } : { state: 'none' }
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const parsed: unknown = JSON.parse(text)
    const isObject = typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)
    return isObject ? (parsed as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

/** Whether the answer says where the file is. */
export function isUsable({ url, direct_path }: UploadAnswer): boolean {
  return url !== undefined || direct_path?.startsWith('/') === true
}

export function uploadResult(answer: UploadAnswer): MediaUploadResult {
  const { url = '', direct_path = '', meta_hmac, ts, fbid, handle, metadata_url } = answer
  const result: MediaUploadResult = { mediaUrl: url, directPath: direct_path }
  if (meta_hmac !== undefined) result.meta_hmac = meta_hmac
  if (ts !== undefined) result.ts = ts
  if (fbid !== undefined) result.fbid = fbid
  if (handle !== undefined) result.handle = handle
  if (metadata_url !== undefined) result.metadataUrl = metadata_url
  return result
}
