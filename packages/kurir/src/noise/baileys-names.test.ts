import { makeNoiseHandler as theirHandler } from 'baileys'
import { afterEach, describe, expect, it } from 'vitest'
import { encodeBinaryNode } from '../binary/encode.js'
import type { BinaryNode } from '../binary/node.js'
import { generateKeyPair } from '../crypto/curve.js'
import { silentLogger } from '../logger/logger.js'
import { proto } from '../proto/index.js'
import { makeNoiseHandler } from './baileys-names.js'
import { buildCertificateChain } from './certificate-authority.js'
import { NOISE_WA_HEADER, WA_CERT_DETAILS } from './constants.js'
import { encodeFrame } from './frame.js'
import { FrameReader } from './frame-reader.js'
import { IntroReader } from './intro.js'
import { NoiseResponder } from './responder.js'

const newPair = () => {
  const { public: publicKey, private: privateKey } = generateKeyPair()
  return { public: Buffer.from(publicKey), private: Buffer.from(privateKey) }
}
const logger = { ...silentLogger, child: () => logger } as typeof silentLogger
const [root, intermediate, serverKey] = [generateKeyPair(), generateKeyPair(), generateKeyPair()]
const now = Math.floor(Date.now() / 1000)
const chainOf = (signer: typeof root) =>
  buildCertificateChain({
    root: signer,
    intermediate,
    serverStatic: serverKey.public,
    notBefore: now - 1000,
    notAfter: now + 1000,
  })

const realRoot = WA_CERT_DETAILS.PUBLIC_KEY
afterEach(() => {
  WA_CERT_DETAILS.PUBLIC_KEY = realRoot
})

const begin = (make: typeof makeNoiseHandler, certificateChain: Buffer) => {
  const ephemeral = newPair()
  const noiseKey = newPair()
  const routingInfo = Buffer.from('routing')
  const handler = make({ keyPair: ephemeral, NOISE_HEADER: NOISE_WA_HEADER, logger, routingInfo })
  const responder = new NoiseResponder({ staticKeyPair: serverKey, certificateChain })
  const clientHello = proto.HandshakeMessage.encode({ clientHello: { ephemeral: ephemeral.public } }).finish()
  const intro = new IntroReader().push(handler.encodeFrame(clientHello))
  const reader = new FrameReader()
  const [helloBody] = reader.push(intro?.rest ?? Buffer.alloc(0))
  const answer = responder.receive(helloBody!)
  if (answer.kind !== 'hello') throw new Error(answer.kind)
  const message = proto.HandshakeMessage.decode(answer.frame.subarray(3))
  return { handler, responder, intro, reader, noiseKey, message }
}

describe.each([
  ['of Baileys', theirHandler as unknown as typeof makeNoiseHandler],
  ['of ours under that name', makeNoiseHandler],
])('the Noise handler %s', (_name, make) => {
  it('completes the handshake with our server, routing info included, and exchanges frames', async () => {
    WA_CERT_DETAILS.PUBLIC_KEY = Buffer.from(root.public)
    const { handler, responder, intro, reader, noiseKey, message } = begin(make, chainOf(root))
    expect(intro?.routingInfo?.toString()).toBe('routing')
    const encryptedStatic = handler.processHandshake(message, noiseKey)
    const payload = handler.encrypt(Buffer.from('client payload'))
    const finish = proto.HandshakeMessage.encode({ clientFinish: { static: encryptedStatic, payload } }).finish()
    const [finishBody] = reader.push(handler.encodeFrame(finish))
    const accepted = responder.receive(finishBody!)
    if (accepted.kind !== 'finished') throw new Error(accepted.kind)
    expect(accepted.clientStatic).toEqual(noiseKey.public)
    expect(accepted.payload.toString()).toBe('client payload')

    await handler.finishInit()
    handler.authenticate(Buffer.from('ignored from now on'))
    const node: BinaryNode = { tag: 'iq', attrs: { id: '1', type: 'get', to: 's.whatsapp.net' } }
    const received: unknown[] = []
    for (let index = 0; index < 3; index += 1) {
      const [body] = reader.push(handler.encodeFrame(Buffer.from(`frame ${index}`)))
      expect(accepted.transport.decrypt(body!).toString()).toBe(`frame ${index}`)
      await handler.decodeFrame(accepted.transport.encrypt(encodeBinaryNode(node)), frame => received.push(frame))
    }
    const sealed = handler.encrypt(Buffer.from('without frame'))
    expect(accepted.transport.decrypt(sealed).toString()).toBe('without frame')
    expect(Buffer.from(handler.decrypt(accepted.transport.encrypt(Buffer.from('back')).subarray(3))).toString()).toBe(
      'back',
    )
    expect(received).toHaveLength(3)
    expect(received[2]).toMatchObject({ tag: 'iq', attrs: { id: '1', type: 'get' } })
  })

  it('puts the intro before the first frame only, and frames as we do', () => {
    const handler = make({ keyPair: newPair(), NOISE_HEADER: NOISE_WA_HEADER, logger })
    const body = Buffer.alloc(70_000, 1)
    const [first, second] = [handler.encodeFrame(body), handler.encodeFrame(body)]
    expect(first.subarray(0, 4).toString('hex')).toBe('57410603')
    expect(first.subarray(4).equals(encodeFrame(body))).toBe(true)
    expect(second.equals(encodeFrame(body))).toBe(true)
  })

  it('hands over handshake frames as bytes', async () => {
    const handler = make({ keyPair: newPair(), NOISE_HEADER: NOISE_WA_HEADER, logger })
    const frames: unknown[] = []
    await handler.decodeFrame(Buffer.from('000002aabb0000', 'hex'), frame => frames.push(frame))
    expect(frames).toEqual([Buffer.from('aabb', 'hex')])
  })
})

describe('the certificate check (docs/protocol/01 §2.8)', () => {
  it('refuses a foreign root, which Baileys does not', () => {
    const theirs = begin(theirHandler as unknown as typeof makeNoiseHandler, chainOf(root))
    expect(() => theirs.handler.processHandshake(theirs.message, theirs.noiseKey)).not.toThrow()
    const ours = begin(makeNoiseHandler, chainOf(root))
    expect(() => ours.handler.processHandshake(ours.message, ours.noiseKey)).toThrowError(
      expect.objectContaining({ code: 'noise-certificate-untrusted' }),
    )
  })
})
