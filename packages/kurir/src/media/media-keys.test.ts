import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { hkdf } from '../crypto/hkdf.js'
import { expandMediaKey, getMediaKeys } from './media-keys.js'
import { hkdfInfoKey, MEDIA_HKDF_KEY_MAPPING, type MediaType, newsletterUploadPath, uploadPath } from './media-kinds.js'

interface Expansion {
  readonly info: string
  readonly expanded112: string
  readonly iv: string
  readonly cipherKey: string
  readonly macKey: string
  readonly refKey: string
}

const { mediaKeyHex, expansions }: { mediaKeyHex: string; expansions: Expansion[] } = JSON.parse(
  readFileSync(new URL('../../../../tests/fixtures/vectors/03-media-crypto.json', import.meta.url), 'utf8'),
)
const mediaKey = Buffer.from(mediaKeyHex, 'hex')
const allTypes = [
  ...Object.keys(MEDIA_HKDF_KEY_MAPPING),
  'sticker-pack',
  'thumbnail-sticker-pack',
  'group-history',
] as MediaType[]

describe('media keys (docs/protocol/03, 7.2)', () => {
  it.each(expansions)('are derived for $info', expansion => {
    expect(hkdf(mediaKey, 112, { info: expansion.info }).toString('hex')).toBe(expansion.expanded112)
    const types = allTypes.filter(type => hkdfInfoKey(type) === expansion.info)
    expect(types.length).toBeGreaterThan(0)
    for (const type of types) {
      const keys = expandMediaKey(mediaKey, type)
      const found = Object.fromEntries(Object.entries(keys).map(([name, bytes]) => [name, bytes.toString('hex')]))
      const { iv, cipherKey, macKey, refKey } = expansion
      expect(found).toEqual({ iv, cipherKey, macKey, refKey })
    }
  })

  it('are derived from base64 text too, as a data URL or not', async () => {
    const { iv } = expandMediaKey(mediaKey, 'image')
    const text = mediaKey.toString('base64')
    expect((await getMediaKeys(text, 'image')).iv).toEqual(iv)
    expect((await getMediaKeys(`data:;base64,${text}`, 'image')).iv).toEqual(iv)
    expect((await getMediaKeys(mediaKey, 'image')).iv).toEqual(iv)
  })

  it.each([undefined, null, '', Buffer.alloc(0)])('are not derived from %o', async key => {
    await expect(getMediaKeys(key, 'image')).rejects.toMatchObject({
      code: 'invalid-media-key',
      output: { statusCode: 400 },
    })
  })
})

describe('upload paths (docs/protocol/03, 7.1 and 14: the current names)', () => {
  it.each([
    ['image', '/mms/image'],
    ['sticker', '/mms/sticker'],
    ['gif', '/mms/gif'],
    ['ptv', '/mms/ptv'],
    ['ptt', '/mms/ptt'],
    ['thumbnail-link', '/mms/thumbnail-link'],
    ['sticker-pack', '/mms/sticker-pack'],
    ['md-msg-hist', '/mms/md-msg-hist'],
    ['md-app-state', '/mms/md-app-state'],
    ['product-catalog-image', '/product/image'],
    ['biz-cover-photo', '/pps/biz-cover-photo'],
  ] as const)('of %s', (type, path) => {
    expect(uploadPath(type)).toBe(path)
  })

  it('of channels', () => {
    expect(newsletterUploadPath('ptt')).toBe('/newsletter/newsletter-ptt')
  })
})
