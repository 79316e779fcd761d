/** Wire types of the protobuf encoding: the low three bits of a tag. */
export const VARINT = 0
export const FIXED64 = 1
export const DELIMITED = 2
export const START_GROUP = 3
export const END_GROUP = 4
export const FIXED32 = 5

/** Messages (and groups) nested deeper than this are neither read nor written. */
export const MAX_DEPTH = 100

/** Wire type of each type that may be packed. Named as the methods of the reader and the writer. */
export const NUMBER_WIRE_TYPES = {
  int32: VARINT,
  uint32: VARINT,
  int64: VARINT,
  uint64: VARINT,
  bool: VARINT,
  fixed32: FIXED32,
  sfixed32: FIXED32,
  float: FIXED32,
  fixed64: FIXED64,
  sfixed64: FIXED64,
  double: FIXED64,
} as const

export type NumberType = keyof typeof NUMBER_WIRE_TYPES
