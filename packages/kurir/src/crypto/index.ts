export {
  aesCbcDecrypt,
  aesCbcEncrypt,
  aesCtrDecrypt,
  aesCtrEncrypt,
  aesGcmDecrypt,
  aesGcmEncrypt,
  gcmTagLength,
} from './aes.js'
export {
  generateKeyPair,
  type KeyPair,
  keyBundleType,
  keyPairFromPrivate,
  rawPublicKey,
  typedPublicKey,
  x25519,
  x25519WithPrivate,
} from './curve.js'
export { hmacSha256, hmacSha512, md5, sha1, sha256, sha512 } from './digest.js'
export { type HkdfOptions, hkdf, pbkdf2Sha256 } from './hkdf.js'
export { constantTimeEqual, randomBytes, randomInt } from './random.js'
export { generateSigningKeyPair, type SigningKeyPair, signingKeyPairFromSeed, signWithSeed } from './signing-key.js'
export { signatureLength, xeddsaSign, xeddsaVerify } from './xeddsa.js'
