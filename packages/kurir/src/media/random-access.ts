import { open } from 'node:fs/promises'

/** Bytes in memory or in a file, read where one likes. */
export interface RandomAccess {
  readonly length: number
  /** Up to `length` bytes from `start` on; fewer at the end, none beyond it. */
  read(start: number, length: number): Promise<Buffer>
}

/** Gives `use` access to a file (by its path) or to bytes, and closes the file afterwards. */
export async function withRandomAccess<Result>(
  input: string | Uint8Array,
  use: (bytes: RandomAccess) => Promise<Result>,
): Promise<Result> {
  if (typeof input !== 'string') {
    const bytes = Buffer.from(input.buffer, input.byteOffset, input.byteLength)
    return await use({
      length: bytes.byteLength,
      read: async (start, length) => bytes.subarray(start, start + length),
    })
  }
  const file = await open(input, 'r')
  try {
    const { size } = await file.stat()
    return await use({
      length: size,
      read: async (start, length) => {
        const wanted = Math.max(0, Math.min(length, size - start))
        const { buffer, bytesRead } = await file.read(Buffer.alloc(wanted), 0, wanted, start)
        return buffer.subarray(0, bytesRead)
      },
    })
  } finally {
    await file.close()
  }
}
