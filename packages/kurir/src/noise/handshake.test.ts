import { describe, expect, it } from 'vitest'
import { generateKeyPair, type KeyPair } from '../crypto/curve.js'
import { buildCertificateChain } from './certificate-authority.js'
import type { FrameCipher } from './frame-cipher.js'
import { FrameReader } from './frame-reader.js'
import { NoiseInitiator, type NoiseInitiatorOptions } from './initiator.js'
import { parseIntro } from './intro.js'
import { type NoiseAccepted, NoiseResponder, type NoiseResponderOptions } from './responder.js'
import {
  bodyOf,
  client,
  finishNeeded,
  helloBody,
  hex,
  keys,
  payload,
  server,
  serverStatic,
  vectors,
} from './testing/handshake-vectors.js'

/** The plaintexts of the vector, both ways, through both ciphers. */
function exchange(mine: FrameCipher, theirs: FrameCipher): void {
  for (const [index, message] of [Buffer.from('one'), Buffer.alloc(1), Buffer.alloc(70_000, 7)].entries()) {
    expect(theirs.decrypt(bodyOf(mine.encrypt(message))).equals(message)).toBe(true)
    expect(mine.decrypt(bodyOf(theirs.encrypt(message))).equals(message)).toBe(true)
    expect(mine).toMatchObject({ sent: index + 1, received: index + 1 })
  }
}

describe('01-noise.json, byte for byte', () => {
  it('XX: the client', () => {
    const initiator = client()
    expect(initiator.hello.toString('hex')).toBe(vectors.XX.firstWireBytes)
    const result = finishNeeded(initiator.receive(hex(vectors.XX.serverHelloMessage)))
    expect(result.fallback).toBe(false)
    expect(Buffer.from(result.certificates.serverStatic)).toEqual(serverStatic)
    expect(result.certificates).toMatchObject({ notBefore: 1_700_000_000, notAfter: 2_000_000_000 })
    expect(result.frame(payload).toString('hex')).toBe(vectors.XX.clientFinishWire)
    for (const message of vectors.XX.transport) {
      if (message.direction === 'client->server') {
        expect(result.transport.encrypt(hex(message.plaintext)).toString('hex')).toBe(message.wire)
      } else {
        expect(result.transport.decrypt(bodyOf(hex(message.wire))).toString('hex')).toBe(message.plaintext)
      }
    }
  })

  it('XX: the server', () => {
    const responder = server()
    const hello = responder.receive(hex(vectors.XX.clientHelloMessage))
    expect(hello).toMatchObject({ kind: 'hello', fallback: false })
    expect(hello.kind === 'hello' && hello.frame.toString('hex')).toBe(vectors.XX.serverHelloWire)
    const finished = responder.receive(hex(vectors.XX.clientFinishMessage)) as NoiseAccepted & { kind: string }
    expect(finished.kind).toBe('finished')
    expect(finished.clientStatic.toString('hex')).toBe(keys.clientStatic.public)
    expect(finished.payload).toEqual(payload)
    for (const message of vectors.XX.transport) {
      if (message.direction === 'client->server') {
        expect(finished.transport.decrypt(bodyOf(hex(message.wire))).toString('hex')).toBe(message.plaintext)
      } else {
        expect(finished.transport.encrypt(hex(message.plaintext)).toString('hex')).toBe(message.wire)
      }
    }
  })

  it('IK: the client, then the server', () => {
    const initiator = client({ resume: { serverStatic, payload } })
    expect(helloBody(initiator).toString('hex')).toBe(vectors.IK.clientHelloMessage)
    const resumed = initiator.receive(hex(vectors.IK.serverHelloMessage))
    expect(resumed).toMatchObject({ kind: 'resumed', serverStatic })

    const accepted = server().receive(hex(vectors.IK.clientHelloMessage))
    if (accepted.kind !== 'resumed') throw new Error(accepted.kind)
    expect(bodyOf(accepted.frame).toString('hex')).toBe(vectors.IK.serverHelloMessage)
    expect(accepted.clientStatic.toString('hex')).toBe(keys.clientStatic.public)
    expect(accepted.payload).toEqual(payload)
    exchange(resumed.transport, accepted.transport)
  })

  it('XXfallback: the client, then the server', () => {
    const initiator = client({ resume: { serverStatic, payload } })
    const result = finishNeeded(initiator.receive(hex(vectors.XXfallback.serverHelloMessage)))
    expect(result.fallback).toBe(true)
    expect(bodyOf(result.frame(payload)).toString('hex')).toBe(vectors.XXfallback.clientFinishMessage)

    const responder = server({ resumption: 'refuse' })
    const hello = responder.receive(hex(vectors.IK.clientHelloMessage))
    expect(hello).toMatchObject({ kind: 'hello', fallback: true })
    expect(hello.kind === 'hello' && bodyOf(hello.frame).toString('hex')).toBe(vectors.XXfallback.serverHelloMessage)
    const finished = responder.receive(hex(vectors.XXfallback.clientFinishMessage))
    if (finished.kind !== 'finished') throw new Error(finished.kind)
    expect(finished.payload).toEqual(payload)
    exchange(result.transport, finished.transport)
  })

  it('edge routing: the pre-intro is sent but not hashed', () => {
    const initiator = client({ routingInfo: hex(vectors.edgeRouting.routingInfo) })
    expect(initiator.hello.toString('hex')).toBe(vectors.edgeRouting.firstWireBytes)
    expect(initiator.receive(hex(vectors.XX.serverHelloMessage)).kind).toBe('finish')
  })
})

describe('the handshake between fresh keys', () => {
  const [root, intermediate, serverKey, clientKey] = Array.from({ length: 4 }, generateKeyPair) as [
    KeyPair,
    KeyPair,
    KeyPair,
    KeyPair,
  ]
  const validity = { notBefore: 1000, notAfter: 2000 }
  const freshTrust = { root: { publicKey: root.public, serial: 0 }, now: () => 1_500_000 }
  const certificateChain = buildCertificateChain({ root, intermediate, serverStatic: serverKey.public, ...validity })
  const responder = (options: Partial<NoiseResponderOptions> = {}) =>
    new NoiseResponder({ staticKeyPair: serverKey, certificateChain, ...options })
  const initiator = (resume?: NoiseInitiatorOptions['resume']) =>
    NoiseInitiator.start({ staticKeyPair: clientKey, trust: freshTrust, resume })

  it('XX, then a resumption with what it learnt', () => {
    const first = initiator()
    expect(parseIntro(first.hello)).toMatchObject({ length: 4, routingInfo: undefined })
    const side = responder()
    const hello = side.receive(helloBody(first))
    if (hello.kind !== 'hello') throw new Error(hello.kind)
    const result = finishNeeded(first.receive(bodyOf(hello.frame)))
    const finished = side.receive(bodyOf(result.frame(payload)))
    if (finished.kind !== 'finished') throw new Error(finished.kind)
    expect(finished.clientStatic).toEqual(clientKey.public)
    exchange(result.transport, finished.transport)

    const second = initiator({ serverStatic: result.certificates.serverStatic, payload })
    const accepted = responder().receive(helloBody(second))
    if (accepted.kind !== 'resumed') throw new Error(accepted.kind)
    const resumed = second.receive(bodyOf(accepted.frame))
    expect(resumed.kind).toBe('resumed')
    exchange(resumed.transport, accepted.transport)
  })

  it('falls back by itself when the server has another key than the stored one', () => {
    const stale = initiator({ serverStatic: generateKeyPair().public, payload })
    const side = responder()
    const hello = side.receive(helloBody(stale))
    if (hello.kind !== 'hello') throw new Error(hello.kind)
    const result = finishNeeded(stale.receive(bodyOf(hello.frame)))
    expect(result).toMatchObject({ fallback: true, certificates: { serverStatic: serverKey.public } })
    const finished = side.receive(bodyOf(result.frame(payload)))
    if (finished.kind !== 'finished') throw new Error(finished.kind)
    exchange(finished.transport, result.transport)
  })

  it('uses a fresh ephemeral key each time', () => {
    expect(helloBody(initiator()).equals(helloBody(initiator()))).toBe(false)
  })

  it('can receive at once after the keys are installed, before the finish is written (docs/protocol/01 §2.7)', () => {
    const first = initiator()
    const side = responder()
    const hello = side.receive(helloBody(first))
    if (hello.kind !== 'hello') throw new Error(hello.kind)
    const result = finishNeeded(first.receive(bodyOf(hello.frame)))
    const { transport } = result
    const finished = side.receive(bodyOf(result.frame(payload)))
    if (finished.kind !== 'finished') throw new Error(finished.kind)
    expect(transport.decrypt(bodyOf(finished.transport.encrypt(Buffer.from('at once'))))).toEqual(
      Buffer.from('at once'),
    )
  })
})

describe('a hello and what follows it in pieces', () => {
  it('is found by intro and frame reader together', () => {
    const { hello } = client({ routingInfo: Buffer.from('route') })
    const intro = parseIntro(hello)
    expect(intro?.routingInfo).toEqual(Buffer.from('route'))
    const frames = new FrameReader().push(hello.subarray(intro?.length))
    expect(frames.map(frame => frame.toString('hex'))).toEqual([vectors.XX.clientHelloMessage])
  })
})
