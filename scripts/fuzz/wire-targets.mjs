import { deflateSync } from 'node:zlib'
import { decodeNode, encodeBinaryNode } from 'kurir/binary'
import {
  buildCertificateChain,
  encodeFrame,
  FrameCipher,
  FrameReader,
  IntroReader,
  NoiseInitiator,
  NoiseResponder,
  verifyCertificateChain,
} from 'kurir/noise'
import { stanzas } from './answer-samples.mjs'
import { mutateBytes } from './mutate.mjs'
import { repeatableKeyPair } from './samples.mjs'

/** Everything between the WebSocket and a node. */

const frames = stanzas.map(node => encodeBinaryNode(node))
const compressed = frames.map(frame => Buffer.concat([Buffer.of(2), deflateSync(frame.subarray(1))]))

const keys = {
  root: repeatableKeyPair(),
  intermediate: repeatableKeyPair(),
  server: repeatableKeyPair(),
  client: repeatableKeyPair(),
}
const chain = buildCertificateChain({
  root: keys.root,
  intermediate: keys.intermediate,
  serverStatic: keys.server.public,
  notBefore: 1_700_000_000,
  notAfter: 1_800_000_000,
})
const trust = { root: { publicKey: keys.root.public, serial: 0 }, now: () => 1_750_000_000_000 }

const bodyOf = frame => frame.subarray(3)

/** One side of a fresh handshake, and the honest message that the other side sends. */
function handshake(random) {
  const resumes = random.chance(0.5)
  const resume = resumes ? { serverStatic: keys.server.public, payload: Buffer.alloc(60, 1) } : undefined
  const initiator = NoiseInitiator.start({ staticKeyPair: keys.client, trust, resume })
  const responder = new NoiseResponder({
    staticKeyPair: keys.server,
    certificateChain: chain,
    resumption: random.chance(0.3) ? 'refuse' : 'accept',
  })
  const { rest } = new IntroReader().push(initiator.hello)
  return { initiator, responder, clientHello: bodyOf(rest) }
}

export const wireTargets = [
  {
    name: 'node decoder',
    share: 30,
    make: random => mutateBytes(random, random.pick(random.chance(0.2) ? compressed : frames), frames),
    run(input) {
      const node = decodeNode(input)
      // What was understood can be written, as long as it has a form.
      encodeBinaryNode(node)
    },
  },
  {
    name: 'node decoder, strict',
    share: 5,
    make: random => mutateBytes(random, random.pick(frames), frames),
    run: input => decodeNode(input, { strict: true }),
  },
  {
    name: 'frame reader',
    share: 8,
    make(random) {
      const stream = Buffer.concat(
        Array.from({ length: 1 + random.below(4) }, () => encodeFrame(random.bytes(1 + random.below(200)))),
      )
      return { stream: mutateBytes(random, stream), piece: 1 + random.below(90) }
    },
    run({ stream, piece }) {
      const reader = new FrameReader({ firstFrameLimit: 1 << 16 })
      for (let at = 0; at < stream.length; at += piece) reader.push(stream.subarray(at, at + piece))
    },
  },
  {
    name: 'frame cipher',
    share: 8,
    make(random) {
      const sender = new FrameCipher({ sendKey: Buffer.alloc(32, 1), receiveKey: Buffer.alloc(32, 2) })
      const sealed = [sender.encrypt(random.bytes(60)), sender.encrypt(random.bytes(random.below(300)))].map(bodyOf)
      return random.chance(0.3) ? sealed.reverse() : sealed.map(body => mutateBytes(random, body, sealed))
    },
    run(bodies) {
      const receiver = new FrameCipher({ sendKey: Buffer.alloc(32, 2), receiveKey: Buffer.alloc(32, 1) })
      for (const body of bodies) receiver.decrypt(body)
    },
  },
  {
    name: 'handshake, client side',
    share: 2,
    make(random) {
      const { initiator, responder, clientHello } = handshake(random)
      return { initiator, hello: mutateBytes(random, bodyOf(responder.receive(clientHello).frame)) }
    },
    run({ initiator, hello }) {
      const result = initiator.receive(hello)
      if (result.kind === 'finish') result.frame(Buffer.alloc(40))
    },
  },
  {
    name: 'handshake, server side',
    share: 2,
    make(random) {
      const { initiator, responder, clientHello } = handshake(random)
      if (random.chance(0.5)) return { responder, messages: [mutateBytes(random, clientHello)] }
      const answer = responder.receive(clientHello)
      const finish = initiator.receive(bodyOf(answer.frame))
      if (finish.kind !== 'finish') return { responder, messages: [random.bytes(50)] }
      return { responder, messages: [mutateBytes(random, bodyOf(finish.frame(Buffer.alloc(80, 3))))] }
    },
    run({ responder, messages }) {
      for (const message of messages) responder.receive(message)
    },
  },
  {
    name: 'certificate chain',
    share: 3,
    make: random => mutateBytes(random, chain),
    run: input => verifyCertificateChain(input, keys.server.public, trust),
  },
  {
    name: 'intro',
    share: 2,
    make: random => mutateBytes(random, NOISE_INTRO),
    run: input => new IntroReader().push(input),
  },
]

const NOISE_INTRO = NoiseInitiator.start({
  staticKeyPair: keys.client,
  trust,
  routingInfo: Buffer.from('08031200', 'hex'),
}).hello
