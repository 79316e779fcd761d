import { KurirError } from 'kurir'

/**
 * Values as the store keeps them: JSON text with bytes in it, in the form of Baileys' auth files. Bytes come back as
 * Buffer, 64-bit numbers as number (as decimal text beyond 2^53), dates as ISO text, errors as their name, code, message,
 * status and data. Members that are undefined, and functions, are left out.
 *
 * @throws KurirError `invalid-store-value` (400) for a value that contains itself
 */
export function encodeValue(value: unknown): Buffer {
  try {
    return Buffer.from(JSON.stringify(value, plain) ?? 'null')
  } catch (cause) {
    throw new KurirError('invalid-store-value', 'The value cannot be kept: it has no JSON form', {
      statusCode: 400,
      cause,
    })
  }
}

/** @throws KurirError `store-damaged` */
export function decodeValue(encoded: Uint8Array): unknown {
  const text = Buffer.from(encoded.buffer, encoded.byteOffset, encoded.byteLength).toString()
  try {
    const value: unknown = JSON.parse(text)
    return text.includes(BYTES_MARK) || text.includes('"__proto__"') ? restored(value) : value
  } catch (cause) {
    throw new KurirError('store-damaged', 'A value of the store cannot be read', { cause })
  }
}

/** Looks at the value itself, not at what its `toJSON` made of it: protobuf messages would lose their bytes and numbers. */
function plain(this: unknown, key: string, converted: unknown): unknown {
  const value: unknown = typeof this === 'object' && this !== null ? Reflect.get(this, key) : converted
  if (typeof value === 'bigint') return exact(value)
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Uint8Array) return bytesForm(value)
  if (value instanceof Date) return converted
  if (value instanceof Error) return errorForm(value)
  if (isLong(value)) return exact(longValue(value))
  return 'toJSON' in value && typeof value.toJSON === 'function' ? { ...value } : value
}

const BYTES_MARK = '{"type":"Buffer","data":"'

function bytesForm(bytes: Uint8Array): object {
  return { type: 'Buffer', data: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64') }
}

/** Brings bytes back, in place: a walk over the value is much faster than a reviver of `JSON.parse`. */
function restored(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (isBytesForm(value)) return Buffer.from(value.data, 'base64')
  const members: Record<string, unknown> = value as Record<string, unknown>
  for (const name of Object.keys(members)) {
    // It would be a prototype as soon as somebody assigns it.
    if (name === '__proto__') delete members[name]
    else if (typeof members[name] === 'object') members[name] = restored(members[name])
  }
  return members
}

function isBytesForm(value: object): value is { readonly data: string } {
  return 'type' in value && value.type === 'Buffer' && 'data' in value && typeof value.data === 'string'
}

interface LongForm {
  readonly low: number
  readonly high: number
  readonly unsigned: boolean
}

function isLong(value: object): value is LongForm {
  return (
    'low' in value &&
    'high' in value &&
    typeof value.low === 'number' &&
    typeof value.high === 'number' &&
    'unsigned' in value &&
    typeof value.unsigned === 'boolean'
  )
}

function longValue({ low, high, unsigned }: LongForm): bigint {
  const bits = (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0)
  return unsigned ? bits : BigInt.asIntN(64, bits)
}

const exact = (value: bigint): number | string =>
  Number.isSafeInteger(Number(value)) ? Number(value) : value.toString()

function errorForm(error: Error): object {
  const { name, message } = error
  if (!KurirError.is(error)) return { name, message }
  return { name, message, code: error.code, statusCode: error.output.statusCode, data: error.data }
}
