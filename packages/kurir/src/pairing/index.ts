export { derivePairingCodeKey } from '../crypto/baileys-names.js'
export * from './browsers.js'
export * from './client-payload.js'
export * from './identity.js'
export * from './pairing-code.js'
export {
  bytesToCrockford,
  generatePairingCode,
  type PairingMaterial,
  unwrapEphemeral,
  wrapEphemeral,
} from './pairing-code-crypto.js'
export * from './pairing-code-phone.js'
export * from './passkey.js'
export * from './qr.js'
export * from './stanzas.js'
