import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import { KurirError } from 'kurir'

/** Encrypts and authenticates what the store keeps. */
export interface Vault {
  /** @param place where the bytes will be kept: they cannot be opened anywhere else */
  seal(plain: Uint8Array, place: string): Buffer
  /** @throws KurirError `store-damaged` for bytes that were not sealed with this key for this place */
  open(sealed: Uint8Array, place: string): Buffer
}

const VERSION = 1
const EPOCH_LENGTH = 16
const COUNTER_LENGTH = 6
const TAG_LENGTH = 16
const HEADER_LENGTH = 1 + EPOCH_LENGTH + COUNTER_LENGTH
const CIPHER = 'aes-256-gcm'
/** Keys of earlier epochs that are kept ready. */
const EPOCHS_KEPT = 256
const KEY_LENGTH = 32

/**
 * AES-256-GCM: version, epoch, counter, ciphertext, tag. Every start of a process is an epoch with a key of its own, in
 * which messages are counted: no nonce comes twice with a key, however much is written and however often it is started.
 */
export function makeVault(key: Uint8Array): Vault {
  const epoch = randomBytes(EPOCH_LENGTH)
  const epochKey = keyOfEpoch(key, epoch)
  const earlier = new Map<string, Buffer>()
  let counter = 0

  const keyFor = (bytes: Buffer): Buffer => {
    if (bytes.equals(epoch)) return epochKey
    const name = bytes.toString('latin1')
    const known = earlier.get(name) ?? keyOfEpoch(key, bytes)
    earlier.delete(name)
    earlier.set(name, known)
    const [oldest] = earlier.keys()
    if (earlier.size > EPOCHS_KEPT && oldest !== undefined) earlier.delete(oldest)
    return known
  }

  return {
    seal(plain, place) {
      const header = Buffer.alloc(HEADER_LENGTH)
      header.writeUInt8(VERSION)
      epoch.copy(header, 1)
      counter += 1
      header.writeUIntBE(counter, 1 + EPOCH_LENGTH, COUNTER_LENGTH)
      const cipher = createCipheriv(CIPHER, epochKey, nonceOf(header))
      cipher.setAAD(Buffer.from(place))
      return Buffer.concat([header, cipher.update(plain), cipher.final(), cipher.getAuthTag()])
    },
    open(sealed, place) {
      const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength)
      if (bytes.byteLength < HEADER_LENGTH + TAG_LENGTH || bytes[0] !== VERSION) throw damaged(place)
      const end = bytes.byteLength - TAG_LENGTH
      const cipher = createDecipheriv(CIPHER, keyFor(bytes.subarray(1, 1 + EPOCH_LENGTH)), nonceOf(bytes), {
        authTagLength: TAG_LENGTH,
      })
      cipher.setAAD(Buffer.from(place))
      cipher.setAuthTag(bytes.subarray(end))
      try {
        return Buffer.concat([cipher.update(bytes.subarray(HEADER_LENGTH, end)), cipher.final()])
      } catch (cause) {
        throw damaged(place, cause)
      }
    },
  }
}

const keyOfEpoch = (key: Uint8Array, epoch: Uint8Array): Buffer =>
  Buffer.from(hkdfSync('sha256', key, epoch, 'kurir store epoch', KEY_LENGTH))

/** 12 bytes: zeros and the counter. */
function nonceOf(header: Buffer): Buffer {
  const nonce = Buffer.alloc(12)
  header.copy(nonce, 12 - COUNTER_LENGTH, 1 + EPOCH_LENGTH, HEADER_LENGTH)
  return nonce
}

function damaged(place: string, cause?: unknown): KurirError {
  return new KurirError('store-damaged', 'A record of the store cannot be decrypted: it was changed or moved', {
    data: { place: place.replaceAll('\0', '/') },
    cause,
  })
}
