import { KurirError } from '../errors/index.js'
import { proto } from '../proto/index.js'
import { encodeFrame } from './frame.js'

/** Bytes of a public key, as sent in the clear and (with its tag) encrypted. */
export const publicKeyLength = 32
const encryptedKeyLength = 48
const smallestPayload = 16
/** Real handshake messages have a few hundred bytes; a certificate chain about 250. */
const largestHandshakeMessage = 65_536

/** The parts of a hello; `static` and `payload` are `undefined` when they are absent or empty. */
export interface Hello {
  readonly ephemeral: Uint8Array
  readonly static: Uint8Array | undefined
  readonly payload: Uint8Array | undefined
}

export interface Finish {
  readonly static: Uint8Array
  readonly payload: Uint8Array
}

export function encodeClientHello(hello: Partial<Hello>): Buffer {
  return frameOf({ clientHello: withoutAbsent(hello) })
}

export function encodeServerHello(hello: Partial<Hello>): Buffer {
  return frameOf({ serverHello: withoutAbsent(hello) })
}

export function encodeClientFinish(finish: Finish): Buffer {
  return frameOf({ clientFinish: finish })
}

function frameOf(message: proto.IHandshakeMessage): Buffer {
  return encodeFrame(proto.HandshakeMessage.encode(message).finish())
}

function withoutAbsent(hello: Partial<Hello>): { ephemeral?: Uint8Array; static?: Uint8Array; payload?: Uint8Array } {
  return {
    ...(hello.ephemeral === undefined ? {} : { ephemeral: hello.ephemeral }),
    ...(hello.static === undefined ? {} : { static: hello.static }),
    ...(hello.payload === undefined ? {} : { payload: hello.payload }),
  }
}

/** @throws KurirError `noise-handshake-malformed`, `noise-handshake-length` */
export function decodeClientHello(body: Uint8Array): Hello {
  return checkedHello(decode(body).clientHello, 'clientHello')
}

/** @throws KurirError `noise-handshake-malformed`, `noise-handshake-length` */
export function decodeServerHello(body: Uint8Array): Hello {
  return checkedServerHello(decode(body))
}

/** The ServerHello of a decoded message. @throws KurirError `noise-handshake-malformed`, `noise-handshake-length` */
export function checkedServerHello(message: proto.IHandshakeMessage): Hello {
  return checkedHello(message.serverHello, 'serverHello')
}

/** @throws KurirError `noise-handshake-malformed`, `noise-handshake-length` */
export function decodeClientFinish(body: Uint8Array): Finish {
  const part = decode(body).clientFinish
  const finish = { static: present(part?.static), payload: present(part?.payload) }
  if (finish.static === undefined || finish.payload === undefined) throw malformed('clientFinish')
  checkStatic(finish.static)
  checkPayload(finish.payload)
  return { static: finish.static, payload: finish.payload }
}

function decode(body: Uint8Array): proto.IHandshakeMessage {
  if (body.byteLength > largestHandshakeMessage) throw wrongLength('message', body.byteLength)
  try {
    return proto.HandshakeMessage.decode(body)
  } catch (cause) {
    throw malformed('message', cause)
  }
}

interface HelloParts {
  readonly ephemeral?: Uint8Array | null | undefined
  readonly static?: Uint8Array | null | undefined
  readonly payload?: Uint8Array | null | undefined
}

function checkedHello(parts: HelloParts | null | undefined, name: string): Hello {
  const ephemeral = present(parts?.ephemeral)
  if (ephemeral === undefined) throw malformed(name)
  if (ephemeral.byteLength !== publicKeyLength) throw wrongLength('ephemeral', ephemeral.byteLength)
  const hello = { ephemeral, static: present(parts?.static), payload: present(parts?.payload) }
  if (hello.static !== undefined) checkStatic(hello.static)
  if (hello.payload !== undefined) checkPayload(hello.payload)
  return hello
}

function present(bytes: Uint8Array | null | undefined): Uint8Array | undefined {
  return bytes == null || bytes.byteLength === 0 ? undefined : bytes
}

function checkStatic(bytes: Uint8Array): void {
  if (bytes.byteLength !== encryptedKeyLength) throw wrongLength('static', bytes.byteLength)
}

function checkPayload(bytes: Uint8Array): void {
  if (bytes.byteLength < smallestPayload) throw wrongLength('payload', bytes.byteLength)
}

/** A handshake message that cannot be read or lacks a part. */
export function malformed(part: string, cause?: unknown): KurirError {
  return new KurirError('noise-handshake-malformed', 'The handshake message lacks a part or cannot be read', {
    statusCode: 400,
    data: { part },
    ...(cause === undefined ? {} : { cause }),
  })
}

function wrongLength(part: string, length: number): KurirError {
  return new KurirError('noise-handshake-length', 'A part of the handshake message has an impossible length', {
    statusCode: 400,
    data: { part, length },
  })
}

/** A message that this state of the handshake does not expect: a mistake of the program, not of the other side. */
export function wrongState(): KurirError {
  return new KurirError('noise-handshake-state', 'The handshake does not expect a message now', { statusCode: 500 })
}
