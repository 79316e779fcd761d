/**
 * Media: keys, encryption, transfer. Everything works on streams with constant memory, whatever the size of the file.
 */
export * from './media-keys.js'
export * from './media-kinds.js'
export type * from './media-types.js'
