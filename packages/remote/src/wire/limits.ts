/**
 * What either side accepts of the other. The gateway states its own in `hello`; a frame beyond a limit is refused with a
 * typed error, a frame that is malformed ends the connection.
 */
export const wireLimits = {
  /** Bytes of one frame from a client. What is longer travels as a stream. */
  maxFrameBytes: 1024 * 1024,
  /** Bytes of the JSON text of a call's arguments. */
  maxArgumentBytes: 512 * 1024,
  /** Bytes that stand inside the JSON text; longer ones travel as a stream. */
  maxInlineBytes: 32 * 1024,
  /** Bytes of a Buffer among the arguments. Larger files are given as `{ stream }` or `{ url }`. */
  maxBufferBytes: 64 * 1024 * 1024,
  /** Streams that one connection has open at a time, each way. */
  maxStreams: 128,
  /** Bytes of one piece of a stream. */
  chunkBytes: 64 * 1024,
  /** Bytes of a stream that may be on the way before the receiver asks for more. */
  streamWindowBytes: 512 * 1024,
  /** Calls of one client that run at a time. */
  maxCalls: 256,
  /** Levels of objects in a value. */
  maxDepth: 64,
  /** Subscriptions of one connection. */
  maxSubscriptions: 16,
  /** Events that a subscription has on the way at most. */
  maxCredit: 1000,
  /** Milliseconds that a client may give a call. */
  maxDeadlineMs: 3_600_000,
} as const
