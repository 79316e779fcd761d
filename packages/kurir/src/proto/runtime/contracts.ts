/** The types that the generated declarations name. */
export type { ConversionOptions } from './conversion.js'
export type { ProtoWriter } from './proto-writer.js'
export type { MessageReader } from './reader.js'
export type { MessageWriter } from './writer.js'
