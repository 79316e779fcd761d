import {
  type CallFrame,
  type ClientFrames,
  callEntry,
  clientFrameNames,
  decodeError,
  encodeError,
  encodeValue,
  type FailedFrame,
  type GatewayFrames,
  type HandledFrame,
  parseClientFrame,
  receiveValue,
  type SessionView,
  StreamTable,
  type SubscribeFrame,
  type Verb,
  wireLimits,
} from '@kurir/remote/wire'
import { KurirError } from 'kurir/errors'
import type { ILogger } from 'kurir/logger'
import { demand } from '../access/access.js'
import { checkArguments } from '../calls/argument-guard.js'
import type { Consumer } from '../delivery/delivery.js'
import type { HostedSession } from '../sessions/hosted-session.js'

/** The link to one program: socket.io's socket, as far as it is used. */
export interface ClientSocket {
  emit(name: string, frame: unknown): void
  on(name: string, listener: (frame: unknown) => void): void
  disconnect(): void
}

export interface ClientParts {
  readonly socket: ClientSocket
  readonly hosted: HostedSession
  /** What the token allows on this session. */
  readonly verbs: readonly Verb[]
  /** Names this process of the gateway. */
  readonly instance: string
  readonly features: readonly string[]
  readonly logger: ILogger
}

/** Bytes of arguments that the running calls of one program may hold in memory. */
const maxBufferedBytes = 2 * wireLimits.maxBufferBytes

interface Subscribed {
  readonly name: string
  readonly consumer: Consumer
}

/** One program on its connection: checks what comes, and keeps what belongs to the connection. */
export class ClientConnection {
  readonly #parts: ClientParts
  readonly #streams: StreamTable
  readonly #calls = new Map<number, AbortController>()
  readonly #subscriptions = new Map<number, Subscribed>()
  readonly #stopWatching: () => void
  #bufferedBytes = 0
  #isOver = false

  constructor(parts: ClientParts) {
    this.#parts = parts
    this.#streams = new StreamTable({
      chunk: frame => this.#send('chunk', frame),
      end: frame => this.#send('end', frame),
      credit: frame => this.#send('credit', frame),
    })
    const handlers = this.#handlers()
    for (const name of clientFrameNames) parts.socket.on(name, frame => this.#take(name, frame, handlers))
    this.#stopWatching = parts.hosted.watch({
      stateChanged: view => this.#tell(view),
      live: (event, payload) => this.#send('live', { event, body: encodeValue(payload, { dropsFunctions: true }) }),
    })
  }

  /** The first two frames: who we are, and how the session is. */
  welcome(protocol: number): void {
    const { hosted, verbs, instance, features } = this.#parts
    this.#send('hello', { protocol, features, session: hosted.id, verbs, instance })
    this.#tell(hosted.view)
  }

  /** Whoever has the QR can link the session to an account: it is for those who may link. */
  #tell({ qr, ...view }: SessionView): void {
    const shown = qr !== undefined && this.#parts.verbs.includes('admin') ? { ...view, qr } : view
    this.#send('state', { body: encodeValue(shown, { dropsFunctions: true }) })
  }

  /** The program has gone. */
  close(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#stopWatching()
    this.#streams.close(new KurirError('connection-closed', 'The program has gone', { statusCode: 428 }))
    for (const controller of this.#calls.values()) controller.abort()
    for (const number of [...this.#subscriptions.keys()]) this.#unsubscribe(number)
  }

  /** Ends the connection from this side. */
  dismiss(error: KurirError): void {
    this.#send('goodbye', { error: encodeValue(encodeError(error)) })
    this.#parts.socket.disconnect()
    this.close()
  }

  #send<Name extends keyof GatewayFrames>(name: Name, frame: GatewayFrames[Name]): void {
    if (!this.#isOver) this.#parts.socket.emit(name, frame)
  }

  /** A program that sends what is no frame is broken, or none of ours: the connection ends. */
  #take<Name extends keyof ClientFrames>(name: Name, content: unknown, handlers: FrameHandlers): void {
    if (this.#isOver) return
    try {
      handlers[name](parseClientFrame(name, content))
    } catch (error) {
      const refusal = KurirError.is(error)
        ? error
        : new KurirError('internal-error', 'The frame could not be handled', { statusCode: 500 })
      this.#parts.logger.warn({ err: error, frame: name, session: this.#parts.hosted.id }, 'a program is dismissed')
      this.dismiss(refusal)
    }
  }

  #handlers(): FrameHandlers {
    return {
      call: frame => void this.#call(frame),
      cancel: ({ id }) => this.#calls.get(id)?.abort(),
      subscribe: frame => void this.#subscribe(frame),
      unsubscribe: ({ subscription }) => this.#unsubscribe(subscription),
      handled: frame => this.#handled(frame),
      failed: frame => this.#failed(frame),
      chunk: frame => this.#streams.chunk(frame),
      end: frame => this.#streams.end(frame),
      credit: frame => this.#streams.credit(frame),
    }
  }

  async #call(frame: CallFrame): Promise<void> {
    const { id } = frame
    const controller = new AbortController()
    const buffered = { bytes: 0 }
    const offered: number[] = []
    try {
      this.#admit(frame)
      this.#calls.set(id, controller)
      const value = await this.#run(frame, controller.signal, buffered)
      const options = {
        stream: (source: Uint8Array | AsyncIterable<unknown>) => {
          const stream = this.#streams.offer(source)
          offered.push(stream)
          return stream
        },
      }
      this.#send('result', { id, value: encodeValue(value, options) })
    } catch (error) {
      this.#streams.withdraw(offered)
      this.#send('failure', { id, error: encodeValue(encodeError(error)) })
    } finally {
      this.#bufferedBytes -= buffered.bytes
      if (this.#calls.get(id) === controller) this.#calls.delete(id)
    }
  }

  #admit({ id, method }: CallFrame): void {
    const entry = callEntry(method)
    if (entry === undefined) throw new KurirError('unknown-method', 'There is no such method', { statusCode: 404 })
    demand(this.#parts.verbs, entry.verb, method)
    if (this.#calls.has(id))
      throw new KurirError('malformed-frame', 'A call has the id of another', { statusCode: 400 })
    if (this.#calls.size < wireLimits.maxCalls) return
    throw new KurirError('too-many-calls', `More than ${wireLimits.maxCalls} calls of one program are under way`, {
      statusCode: 429,
      retryable: true,
    })
  }

  async #run(frame: CallFrame, signal: AbortSignal, buffered: { bytes: number }): Promise<unknown> {
    const { method, args: argumentText, deadlineMs, key } = frame
    const args = await receiveValue(argumentText, this.#streams, wireLimits.maxBufferBytes, bytes => {
      buffered.bytes += bytes
      this.#bufferedBytes += bytes
      if (this.#bufferedBytes > maxBufferedBytes) throw tooMuchBuffered()
    })
    if (!Array.isArray(args)) throw new KurirError('malformed-frame', 'The arguments are no list', { statusCode: 400 })
    checkArguments(method, args)
    return await this.#parts.hosted.calls.run({ method, args, argumentText, deadlineMs, key, signal })
  }

  async #subscribe({ subscription, name, credit }: SubscribeFrame): Promise<void> {
    const { hosted, verbs } = this.#parts
    try {
      demand(verbs, 'read', 'events')
      if (this.#subscriptions.has(subscription) || this.#subscriptions.size >= wireLimits.maxSubscriptions) {
        throw new KurirError('too-many-subscriptions', 'The number is in use, or there are too many', {
          statusCode: 429,
        })
      }
      const consumer = {
        credit: Math.max(1, credit),
        deliver: (frame: Omit<GatewayFrames['deliver'], 'subscription'>) =>
          this.#send('deliver', { subscription, ...frame }),
      }
      this.#subscriptions.set(subscription, { name, consumer })
      await hosted.openSubscription(name)
      if (this.#subscriptions.get(subscription)?.consumer === consumer) hosted.delivery(name).join(consumer)
    } catch (error) {
      this.#subscriptions.delete(subscription)
      this.#send('refused', { subscription, error: encodeValue(encodeError(error)) })
    }
  }

  #unsubscribe(number: number): void {
    const { hosted, logger } = this.#parts
    const subscribed = this.#subscriptions.get(number)
    if (subscribed === undefined) return
    this.#subscriptions.delete(number)
    hosted.delivery(subscribed.name).leave(subscribed.consumer)
    hosted.release(subscribed.name).catch(error => logger.error({ err: error }, 'a subscription could not be released'))
  }

  #handled({ subscription, run, cursor }: HandledFrame): void {
    const subscribed = this.#subscriptions.get(subscription)
    if (subscribed) this.#parts.hosted.delivery(subscribed.name).handled(subscribed.consumer, run, cursor)
  }

  #failed({ subscription, run, cursor, error }: FailedFrame): void {
    const subscribed = this.#subscriptions.get(subscription)
    if (!subscribed) return
    const { code, message } = decodeError(decodeTold(error))
    this.#parts.hosted.delivery(subscribed.name).failed(subscribed.consumer, run, cursor, { code, message })
  }
}

type FrameHandlers = { readonly [Name in keyof ClientFrames]: (frame: ClientFrames[Name]) => void }

function decodeTold(text: string): object {
  try {
    const told: unknown = JSON.parse(text)
    return typeof told === 'object' && told !== null ? told : {}
  } catch {
    return {}
  }
}

function tooMuchBuffered(): KurirError {
  return new KurirError('payload-too-large', 'The program sends too much at a time; give large files as { stream }', {
    statusCode: 413,
    retryable: true,
    data: { maxBytes: maxBufferedBytes },
  })
}
