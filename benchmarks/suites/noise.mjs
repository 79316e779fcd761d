import assert from 'node:assert/strict'
import { makeNoiseHandler, NOISE_MODE, NOISE_WA_HEADER } from 'baileys'
import { decodeNode, encodeBinaryNode } from 'kurir/binary'
import { generateKeyPair, hkdf } from 'kurir/crypto'
import { silentLogger } from 'kurir/logger'
import { FrameCipher, FrameReader } from 'kurir/noise'
import { importAesGcmKey } from 'zapo-js/crypto'
import { WaNoiseSocket, decodeBinaryNodeStanza as zapoDecode } from 'zapo-js/transport'
import { compare } from '../harness.mjs'

const FRAMES = 15_000
/** What comes with one read of the WebSocket; zapo-js opens these in parallel. */
const CHUNK = 50

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
    logger: silentLogger,
  })
  await handler.finishInit()
  handler.encodeFrame(stanza)
  return handler
}

const zapoSocket = async () =>
  new WaNoiseSocket(await importAesGcmKey(toServer, ['encrypt']), await importAesGcmKey(toClient, ['decrypt']))

/** zapo-js keeps its frame codec to itself, so the length is put before and cut off here. */
const zapoEncrypt = async socket => {
  const body = await socket.encrypt(socket.reserveWriteNonce(), stanza)
  const frame = new Uint8Array(3 + body.length)
  frame[0] = body.length >> 16
  frame[1] = body.length >> 8
  frame[2] = body.length
  frame.set(body, 3)
  return frame
}

const zapoDecrypt = async (socket, frame) =>
  zapoDecode(await socket.decrypt(socket.reserveReadNonce(), frame.subarray(3)))

const inChunks = async work => {
  for (let start = 0; start < FRAMES; start += CHUNK) {
    await Promise.all(Array.from({ length: CHUNK }, (_, index) => work(start + index)))
  }
}

const framesFromServer = () => {
  const server = new FrameCipher({ sendKey: toClient, receiveKey: toServer })
  return Array.from({ length: FRAMES }, () => server.encrypt(stanza))
}

const sendRow = async () => {
  const sending = new FrameCipher({ sendKey: toServer, receiveKey: toClient })
  const handler = await baileysHandler()
  const zapo = await zapoSocket()
  assert.deepEqual(
    Buffer.from(await zapoEncrypt(await zapoSocket())),
    new FrameCipher({ sendKey: toServer, receiveKey: toClient }).encrypt(stanza),
  )
  return compare({
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
      zapo: { run: () => inChunks(() => zapoEncrypt(zapo)) },
    },
  })
}

const receiveRow = async () => {
  let frames
  let receiver
  const before = async fresh => {
    frames = framesFromServer()
    receiver = await fresh()
  }
  const seenAll = seen => assert.equal(seen, FRAMES)
  return compare({
    name: 'Noise frames, unframe, decrypt and decode',
    unit: 'frames/s',
    operations: FRAMES,
    kurir: {
      before: () =>
        before(() => ({
          cipher: new FrameCipher({ sendKey: toServer, receiveKey: toClient }),
          reader: new FrameReader(),
        })),
      run: () => {
        let seen = 0
        const { cipher, reader } = receiver
        for (const frame of frames) {
          for (const body of reader.push(frame)) if (decodeNode(cipher.decrypt(body)).tag === 'message') seen += 1
        }
        seenAll(seen)
      },
    },
    peers: {
      baileys: {
        before: () => before(baileysHandler),
        run: async () => {
          let seen = 0
          const count = node => {
            if (node.tag === 'message') seen += 1
          }
          for (const frame of frames) await receiver.decodeFrame(frame, count)
          seenAll(seen)
        },
      },
      zapo: {
        before: () => before(zapoSocket),
        run: async () => {
          let seen = 0
          await inChunks(async index => {
            if ((await zapoDecrypt(receiver, frames[index])).tag === 'message') seen += 1
          })
          seenAll(seen)
        },
      },
    },
  })
}

export const measure = async () => [await sendRow(), await receiveRow()]
