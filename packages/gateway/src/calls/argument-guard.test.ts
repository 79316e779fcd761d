import { Readable } from 'node:stream'
import { KurirError } from 'kurir/errors'
import { describe, expect, it } from 'vitest'
import { checkArguments } from './argument-guard.js'

function refusedAt(method: string, args: readonly unknown[]): unknown {
  try {
    checkArguments(method, args)
  } catch (error) {
    if (KurirError.is(error)) return error.data
    throw error
  }
  return 'accepted'
}

const jid = '6281110001@s.whatsapp.net'

describe('arguments of programs', () => {
  it.each([
    ['a path', { image: { url: '/etc/passwd' } }, '1.image.url'],
    ['a path that goes up', { image: { url: '../../secrets' } }, '1.image.url'],
    ['a file URL', { image: { url: 'file:///etc/passwd' } }, '1.image.url'],
    ['a file URL in capitals', { image: { url: 'FILE:///etc/passwd' } }, '1.image.url'],
    ['a file URL as an object', { image: { url: new URL('file:///etc/passwd') } }, '1.image.url'],
    ['a path in a list', { image: { url: ['/etc/passwd'] } }, '1.image.url'],
    ['a path beside other members', { image: { url: '/etc/passwd', mimetype: 'x' } }, '1.image.url'],
    [
      'a path further down',
      { stickerPack: { stickers: [{ data: { url: 'C:\\secret' } }] } },
      '1.stickerPack.stickers.0.data.url',
    ],
    ['leave to look into private networks', { text: 'x', allowPrivateAddresses: true }, '1.allowPrivateAddresses'],
  ])('%s is refused', (_, content, path) => {
    expect(refusedAt('sendMessage', [jid, content])).toEqual({ path })
    expect(refusedAt('updateProfilePicture', [jid, content])).toEqual({ path })
  })

  it.each([
    [
      'an option for the network',
      'sendMessage',
      [jid, { text: 'x' }, { allowPrivateAddresses: true }],
      '2.allowPrivateAddresses',
    ],
    ['options of fetch', 'sendMessage', [jid, { text: 'x' }, { options: { dispatcher: {} } }], '2.options'],
    ['another media host', 'downloadMedia', [{}, 'stream', { mediaOrigins: ['http://10.0.0.1'] }], '2.mediaOrigins'],
    ['an upload function', 'sendMessage', [jid, { text: 'x' }, { upload: {} }], '2.upload'],
  ])('%s is refused', (_, method, args, path) => {
    expect(refusedAt(method, args)).toEqual({ path })
  })

  it.each([
    ['a web address', { image: { url: 'https://example.org/cat.jpg' } }],
    ['a data URL', { image: { url: 'data:image/png;base64,AAAA' } }],
    ['bytes', { image: Buffer.from('x') }],
    ['a stream', { image: { stream: Readable.from(['x']) } }],
    ['a link of another kind in a button', { buttons: [{ url: 'whatsapp://send' }] }],
    ['a message without an address', { forward: { message: { imageMessage: { url: '' } } } }],
  ])('%s is taken', (_, content) => {
    expect(refusedAt('sendMessage', [jid, content, { messageId: '3EB0', quoted: { key: {} } }])).toBe('accepted')
  })
})
