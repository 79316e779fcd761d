/**
 * The protobuf messages of WhatsApp: `proto.Message`, `proto.WebMessageInfo`, `proto.HistorySync` … with the static
 * methods `create`, `encode`, `decode`, `fromObject`, `toObject` that programs written for Baileys use, and the types
 * `proto.IMessage` … for plain objects. Classes and enums are made when they are first read.
 *
 * Decoding untrusted bytes throws nothing but `KurirError` (`invalid-protobuf`).
 */
import { proto as generated, topLevel } from './generated/codec.js'
import { addNested, completeClass } from './runtime/message-class.js'
import { onTypeLoaded } from './runtime/registry.js'

onTypeLoaded(completeClass)
addNested(generated, topLevel())

export import proto = generated
export import WAProto = generated

export type { ConversionOptions } from './runtime/conversion.js'
export { type Integer64, Long, type LongLike } from './runtime/long.js'
export { ProtoWriter } from './runtime/proto-writer.js'
