import { type KeyPair, keyPairFromPrivate, typedPublicKey, xeddsaSign } from 'kurir/crypto'
import { signKeyIndexList } from 'kurir/pairing'
import type { KeyIndexList } from '../accounts/account.js'
import type { DeviceKeys } from '../accounts/device.js'
import type { PublicPreKey } from '../accounts/prekey-store.js'
import type { SeededRandom } from '../random.js'

/** A one-time prekey with its private half. */
export interface PhonePreKey extends PublicPreKey {
  readonly pair: KeyPair
}

const SIGNED_PREKEY_ID = 1
const LARGEST_ID = 0xff_ff_ff

/** The secrets of a phone: the identity that signs its companions, its signed prekey, and fresh prekeys. */
export class PhoneKeys {
  readonly identity: KeyPair
  readonly registrationId: number
  /** Names this installation in ADV structures; another one after a reinstallation. */
  readonly rawId: number
  readonly signedPreKey: { readonly keyId: number; readonly keyPair: KeyPair; readonly signature: Uint8Array }
  readonly #random: SeededRandom
  #nextPreKeyId = 1

  constructor(random: SeededRandom) {
    this.#random = random
    this.identity = keyPairFromPrivate(random.bytes(32))
    this.registrationId = 1 + random.below(16_380)
    this.rawId = random.uint32()
    const keyPair = keyPairFromPrivate(random.bytes(32))
    const signature = xeddsaSign(this.identity, typedPublicKey(keyPair.public))
    this.signedPreKey = { keyId: SIGNED_PREKEY_ID, keyPair, signature }
  }

  /** The public halves, as the service keeps them. */
  get published(): DeviceKeys {
    const { keyId, keyPair, signature } = this.signedPreKey
    return {
      registrationId: this.registrationId,
      identity: this.identity.public,
      signedPreKey: { id: keyId, public: keyPair.public, signature },
    }
  }

  /** New one-time prekeys; ids run on and begin again after 16777215. */
  makePreKeys(count: number): PhonePreKey[] {
    return Array.from({ length: count }, () => {
      const pair = keyPairFromPrivate(this.#random.bytes(32))
      const id = this.#nextPreKeyId
      this.#nextPreKeyId = id === LARGEST_ID ? 1 : id + 1
      return { id, public: pair.public, pair }
    })
  }

  /** The list of key indexes that stand; 0 is the phone itself (docs/protocol/02 §5.4). */
  signKeyIndexes(keyIndexes: readonly number[], currentIndex: number, timestamp: number): KeyIndexList {
    const validIndexes = [...keyIndexes].sort((left, right) => left - right)
    const bytes = signKeyIndexList(this.identity, {
      rawId: this.rawId,
      timestamp,
      currentIndex,
      validIndexes,
      accountType: 0,
    })
    return { bytes, timestamp }
  }
}
