/**
 * Socket mode between a program and the gateway, over socket.io (docs/socket-mode.md). Each frame is one socket.io event
 * of this name; values inside frames are JSON text as `values.ts` writes it.
 */
export const protocolVersion = 1

/** What a side can do beyond the version; a side uses what both have. */
export const features = ['streams'] as const
export type Feature = (typeof features)[number]

/** What a client says when it connects, in socket.io's `auth`. */
export interface ClientHello {
  readonly protocol: number
  readonly features: readonly string[]
  readonly token: string
  readonly session: string
  /** Name of the subscription: from the first hello on, what happens is kept for it. */
  readonly name: string
}

/** The gateway's first frame. */
export interface GatewayHello {
  readonly protocol: number
  readonly features: readonly string[]
  readonly session: string
  readonly verbs: readonly string[]
  /** Names this process of the gateway: keys of calls are remembered by one process. */
  readonly instance: string
}

/** Frames to the gateway, by name. */
export interface ClientFrames {
  call: CallFrame
  cancel: { readonly id: number }
  subscribe: SubscribeFrame
  unsubscribe: { readonly subscription: number }
  handled: HandledFrame
  failed: FailedFrame
  chunk: ChunkFrame
  end: EndFrame
  credit: CreditFrame
}

/** Frames to the client, by name. */
export interface GatewayFrames {
  hello: GatewayHello
  result: { readonly id: number; readonly value: string }
  failure: { readonly id: number; readonly error: string }
  deliver: DeliverFrame
  /** A subscription that the gateway cannot serve any more. */
  refused: { readonly subscription: number; readonly error: string }
  live: { readonly event: string; readonly body: string }
  /** How the session is (`SessionView`), after the hello and whenever it changes. */
  state: { readonly body: string }
  /** The gateway ends the connection, and why. */
  goodbye: { readonly error: string }
  chunk: ChunkFrame
  end: EndFrame
  credit: CreditFrame
}

export interface CallFrame {
  readonly id: number
  readonly method: string
  readonly args: string
  /** Milliseconds from its arrival. */
  readonly deadlineMs: number
  /** A call with a key that was used before gets the answer of then. */
  readonly key?: string
}

export interface SubscribeFrame {
  /** Chosen by the client, unique on its connection. */
  readonly subscription: number
  /** Programs that use the same name share the chats between them. */
  readonly name: string
  /** Events that may be on the way. */
  readonly credit: number
}

/** All events of a run up to `cursor` have been handled. */
export interface HandledFrame {
  readonly subscription: number
  readonly run: number
  readonly cursor: number
}

/** The event at `cursor` could not be handled; what came before it in the run was, what follows was not begun. */
export interface FailedFrame extends HandledFrame {
  readonly error: string
}

/** Events of one lane, in order. The next run of the lane comes when this one has been handled. */
export interface DeliverFrame {
  readonly subscription: number
  readonly run: number
  readonly lane: string
  readonly events: readonly DeliveredEvent[]
}

export interface DeliveredEvent {
  readonly cursor: number
  /** Unix milliseconds of its entry into the log. */
  readonly at: number
  readonly event: string
  readonly body: string
  /** How often it has been handed out before, as far as the gateway knows. */
  readonly redelivered: number
}

export interface ChunkFrame {
  readonly stream: number
  readonly data: Uint8Array
}

export interface EndFrame {
  readonly stream: number
  /** Why it ended early. */
  readonly error?: string
}

/** The receiver has room for so many more bytes; 0 says that it wants no more of it. */
export interface CreditFrame {
  readonly stream: number
  readonly bytes: number
}
