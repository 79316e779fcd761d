import { makeNoiseHandler, NOISE_MODE, NOISE_WA_HEADER } from 'baileys'
import { decodeNode, encodeBinaryNode } from 'kurir/binary'
import { generateKeyPair, hkdf } from 'kurir/crypto'
import { FrameCipher, FrameReader } from 'kurir/noise'
import { compare } from '../harness.mjs'

const FRAMES = 15_000
const logger = { level: 'silent', child: () => logger, trace() {}, debug() {}, info() {}, warn() {}, error() {} }

/** Both directions' keys as they follow from an empty handshake, which is all that Baileys' handler needs to go on. */
const keys = hkdf(new Uint8Array(0), 64, { salt: Buffer.from(NOISE_MODE) })
const [toServer, toClient] = [keys.subarray(0, 32), keys.subarray(32)]

const stanza = encodeBinaryNode({
  tag: 'message',
  attrs: {
    id: '3EB0C7A1F2D94E5B6A7C',
    from: '15550002222@s.whatsapp.net',
    type: 'text',
    t: '1700000000',
    notify: 'Peer',
  },
  content: [{ tag: 'enc', attrs: { v: '2', type: 'msg' }, content: Buffer.alloc(230, 7) }],
})

const baileysHandler = async () => {
  const { public: publicKey, private: privateKey } = generateKeyPair()
  const handler = makeNoiseHandler({
    keyPair: { public: publicKey, private: privateKey },
    NOISE_HEADER: NOISE_WA_HEADER,
    logger,
  })
  await handler.finishInit()
  handler.encodeFrame(stanza)
  return handler
}

const framesFromServer = () => {
  const server = new FrameCipher({ sendKey: toClient, receiveKey: toServer })
  return Array.from({ length: FRAMES }, () => server.encrypt(stanza))
}

export const measure = async () => {
  const sending = new FrameCipher({ sendKey: toServer, receiveKey: toClient })
  const handler = await baileysHandler()
  const rows = [
    await compare({
      name: 'Noise frames, encrypt and frame a stanza',
      unit: 'frames/s',
      operations: FRAMES,
      kurir: {
        run: () => {
          for (let index = 0; index < FRAMES; index += 1) sending.encrypt(stanza)
        },
      },
      peers: {
        baileys: {
          run: () => {
            for (let index = 0; index < FRAMES; index += 1) handler.encodeFrame(stanza)
          },
        },
      },
    }),
  ]
  let frames
  let cipher
  let reader
  let receiver
  rows.push(
    await compare({
      name: 'Noise frames, unframe, decrypt and decode',
      unit: 'frames/s',
      operations: FRAMES,
      kurir: {
        before: () => {
          frames = framesFromServer()
          cipher = new FrameCipher({ sendKey: toServer, receiveKey: toClient })
          reader = new FrameReader()
        },
        run: () => {
          for (const frame of frames) for (const body of reader.push(frame)) decodeNode(cipher.decrypt(body))
        },
      },
      peers: {
        baileys: {
          before: async () => {
            frames = framesFromServer()
            receiver = await baileysHandler()
          },
          run: async () => {
            let seen = 0
            for (const frame of frames) await receiver.decodeFrame(frame, () => (seen += 1))
            if (seen !== FRAMES) throw new Error(`Baileys decoded ${seen} of ${FRAMES} frames`)
          },
        },
      },
    }),
  )
  return rows
}
