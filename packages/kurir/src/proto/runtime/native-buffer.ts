/** Members of Buffer that its type declarations lack: native, without argument checks and encoding look-up. */
export interface NativeBuffer extends Buffer {
  utf8Slice(start: number, end: number): string
  utf8Write(text: string, offset: number, length: number): number
  latin1Write(text: string, offset: number, length: number): number
}

type ViewConstructor = new (memory: ArrayBufferLike, offset: number, length: number) => NativeBuffer

/**
 * Makes a Buffer over existing memory. `Buffer.from` and `subarray` end in this constructor too, after checks that cost
 * more than the view itself.
 */
export const BufferView: ViewConstructor = Reflect.get(Buffer, Symbol.species)

/** `Buffer.isBuffer` is a call; this is a look at a member. */
export function asBuffer(bytes: Uint8Array): NativeBuffer {
  return 'utf8Slice' in bytes
    ? (bytes as NativeBuffer)
    : new BufferView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

const SLAB_SIZE = 8192
let slab: NativeBuffer | undefined
let slabMemory: ArrayBuffer
let slabUsed = 0

/** A copy in memory shared with other small copies, as `Buffer.allocUnsafe` shares it, without its checks. */
export function copyOf(bytes: NativeBuffer): Buffer {
  const { length } = bytes
  if (length > SLAB_SIZE >>> 1) return Buffer.from(bytes)
  if (slab === undefined || slabUsed + length > SLAB_SIZE) {
    slabMemory = new ArrayBuffer(SLAB_SIZE)
    slab = new BufferView(slabMemory, 0, SLAB_SIZE)
    slabUsed = 0
  }
  const offset = slabUsed
  slab.set(bytes, offset)
  slabUsed = offset + length
  return new BufferView(slabMemory, offset, length)
}
