import { KurirError } from '../errors/kurir-error.js'

/**
 * JSON with bytes in it, as Baileys writes auth files (docs/protocol/01 §9.2): pass `replacer` to `JSON.stringify` and
 * `reviver` to `JSON.parse`. Bytes are written as `{"type":"Buffer","data":"<base64>"}`; two older forms are read too.
 */
export const BufferJSON = {
  replacer(_key: string, value: unknown): unknown {
    if (value instanceof Uint8Array) return bufferForm(value)
    // A Buffer's own toJSON has run before the replacer sees it.
    if (isBufferForm(value) && Array.isArray(value.data)) return bufferForm(Buffer.from(value.data))
    return value
  },

  /**
   * Bytes come back as a Buffer from `data` in base64 or as an array of numbers, and from a plain Uint8Array that was
   * serialised as an object: keys exactly 0 … n−1 in order, numbers only. Any other map with keys that look like
   * numbers stays a map. A member named `__proto__` is dropped.
   */
  reviver(key: string, value: unknown): unknown {
    if (key === '__proto__') return undefined
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
    if (isBufferForm(value)) {
      if (typeof value.data === 'string') return Buffer.from(value.data, 'base64')
      if (isNumberArray(value.data)) return Buffer.from(value.data)
    }
    const numbers = indexedNumbers(value)
    return numbers === undefined ? value : Buffer.from(numbers)
  },
} as const

/** The JSON text of one record. */
export function stringifyRecord(value: unknown): string {
  // Most records are bytes alone: this form needs no intermediate array of numbers.
  if (value instanceof Uint8Array) return `{"type":"Buffer","data":"${base64(value)}"}`
  return JSON.stringify(value, BufferJSON.replacer)
}

/**
 * Inverse of {@link stringifyRecord}.
 *
 * @throws KurirError `corrupt-auth-state` for text that is not JSON or is nested too deeply
 */
export function parseRecord(text: string): unknown {
  try {
    return JSON.parse(text, BufferJSON.reviver)
  } catch (cause) {
    throw new KurirError('corrupt-auth-state', 'The record is not valid JSON', { cause })
  }
}

interface BufferForm {
  readonly type: 'Buffer'
  readonly data: unknown
}

function isBufferForm(value: unknown): value is BufferForm {
  return typeof value === 'object' && value !== null && 'type' in value && value.type === 'Buffer' && 'data' in value
}

function isNumberArray(value: unknown): value is number[] {
  return Array.isArray(value) && value.every(item => typeof item === 'number')
}

/** The values of an object whose keys are 0 … n−1 and whose values are numbers; undefined for every other object. */
function indexedNumbers(value: object): number[] | undefined {
  if (!('0' in value)) return undefined
  const numbers: number[] = []
  for (const [key, item] of Object.entries(value)) {
    if (key !== String(numbers.length) || typeof item !== 'number') return undefined
    numbers.push(item)
  }
  return numbers
}

function bufferForm(bytes: Uint8Array): { type: 'Buffer'; data: string } {
  return { type: 'Buffer', data: base64(bytes) }
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}
