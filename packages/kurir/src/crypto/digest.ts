import { createHash, createHmac, hash as hashOnce } from 'node:crypto'

export function sha256(data: Uint8Array): Buffer {
  return hashOnce('sha256', data, 'buffer')
}

/** SHA-256 in lower-case hex digits. */
export function sha256Hex(data: Uint8Array): string {
  return hashOnce('sha256', data, 'hex')
}

export function sha512(...parts: readonly Uint8Array[]): Buffer {
  const hash = createHash('sha512')
  for (const part of parts) hash.update(part)
  return hash.digest()
}

/** SHA-1: only for the key digest that the protocol defines with it (`docs/protocol/02` §8.5). */
export function sha1(data: Uint8Array): Buffer {
  return hashOnce('sha1', data, 'buffer')
}

/** MD5: only for the build hash that the protocol defines with it (`docs/protocol/01` §3.1). */
export function md5(data: Uint8Array | string): Buffer {
  return hashOnce('md5', data, 'buffer')
}

/** HMAC-SHA256 over the parts as if they were concatenated. */
export function hmacSha256(key: Uint8Array, ...parts: readonly Uint8Array[]): Buffer {
  const hmac = createHmac('sha256', key)
  for (const part of parts) hmac.update(part)
  return hmac.digest()
}

/** HMAC-SHA512 over the parts as if they were concatenated. */
export function hmacSha512(key: Uint8Array, ...parts: readonly Uint8Array[]): Buffer {
  const hmac = createHmac('sha512', key)
  for (const part of parts) hmac.update(part)
  return hmac.digest()
}
