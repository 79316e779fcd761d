/** Small files of the kinds that are looked into. */

/** A box of an MP4. */
export function box(type: string, content: Uint8Array): Buffer {
  const header = Buffer.alloc(8)
  header.writeUInt32BE(8 + content.byteLength)
  header.write(type, 4, 'latin1')
  return Buffer.concat([header, content])
}

interface MovieOptions {
  readonly seconds: number
  readonly width: number
  readonly height: number
  readonly version?: 0 | 1
  /** Filmed with the phone upright: the matrix turns the picture. */
  readonly turned?: boolean
  /** A track without size comes before the picture. */
  readonly soundFirst?: boolean
}

/** An MP4 with an index and nothing else. */
export function movie({
  seconds,
  width,
  height,
  version = 0,
  turned = false,
  soundFirst = false,
}: MovieOptions): Buffer {
  const head = Buffer.alloc(version === 1 ? 32 : 20)
  head[0] = version
  head.writeUInt32BE(1000, version === 1 ? 20 : 12)
  if (version === 1) head.writeBigUInt64BE(BigInt(seconds * 1000), 24)
  else head.writeUInt32BE(seconds * 1000, 16)
  const track = (sides: readonly [number, number]) => {
    const matrix = version === 1 ? 52 : 40
    const content = Buffer.alloc(matrix + 44)
    content[0] = version
    content.writeInt32BE(turned ? 0 : 0x10000, matrix)
    content.writeInt32BE(turned ? 0x10000 : 0, matrix + 4)
    content.writeUInt32BE(sides[0] << 16, matrix + 36)
    content.writeUInt32BE(sides[1] << 16, matrix + 40)
    return box('trak', box('tkhd', content))
  }
  const tracks = [...(soundFirst ? [track([0, 0])] : []), track([width, height])]
  return Buffer.concat([
    box('ftyp', Buffer.from('isom')),
    box('mdat', Buffer.alloc(1000)),
    box('moov', Buffer.concat([box('mvhd', head), ...tracks])),
  ])
}

/** Head and last page of a voice note: enough to tell its duration. */
export function oggOpus(seconds: number, preSkip = 312): Buffer {
  const head = Buffer.alloc(28 + 19)
  head.write('OggS', 0, 'latin1')
  head.write('OpusHead', 28, 'latin1')
  head.writeUInt16LE(preSkip, 38)
  const last = Buffer.alloc(100)
  last.write('OggS', 0, 'latin1')
  last.writeBigInt64LE(BigInt(seconds * 48_000 + preSkip), 6)
  return Buffer.concat([head, Buffer.alloc(1000), last])
}

/** A WAV of one channel with 16 bits. */
export function wav(samples: Float32Array, rate: number): Buffer {
  const data = Buffer.alloc(samples.length * 2)
  samples.forEach((sample, index) => {
    data.writeInt16LE(Math.round(sample * 32_767), index * 2)
  })
  const head = Buffer.alloc(44)
  head.write('RIFF', 0, 'latin1')
  head.writeUInt32LE(36 + data.byteLength, 4)
  head.write('WAVEfmt ', 8, 'latin1')
  head.writeUInt32LE(16, 16)
  head.writeUInt16LE(1, 20)
  head.writeUInt16LE(1, 22)
  head.writeUInt32LE(rate, 24)
  head.writeUInt32LE(rate * 2, 28)
  head.writeUInt16LE(2, 32)
  head.writeUInt16LE(16, 34)
  head.write('data', 36, 'latin1')
  head.writeUInt32LE(data.byteLength, 40)
  return Buffer.concat([head, data])
}
