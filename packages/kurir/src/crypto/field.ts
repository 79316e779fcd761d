/** Integers of Curve25519: the field of its coordinates and the order of its base point, and their byte forms. */

/** 2^255 − 19, the modulus of coordinates. */
export const fieldPrime = 2n ** 255n - 19n
/** The order of the base point, the modulus of scalars. */
export const groupOrder = 2n ** 252n + 27742317777372353535851937790883648493n

const coordinateMask = 2n ** 255n - 1n

export function modulo(value: bigint, modulus: bigint): bigint {
  const remainder = value % modulus
  return remainder < 0n ? remainder + modulus : remainder
}

/** The inverse modulo a prime, by the extended Euclidean algorithm; for public values only (its time varies). */
export function invert(value: bigint, modulus: bigint): bigint {
  let [previous, current] = [modulus, modulo(value, modulus)]
  let [previousFactor, factor] = [0n, 1n]
  while (current !== 0n) {
    const quotient = previous / current
    ;[previous, current] = [current, previous - quotient * current]
    ;[previousFactor, factor] = [factor, previousFactor - quotient * factor]
  }
  return modulo(previousFactor, modulus)
}

export function littleEndianToInteger(bytes: Uint8Array): bigint {
  const reversed = Buffer.from(bytes).reverse()
  return BigInt(`0x${reversed.toString('hex')}`)
}

/** 32 bytes, little-endian. */
export function integerToLittleEndian(value: bigint): Buffer {
  return Buffer.from(value.toString(16).padStart(64, '0'), 'hex').reverse()
}

/**
 * The u-coordinates of the points whose order divides 8. No private key has them as its public key, and under them
 * signatures can be forged.
 */
const smallOrderCoordinates: ReadonlySet<bigint> = new Set([
  0n,
  1n,
  fieldPrime - 1n,
  325606250916557431795983626356110631294008115727848805560023387167927233504n,
  39382357235489614581723060781553021112529911719440698176882885853963445705823n,
])

/**
 * The Edwards y-coordinate of a Montgomery u-coordinate: y = (u − 1)/(u + 1), 32 bytes with a clear sign bit.
 * `undefined` for keys of small order, among them u = p − 1, which has no image (`docs/protocol/02` §1.3).
 */
export function edwardsFromMontgomery(publicKey: Uint8Array): Buffer | undefined {
  const u = modulo(littleEndianToInteger(publicKey) & coordinateMask, fieldPrime)
  if (smallOrderCoordinates.has(u)) return undefined
  return integerToLittleEndian(modulo((u - 1n) * invert(u + 1n, fieldPrime), fieldPrime))
}

/** The scalar that X25519 and Ed25519 make of 32 private bytes: a multiple of 8 with bit 254 as its highest. */
export function clampScalar(bytes: Uint8Array): Buffer {
  const clamped = Buffer.from(bytes.subarray(0, 32))
  clamped.writeUInt8(clamped.readUInt8(0) & 0xf8, 0)
  clamped.writeUInt8((clamped.readUInt8(31) & 0x7f) | 0x40, 31)
  return clamped
}
