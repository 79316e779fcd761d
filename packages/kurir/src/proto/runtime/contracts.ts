/** The types that the generated declarations name. */
export type { ConversionOptions } from './conversion.js'
export type { MessageReader } from './reader.js'
export type { MessageWriter, ProtoWriter } from './writer.js'
