export {
  type CertificateTrust,
  certificateClockTolerance,
  type VerifiedCertificates,
  verifyCertificateChain,
} from './certificate.js'
export {
  buildCertificateChain,
  type CertificateChainRequest,
  type CertificateRequest,
  issueCertificate,
} from './certificate-authority.js'
export {
  DICT_VERSION,
  NOISE_MODE,
  NOISE_WA_HEADER,
  type NoiseRoot,
  WA_CERT_DETAILS,
  WA_NOISE_ROOT,
} from './constants.js'
export { encodeFrame, frameHeaderLength, largestFrameBody } from './frame.js'
export { FrameCipher, type FrameCipherOptions } from './frame-cipher.js'
export { FrameReader, type FrameReaderOptions } from './frame-reader.js'
export {
  type NoiseFinishNeeded,
  NoiseInitiator,
  type NoiseInitiatorOptions,
  type NoiseInitiatorResult,
  type NoiseResumed,
  type NoiseResumption,
} from './initiator.js'
export { buildIntro, IntroReader, largestRoutingInfo, type ParsedIntro, parseIntro } from './intro.js'
export {
  type NoiseAccepted,
  NoiseResponder,
  type NoiseResponderOptions,
  type NoiseResponderResult,
} from './responder.js'
