/**
 * Media: keys, encryption, transfer. Everything works on streams with constant memory, whatever the size of the file.
 */
export * from './download.js'
export * from './encrypt-media.js'
export * from './media-decryptor.js'
export * from './media-encryptor.js'
export * from './media-format.js'
export { checkMediaUrl, getUrlFromDirectPath, urlOnHost } from './media-hosts.js'
export * from './media-http-error.js'
export * from './media-keys.js'
export * from './media-kinds.js'
export * from './media-range.js'
export { getStream, type MediaSourceOptions, openSource, toBuffer, toReadable } from './media-source.js'
export type * from './media-types.js'
export * from './sidecar.js'
export * from './upload.js'
export * from './upload-answer.js'
