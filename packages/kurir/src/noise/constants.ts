/** Names and values of the Noise layer (`docs/protocol/01` §1.3, §2.1 and §2.8). */

/** The token dictionary version, last byte of the intro. */
export const DICT_VERSION = 3

/** "WA", the protocol version and the dictionary version: first bytes of a connection and prologue of the handshake. */
export const NOISE_WA_HEADER: Buffer = Buffer.from([0x57, 0x41, 6, DICT_VERSION])

/** Protocol name of the full handshake, padded to the hash length. */
export const NOISE_MODE = 'Noise_XX_25519_AESGCM_SHA256\0\0\0\0'

/** Protocol name of the resumed handshake (server key known), padded to the hash length. */
export const noiseResumeMode = 'Noise_IK_25519_AESGCM_SHA256\0\0\0\0'

/** Protocol name of the full handshake that replaces a refused resumption. */
export const noiseFallbackMode = 'Noise_XXfallback_25519_AESGCM_SHA256'

/** The certificate root of WhatsApp, under Baileys' name. */
export const WA_CERT_DETAILS: { SERIAL: number; ISSUER: string; PUBLIC_KEY: Buffer } = {
  SERIAL: 0,
  ISSUER: 'WhatsAppLongTerm1',
  PUBLIC_KEY: Buffer.from('142375574d0a587166aae71ebe516437c4a28b73e3695c6ce1f7f9545da8ee6b', 'hex'),
}

/** The key that signs the intermediate certificate, and its serial number. */
export interface NoiseRoot {
  /** 32 raw bytes. */
  readonly publicKey: Uint8Array
  readonly serial: number
}

/** The root that a connection to WhatsApp must lead to. */
export const WA_NOISE_ROOT: NoiseRoot = { publicKey: WA_CERT_DETAILS.PUBLIC_KEY, serial: WA_CERT_DETAILS.SERIAL }
