import { KurirError } from '../../errors/index.js'

/** Where decoding stopped: the message type being read and the byte offset in the input. */
export interface InvalidProtobufData {
  readonly type: string
  readonly offset: number
  readonly reason: string
}

/** Input bytes that are not the message they should be (code `invalid-protobuf`, status 400). */
export function invalidProtobuf(type: string, offset: number, reason: string): KurirError<InvalidProtobufData> {
  return new KurirError('invalid-protobuf', `Invalid protobuf for ${type} at byte ${offset}: ${reason}`, {
    statusCode: 400,
    data: { type, offset, reason },
  })
}

/** A member that cannot be written or converted (code `invalid-protobuf-value`, status 400). */
export interface InvalidProtobufValueData {
  readonly type: string
  /** Name of the member, or its field number where only that is known. */
  readonly field?: string | number
}

/** A program passed a value that does not fit the member's type (code `invalid-protobuf-value`, status 400). */
export function invalidProtobufValue(
  type: string,
  field: string | number | undefined,
  expected: string,
): KurirError<InvalidProtobufValueData> {
  const place =
    field === undefined ? type : typeof field === 'number' ? `field ${field} in ${type}` : `${type}.${field}`
  return new KurirError('invalid-protobuf-value', `${place}: ${expected} expected`, {
    statusCode: 400,
    data: field === undefined ? { type } : { type, field },
  })
}
