import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { generateKeyPair } from '../crypto/curve.js'
import { KurirError } from '../errors/index.js'
import { proto } from '../proto/index.js'
import {
  client,
  code,
  finishNeeded,
  hex,
  payload,
  server,
  serverStatic,
  trust,
  vectors,
} from './testing/handshake-vectors.js'

describe('what the client refuses', () => {
  type Parts = { ephemeral?: Uint8Array; static?: Uint8Array; payload?: Uint8Array }
  const genuine = proto.HandshakeMessage.decode(hex(vectors.XX.serverHelloMessage)).serverHello
  const parts: Required<Parts> = {
    ephemeral: genuine!.ephemeral!,
    static: genuine!.static!,
    payload: genuine!.payload!,
  }
  const serverHello = (changed: Parts) =>
    proto.HandshakeMessage.encode({ serverHello: { ...parts, ...changed } }).finish()
  const without = (name: keyof Parts) => {
    const { [name]: _left, ...rest } = parts
    return proto.HandshakeMessage.encode({ serverHello: rest }).finish()
  }
  const altered = (bytes: Uint8Array, index: number) => {
    const copy = Buffer.from(bytes)
    copy[index] = copy[index]! ^ 1
    return copy
  }

  it('a genuine hello is accepted', () => {
    expect(client().receive(serverHello({})).kind).toBe('finish')
  })

  it('messages without a needed part', () => {
    for (const body of [Buffer.alloc(0), hex(vectors.XX.clientHelloMessage), without('ephemeral')]) {
      expect(() => client().receive(body)).toThrowError(code('noise-handshake-malformed'))
    }
    for (const part of ['static', 'payload'] as const) {
      expect(() => client().receive(without(part))).toThrowError(
        expect.objectContaining({ code: 'noise-handshake-malformed', data: { part } }),
      )
    }
    const resuming = client({ resume: { serverStatic, payload } })
    const onlyEphemeral = proto.HandshakeMessage.encode({ serverHello: { ephemeral: parts.ephemeral } }).finish()
    expect(() => resuming.receive(onlyEphemeral)).toThrowError(code('noise-handshake-malformed'))
  })

  it('bytes that are no message', () => {
    for (const text of ['ff', '1a05', '1aff', 'deadbeef']) {
      expect(() => client().receive(hex(text))).toThrowError(code('noise-handshake-malformed'))
    }
    expect(() => client().receive(Buffer.alloc(70_000))).toThrowError(code('noise-handshake-length'))
  })

  it('parts of the wrong length (docs/protocol/01 §2.10)', () => {
    for (const wrong of [
      { ephemeral: parts.ephemeral.subarray(1) },
      { ephemeral: Buffer.alloc(33, 5) },
      { static: parts.static.subarray(1) },
      { static: Buffer.alloc(49) },
      { payload: Buffer.alloc(15) },
    ]) {
      expect(() => client().receive(serverHello(wrong))).toThrowError(code('noise-handshake-length'))
    }
  })

  it('altered ciphertexts and another ephemeral key', () => {
    for (const wrong of [
      { static: altered(parts.static, 0) },
      { static: altered(parts.static, 47) },
      { payload: altered(parts.payload, 0) },
      { payload: altered(parts.payload, parts.payload.byteLength - 1) },
      { ephemeral: generateKeyPair().public },
    ]) {
      expect(() => client().receive(serverHello(wrong))).toThrowError(code('mac-mismatch'))
    }
  })

  it('an ephemeral key of small order', () => {
    expect(() => client().receive(serverHello({ ephemeral: Buffer.alloc(32) }))).toThrowError(
      code('invalid-public-key'),
    )
  })

  it('a chain that does not lead to the trusted root', () => {
    const elsewhere = client({ trust: { ...trust, root: { publicKey: generateKeyPair().public, serial: 0 } } })
    expect(() => elsewhere.receive(serverHello({}))).toThrowError(code('noise-certificate-untrusted'))
    const byDefault = client({ trust: { now: trust.now } })
    expect(() => byDefault.receive(serverHello({}))).toThrowError(code('noise-certificate-untrusted'))
  })

  it('a second hello, also after a failure', () => {
    const initiator = client()
    initiator.receive(serverHello({}))
    expect(() => initiator.receive(serverHello({}))).toThrowError(code('noise-handshake-state'))
    const failed = client()
    expect(() => failed.receive(Buffer.alloc(0))).toThrowError()
    expect(() => failed.receive(serverHello({}))).toThrowError(code('noise-handshake-state'))
  })

  it('a second finish', () => {
    const result = finishNeeded(client().receive(serverHello({})))
    result.frame(payload)
    expect(() => result.frame(payload)).toThrowError(code('noise-handshake-state'))
  })

  it('an altered answer to a resumption', () => {
    const body = altered(hex(vectors.IK.serverHelloMessage), hex(vectors.IK.serverHelloMessage).byteLength - 1)
    expect(() => client({ resume: { serverStatic, payload } }).receive(body)).toThrowError(code('mac-mismatch'))
  })

  it('anything random, with typed errors only', () => {
    const bodies = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc
        .record({
          ephemeral: fc.uint8Array({ minLength: 31, maxLength: 33 }),
          static: fc.uint8Array({ minLength: 47, maxLength: 49 }),
          payload: fc.uint8Array({ maxLength: 40 }),
        })
        .map(random => serverHello(random)),
      fc.integer({ min: 0, max: 300 }).map(index => altered(serverHello({}), index % serverHello({}).byteLength)),
    )
    fc.assert(
      fc.property(bodies, fc.boolean(), (body, resume) => {
        const initiator = client(resume ? { resume: { serverStatic, payload } } : {})
        try {
          initiator.receive(body)
        } catch (error) {
          expect(KurirError.is(error), String(error)).toBe(true)
        }
      }),
      { numRuns: 300 },
    )
  })
})

describe('what the server refuses', () => {
  it('an altered resumption payload, as it can read the key but not the rest', () => {
    const body = hex(vectors.IK.clientHelloMessage)
    body[body.byteLength - 1] = body[body.byteLength - 1]! ^ 1
    expect(() => server().receive(body)).toThrowError(code('mac-mismatch'))
  })

  it('a finish that is altered, missing parts or late', () => {
    const finish = hex(vectors.XX.clientFinishMessage)
    const afterHello = () => {
      const responder = server()
      responder.receive(hex(vectors.XX.clientHelloMessage))
      return responder
    }
    finish[finish.byteLength - 1] = finish[finish.byteLength - 1]! ^ 1
    expect(() => afterHello().receive(finish)).toThrowError(code('mac-mismatch'))
    expect(() => afterHello().receive(hex(vectors.XX.clientHelloMessage))).toThrowError(
      code('noise-handshake-malformed'),
    )
    const short = proto.HandshakeMessage.encode({
      clientFinish: { static: Buffer.alloc(47), payload: Buffer.alloc(16) },
    })
    expect(() => afterHello().receive(short.finish())).toThrowError(code('noise-handshake-length'))
    const done = afterHello()
    done.receive(hex(vectors.XX.clientFinishMessage))
    expect(() => done.receive(hex(vectors.XX.clientFinishMessage))).toThrowError(code('noise-handshake-state'))
  })

  it('anything random, with typed errors only', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.uint8Array({ maxLength: 300 }), (first, second) => {
        const responder = server()
        for (const body of [first, second]) {
          try {
            responder.receive(body)
          } catch (error) {
            expect(KurirError.is(error), String(error)).toBe(true)
          }
        }
      }),
    )
  })

  it('ignores the extended and post-quantum fields (docs/protocol/01 §2.3)', () => {
    const { clientHello } = proto.HandshakeMessage.decode(hex(vectors.XX.clientHelloMessage))
    const extended = proto.HandshakeMessage.encode({
      clientHello: { ...clientHello, useExtended: true, extendedCiphertext: Buffer.alloc(1088), pqMode: 4 },
    }).finish()
    const hello = server().receive(extended)
    expect(hello.kind === 'hello' && hello.frame.toString('hex')).toBe(vectors.XX.serverHelloWire)
  })
})
