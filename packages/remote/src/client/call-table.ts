import { randomUUID } from 'node:crypto'
import { KurirError } from 'kurir/errors'
import { receiveValue } from '../streams/receive-value.js'
import type { StreamTable } from '../streams/stream-table.js'
import { type DecodedError, decodeError } from '../wire/errors.js'
import { wireLimits } from '../wire/limits.js'
import { type CallEntry, callEntry, type RemoteMethod } from '../wire/method-registry.js'
import type { CallFrame, ClientFrames } from '../wire/protocol.js'
import { decodeValue, encodeValue } from '../wire/values.js'
import { withLocalFiles } from './local-files.js'

export interface CallOptions {
  /** Milliseconds until the call is given up; the method's own deadline when absent. */
  readonly deadlineMs?: number
  /** Gives the call up: the gateway is told, and what it was asked for may have happened. */
  readonly signal?: AbortSignal
  /** Calls with the same key do the same thing once. A key of its own when absent. At most 128 characters. */
  readonly key?: string
}

export interface CallTableParts {
  readonly send: (name: 'call' | 'cancel', frame: ClientFrames['call'] | ClientFrames['cancel']) => void
  readonly isReady: () => boolean
  /** The process of the gateway that we are connected to. */
  readonly instance: () => string
  readonly streams: () => StreamTable
}

type Outcome = { readonly value: unknown } | { readonly error: unknown }

interface PendingCall {
  readonly id: number
  readonly method: RemoteMethod
  readonly entry: CallEntry
  readonly args: readonly unknown[]
  readonly key: string | undefined
  readonly expires: number
  readonly settle: (outcome: Outcome) => void
  /** The process of the gateway that has it; undefined while it waits for a connection. */
  sentTo: string | undefined
  streams: number[]
  hasReadables: boolean
}

/** Calls that wait for their answers. Those that may be repeated outlive the connection they were made on. */
export class CallTable {
  readonly #parts: CallTableParts
  readonly #pending = new Map<number, PendingCall>()
  #next = 1
  #ended: KurirError | undefined

  constructor(parts: CallTableParts) {
    this.#parts = parts
  }

  /**
   * Asks the gateway. Rejects with the error of the method, or with `timed-out` (408), `aborted` (499), `outcome-unknown`
   * (502), `not-serialisable` (400) and the gateway's refusals.
   */
  call(method: RemoteMethod, args: readonly unknown[], options: CallOptions = {}): Promise<unknown> {
    const entry = callEntry(method)
    if (entry === undefined) throw new KurirError('unknown-method', `There is no method ${method}`, { statusCode: 404 })
    if (this.#ended !== undefined) return Promise.reject(this.#ended)
    if (options.signal?.aborted) return Promise.reject(aborted(method))
    return new Promise((resolve, reject) => {
      const deadlineMs = Math.min(options.deadlineMs ?? entry.deadlineMs, wireLimits.maxDeadlineMs)
      const id = this.#next
      this.#next += 1
      const onAbort = () => this.#giveUp(id, aborted(method))
      const deadline = setTimeout(() => this.#giveUp(id, timedOut(method, deadlineMs)), deadlineMs)
      options.signal?.addEventListener('abort', onAbort, { once: true })
      const call: PendingCall = {
        id,
        method,
        entry,
        args: entry.takesFiles ? args.map(argument => withLocalFiles(argument)) : args,
        key: entry.repeat === 'free' ? options.key : (options.key ?? keyOf(entry, args)),
        expires: Date.now() + deadlineMs,
        settle: outcome => {
          clearTimeout(deadline)
          options.signal?.removeEventListener('abort', onAbort)
          if ('value' in outcome) resolve(outcome.value)
          else reject(outcome.error)
        },
        sentTo: undefined,
        streams: [],
        hasReadables: false,
      }
      this.#pending.set(id, call)
      if (this.#parts.isReady()) this.#send(call)
    })
  }

  result(id: number, value: string): void {
    // What the call still has to hear of: not of its deadline any more, which was for the answer.
    const streams = this.#parts.streams()
    this.#finish(id, () => receiveValue(value, streams, Number.POSITIVE_INFINITY).then(given => ({ value: given })))
  }

  failure(id: number, error: string): void {
    this.#finish(id, async () => ({ error: decodeError((decodeValue(error) ?? {}) as DecodedError) }))
  }

  /** The connection is there: what waited goes out, and what may be repeated is asked again. */
  ready(): void {
    for (const call of [...this.#pending.values()]) {
      if (call.sentTo === undefined || this.#isRepeatable(call)) this.#send(call)
      else this.#finish(call.id, async () => ({ error: outcomeUnknown(call.method) }))
    }
  }

  /** Nothing more will be answered. */
  end(error: KurirError): void {
    this.#ended = error
    for (const id of [...this.#pending.keys()]) this.#finish(id, async () => ({ error }))
  }

  #isRepeatable({ entry, sentTo, hasReadables }: PendingCall): boolean {
    if (hasReadables) return false
    return entry.repeat !== 'keyed' || sentTo === this.#parts.instance()
  }

  #send(call: PendingCall): void {
    try {
      const frame = this.#frameOf(call)
      call.sentTo = this.#parts.instance()
      this.#parts.send('call', frame)
    } catch (error) {
      this.#finish(call.id, async () => ({ error }))
    }
  }

  #frameOf(call: PendingCall): CallFrame {
    const streams = this.#parts.streams()
    call.streams = []
    const args = encodeValue(call.args, {
      stream: (source, kind) => {
        call.hasReadables ||= kind === 'readable'
        const stream = streams.offer(source)
        call.streams.push(stream)
        return stream
      },
    })
    if (Buffer.byteLength(args) > wireLimits.maxArgumentBytes) {
      throw new KurirError('payload-too-large', `The arguments of ${call.method} are too large`, {
        statusCode: 413,
        data: { maxBytes: wireLimits.maxArgumentBytes },
      })
    }
    const deadlineMs = Math.max(1, call.expires - Date.now())
    return { id: call.id, method: call.method, args, deadlineMs, ...(call.key !== undefined && { key: call.key }) }
  }

  #giveUp(id: number, error: KurirError): void {
    if (this.#pending.get(id)?.sentTo !== undefined) this.#parts.send('cancel', { id })
    this.#finish(id, async () => ({ error }))
  }

  #finish(id: number, outcome: () => Promise<Outcome>): void {
    const call = this.#pending.get(id)
    if (call === undefined) return
    this.#pending.delete(id)
    this.#parts.streams().withdraw(call.streams)
    outcome().then(call.settle, error => call.settle({ error }))
  }
}

/** A message that the program has named keeps its name: its key is the same whoever sends it, however often. */
function keyOf({ repeat }: CallEntry, [jid, , options]: readonly unknown[]): string {
  const id = typeof options === 'object' && options !== null && 'messageId' in options ? options.messageId : undefined
  return repeat === 'named' && typeof id === 'string' ? `message:${id}:${String(jid)}`.slice(0, 128) : randomUUID()
}

function timedOut(method: string, milliseconds: number): KurirError {
  return new KurirError('timed-out', `${method} has not been answered within ${milliseconds} ms`, {
    statusCode: 408,
    retryable: true,
    data: { stage: method, milliseconds },
  })
}

function aborted(method: string): KurirError {
  return new KurirError('aborted', `${method} was given up by the program`, { statusCode: 499 })
}

function outcomeUnknown(method: string): KurirError {
  return new KurirError(
    'outcome-unknown',
    `The connection to the gateway broke before ${method} was answered: it may have been done or not`,
    { statusCode: 502, data: { method } },
  )
}
