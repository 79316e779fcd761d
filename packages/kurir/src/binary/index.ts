export * from './accessors.js'
export { parseDecimal } from './decimal.js'
export {
  type DecodeOptions,
  decodeBinaryNode,
  decodeDecompressedBinaryNode,
  decodeNode,
  decompressingIfRequired,
  MAX_INFLATED_SIZE,
  MAX_NODE_COUNT,
} from './decode.js'
export { encodeBinaryNode, MAX_NODE_DEPTH } from './encode.js'
export {
  NodeDecodeError,
  type NodeDecodeReason,
  NodeEncodeError,
  type NodeEncodeReason,
} from './errors.js'
export * from './jid.js'
export type {
  BinaryNode,
  BinaryNodeAttributes,
  BinaryNodeCodingOptions,
  BinaryNodeContent,
  BinaryNodeData,
} from './node.js'
export { ServerRefusal } from './server-refusal.js'
export { DICT_VERSION } from './tokens.js'
