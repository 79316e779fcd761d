import type { BaileysEvent } from 'kurir'
import { type BaileysBufferableEventEmitter, makeEventBuffer } from 'kurir/events'
import type { ILogger } from 'kurir/logger'
import { eventRules } from '../wire/event-rules.js'

export interface RemoteEvents {
  /** What the program sees. */
  readonly ev: BaileysBufferableEventEmitter
  /** Calls back once: as soon as somebody listens to something that the event log holds. */
  onFirstListener(callback: () => void): void
}

/**
 * The emitter of a remote socket. A program that only sends must not take events away from others of its name, so the
 * subscription begins with the first listener.
 */
export function makeRemoteEvents(logger: ILogger): RemoteEvents {
  const inner = makeEventBuffer(logger)
  let callback: (() => void) | undefined
  let isListening = false
  const noteListener = (event: BaileysEvent | undefined): void => {
    if (isListening || (event !== undefined && eventRules[event] !== 'log')) return
    isListening = true
    callback?.()
  }
  const ev: BaileysBufferableEventEmitter = {
    ...inner,
    on: (event, listener) => {
      inner.on(event, listener)
      noteListener(event)
    },
    once: (event, listener) => {
      inner.once(event, listener)
      noteListener(event)
    },
    process: handler => {
      const takeOff = inner.process(handler)
      noteListener(undefined)
      return takeOff
    },
  }
  return {
    ev,
    onFirstListener: given => {
      callback = given
      if (isListening) given()
    },
  }
}
