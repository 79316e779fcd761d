import { KurirError } from 'kurir/errors'
import { wireLimits } from './limits.js'
import type {
  CallFrame,
  ChunkFrame,
  ClientFrames,
  ClientHello,
  CreditFrame,
  DeliveredEvent,
  DeliverFrame,
  EndFrame,
  FailedFrame,
  GatewayFrames,
  GatewayHello,
  HandledFrame,
  SubscribeFrame,
} from './protocol.js'

/**
 * Frames as they came, checked member by member: what does not fit is a `malformed-frame` and never reaches the code
 * behind. Members that are not known are ignored, so that a newer side may send them.
 */

type Fields = Readonly<Record<string, unknown>>
type Parser<Frame> = (fields: Fields) => Frame

const longestName = 128
const longestToken = 512

function malformed(field: string): KurirError {
  return new KurirError('malformed-frame', `A frame is malformed: ${field}`, { statusCode: 400, data: { field } })
}

function fieldsOf(frame: unknown): Fields {
  if (typeof frame !== 'object' || frame === null || Array.isArray(frame)) throw malformed('frame')
  return frame as Fields
}

function text(fields: Fields, name: string, longest: number): string {
  const value = fields[name]
  if (typeof value !== 'string' || value.length > longest) throw malformed(name)
  return value
}

function optionalText(fields: Fields, name: string, longest: number): string | undefined {
  return fields[name] === undefined ? undefined : text(fields, name, longest)
}

function name(fields: Fields, field: string): string {
  const value = text(fields, field, longestName)
  if (value === '') throw malformed(field)
  return value
}

function integer(fields: Fields, field: string, largest: number = Number.MAX_SAFE_INTEGER): number {
  const value = fields[field]
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0 || value > largest) throw malformed(field)
  return value
}

function bytes(fields: Fields, field: string): Uint8Array {
  const value = fields[field]
  if (!(value instanceof Uint8Array) || value.byteLength > wireLimits.chunkBytes) throw malformed(field)
  return value
}

function texts(fields: Fields, field: string): string[] {
  const value = fields[field]
  if (!Array.isArray(value) || value.length > longestName) throw malformed(field)
  if (!value.every((item): item is string => typeof item === 'string' && item.length <= longestName)) {
    throw malformed(field)
  }
  return value
}

const chunk: Parser<ChunkFrame> = fields => ({ stream: integer(fields, 'stream'), data: bytes(fields, 'data') })
const credit: Parser<CreditFrame> = fields => ({ stream: integer(fields, 'stream'), bytes: integer(fields, 'bytes') })
const end: Parser<EndFrame> = fields => {
  const error = optionalText(fields, 'error', wireLimits.maxArgumentBytes)
  return { stream: integer(fields, 'stream'), ...(error !== undefined && { error }) }
}

const call: Parser<CallFrame> = fields => {
  const key = optionalText(fields, 'key', longestName)
  return {
    id: integer(fields, 'id'),
    method: name(fields, 'method'),
    args: text(fields, 'args', wireLimits.maxArgumentBytes),
    deadlineMs: integer(fields, 'deadlineMs', wireLimits.maxDeadlineMs),
    ...(key !== undefined && { key }),
  }
}

const subscribe: Parser<SubscribeFrame> = fields => ({
  subscription: integer(fields, 'subscription'),
  name: name(fields, 'name'),
  credit: integer(fields, 'credit', wireLimits.maxCredit),
})

const handled: Parser<HandledFrame> = fields => ({
  subscription: integer(fields, 'subscription'),
  run: integer(fields, 'run'),
  cursor: integer(fields, 'cursor'),
})

const failed: Parser<FailedFrame> = fields => ({
  ...handled(fields),
  error: text(fields, 'error', wireLimits.maxArgumentBytes),
})

const clientFrames: { readonly [Name in keyof ClientFrames]: Parser<ClientFrames[Name]> } = {
  call,
  cancel: fields => ({ id: integer(fields, 'id') }),
  subscribe,
  unsubscribe: fields => ({ subscription: integer(fields, 'subscription') }),
  handled,
  failed,
  chunk,
  end,
  credit,
}

/** From the gateway anything may be long: events hold whole pieces of history. */
const longestBody = 256 * 1024 * 1024

const event: Parser<DeliveredEvent> = fields => ({
  cursor: integer(fields, 'cursor'),
  at: integer(fields, 'at'),
  event: name(fields, 'event'),
  body: text(fields, 'body', longestBody),
  redelivered: integer(fields, 'redelivered'),
})

const deliver: Parser<DeliverFrame> = fields => {
  const { events } = fields
  if (!Array.isArray(events) || events.length === 0 || events.length > wireLimits.maxCredit) throw malformed('events')
  return {
    subscription: integer(fields, 'subscription'),
    run: integer(fields, 'run'),
    lane: text(fields, 'lane', longestName * 4),
    events: events.map(item => event(fieldsOf(item))),
  }
}

const hello: Parser<GatewayHello> = fields => ({
  protocol: integer(fields, 'protocol'),
  features: texts(fields, 'features'),
  session: name(fields, 'session'),
  verbs: texts(fields, 'verbs'),
  instance: name(fields, 'instance'),
})

const gatewayFrames: { readonly [Name in keyof GatewayFrames]: Parser<GatewayFrames[Name]> } = {
  hello,
  result: fields => ({ id: integer(fields, 'id'), value: text(fields, 'value', longestBody) }),
  failure: fields => ({ id: integer(fields, 'id'), error: text(fields, 'error', longestBody) }),
  deliver,
  refused: fields => ({
    subscription: integer(fields, 'subscription'),
    error: text(fields, 'error', longestBody),
  }),
  live: fields => ({ event: name(fields, 'event'), body: text(fields, 'body', longestBody) }),
  state: fields => ({ body: text(fields, 'body', longestBody) }),
  goodbye: fields => ({ error: text(fields, 'error', longestBody) }),
  chunk,
  end,
  credit,
}

export const clientFrameNames = Object.keys(clientFrames) as (keyof ClientFrames)[]
export const gatewayFrameNames = Object.keys(gatewayFrames) as (keyof GatewayFrames)[]

/** @throws KurirError `malformed-frame` (400) */
export function parseClientFrame<Name extends keyof ClientFrames>(name: Name, frame: unknown): ClientFrames[Name] {
  return clientFrames[name](fieldsOf(frame))
}

/** @throws KurirError `malformed-frame` (400) */
export function parseGatewayFrame<Name extends keyof GatewayFrames>(name: Name, frame: unknown): GatewayFrames[Name] {
  return gatewayFrames[name](fieldsOf(frame))
}

/** What a client says of itself in socket.io's `auth`. @throws KurirError `malformed-frame` (400) */
export function parseClientHello(auth: unknown): ClientHello {
  const fields = fieldsOf(auth)
  return {
    protocol: integer(fields, 'protocol'),
    features: texts(fields, 'features'),
    token: text(fields, 'token', longestToken),
    session: name(fields, 'session'),
    name: name(fields, 'name'),
  }
}
