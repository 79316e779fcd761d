import { deflateSync } from 'node:zlib'
import { type BinaryNode, encodeBinaryNode } from 'kurir/binary'
import type { FrameCipher } from 'kurir/noise'
import type { WebSocket } from 'ws'
import type { FrameFault, TransportFaults } from '../faults/transport-faults.js'
import { encodeStanza } from '../router/encoded-stanzas.js'

/** The raw socket under a WebSocket: what corking needs of it. */
export interface Corkable {
  cork(): void
  uncork(): void
}

const COMPRESSED = Buffer.of(2)
const UNCOMPRESSED = Buffer.of(0)
/** More than any decoder may inflate. */
const BOMB_BYTES = 17 * 1024 * 1024

/** Writes frames to a WebSocket: one frame per message, all of one turn of the event loop in one system call. */
export class FrameWriter {
  readonly #webSocket: WebSocket
  readonly #socket: Corkable
  readonly #transport: () => TransportFaults
  readonly #merged: Buffer[] = []
  #corked = false
  #lastFrame: Buffer | undefined

  constructor(webSocket: WebSocket, socket: Corkable, transport: () => TransportFaults) {
    this.#webSocket = webSocket
    this.#socket = socket
    this.#transport = transport
  }

  /** Encrypts a stanza; the order of the calls is the order on the wire. */
  seal(cipher: FrameCipher, node: BinaryNode, fault: FrameFault | undefined): readonly Buffer[] {
    const encoded = encodeStanza(node)
    const plaintext = this.#transport().compressFrames === true ? compressed(encoded) : encoded
    const frame = cipher.encrypt(fault === 'bomb' ? bomb() : plaintext)
    const frames = fault === undefined ? [frame] : this.#disturb(frame, fault)
    this.#lastFrame = frame
    return frames
  }

  /** Writes bytes as one WebSocket message, or as the transport faults want it. */
  write(bytes: Buffer): void {
    if (this.#webSocket.readyState !== this.#webSocket.OPEN) return
    this.#cork()
    const { splitFrames, mergeFrames } = this.#transport()
    if (mergeFrames === true) {
      this.#merged.push(bytes)
    } else if (splitFrames === true && bytes.length > 2) {
      const cut = Math.max(1, Math.min(bytes.length - 1, bytes.length >> 1))
      for (const part of [bytes.subarray(0, 2), bytes.subarray(2, cut), bytes.subarray(Math.max(2, cut))]) {
        if (part.length > 0) this.#webSocket.send(part)
      }
    } else this.#webSocket.send(bytes)
  }

  /** Writes what is held back, before the connection ends. */
  flush(): void {
    if (this.#merged.length > 0) this.#webSocket.send(Buffer.concat(this.#merged.splice(0)))
    if (!this.#corked) return
    this.#corked = false
    this.#socket.uncork()
  }

  #cork(): void {
    if (this.#corked) return
    this.#corked = true
    this.#socket.cork()
    setImmediate(() => this.flush())
  }

  #disturb(frame: Buffer, fault: FrameFault): readonly Buffer[] {
    switch (fault) {
      case 'lost':
        return []
      case 'replayed':
        return this.#lastFrame === undefined ? [frame, frame] : [this.#lastFrame, frame]
      case 'oversized':
        return [Buffer.concat([Buffer.of(0xff, 0xff, 0xff), Buffer.alloc(64 * 1024)])]
      case 'altered': {
        const altered = Buffer.from(frame)
        const position = frame.length - 1
        altered.writeUInt8(altered.readUInt8(position) ^ 1, position)
        return [altered]
      }
      case 'bomb':
        return [frame]
    }
  }
}

const compressed = (encoded: Buffer): Buffer => Buffer.concat([COMPRESSED, deflateSync(encoded.subarray(1))])

/** A node whose content is a run of zeros: a few KiB on the wire, too much inflated. */
const bomb = (): Buffer => {
  const node = encodeBinaryNode({ tag: 'ib', attrs: {}, content: Buffer.alloc(BOMB_BYTES) })
  return Buffer.concat([COMPRESSED, deflateSync(node.subarray(UNCOMPRESSED.length))])
}
