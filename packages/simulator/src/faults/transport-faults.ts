/** A defect of the certificate chain that the next handshakes show (docs/protocol/01 §2.8). */
export type CertificateDefect =
  | 'foreign-root'
  | 'wrong-intermediate-issuer'
  | 'wrong-leaf-issuer'
  | 'wrong-leaf-key'
  | 'forged-leaf-signature'
  | 'short-signature'
  | 'expired'
  | 'not-yet-valid'
  | 'garbage'

/** What goes wrong once, with the next frame to a client. */
export type FrameFault =
  /** One bit of the ciphertext is changed: the client's stream is broken. */
  | 'altered'
  /** The frame before is sent again. */
  | 'replayed'
  /** The frame is counted, but not sent. */
  | 'lost'
  /** A header that promises more than the client should accept, then the connection hangs. */
  | 'oversized'
  /** A compressed node that inflates to more than 16 MiB. */
  | 'bomb'

/** How links behave; can be changed at any time. */
export interface TransportFaults {
  /** Delay of each direction, in milliseconds. */
  readonly latencyMs?: number
  /** Frames to clients wait, and leave together when this is switched off. */
  readonly holdFrames?: boolean
  /** Frames are cut over several WebSocket messages. */
  readonly splitFrames?: boolean
  /** Frames of one turn of the event loop share a WebSocket message. */
  readonly mergeFrames?: boolean
  /** Stanzas to clients are compressed (flag 02). */
  readonly compressFrames?: boolean
  readonly certificate?: CertificateDefect
  /** Every IK attempt is answered with the full handshake. */
  readonly refuseResumption?: boolean
  /** The ServerHello never comes. */
  readonly silentHandshake?: boolean
}
