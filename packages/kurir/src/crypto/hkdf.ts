import { createHmac, pbkdf2 } from 'node:crypto'
import { KurirError } from '../errors/index.js'

const hashLength = 32
const largestOutput = 255 * hashLength
const noSalt = Buffer.alloc(0)

export interface HkdfOptions {
  /** Empty when absent, which is the same as 32 zero bytes (RFC 5869). */
  readonly salt?: Uint8Array | undefined
  readonly info?: string | Uint8Array | undefined
}

/**
 * HKDF-SHA256. Built from HMACs because for the short outputs of this protocol (32 to 112 bytes) that costs about half
 * of `hkdfSync`, which prepares a key object and a job for every call.
 *
 * @param length bytes wanted, 1 to 8160
 * @throws KurirError `invalid-length`
 */
export function hkdf(input: Uint8Array, length: number, options: HkdfOptions = {}): Buffer {
  if (!Number.isInteger(length) || length < 1 || length > largestOutput) {
    throw new KurirError('invalid-length', 'HKDF can produce 1 to 8160 bytes', { statusCode: 400, data: { length } })
  }
  const { salt = noSalt, info = '' } = options
  const pseudoRandomKey = createHmac('sha256', salt).update(input).digest()
  const counter = Buffer.of(1)
  const first = createHmac('sha256', pseudoRandomKey).update(info).update(counter).digest()
  if (length === hashLength) return first
  if (length < hashLength) return first.subarray(0, length)
  const output = Buffer.allocUnsafe(Math.ceil(length / hashLength) * hashLength)
  first.copy(output)
  let block = first
  for (let offset = hashLength; offset < length; offset += hashLength) {
    counter[0] = offset / hashLength + 1
    block = createHmac('sha256', pseudoRandomKey).update(block).update(info).update(counter).digest()
    block.copy(output, offset)
  }
  return output.subarray(0, length)
}

/** PBKDF2-HMAC-SHA256 on the thread pool, so that the 131,072 rounds of a pairing code do not stop the process. */
export function pbkdf2Sha256(
  password: string | Uint8Array,
  salt: Uint8Array,
  iterations: number,
  length: number,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    pbkdf2(password, salt, iterations, length, 'sha256', (error, key) => (error ? reject(error) : resolve(key)))
  })
}
