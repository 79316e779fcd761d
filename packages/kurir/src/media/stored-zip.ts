export interface ZipEntry {
  readonly name: string
  readonly bytes: Uint8Array
}

const version = 20
/** Names are UTF-8. */
const flags = 0x0800
const centralOffset = 42

/**
 * A ZIP archive of files as they are: no compression, no dates, no extra fields (docs/protocol/03, 7.11). For archives of
 * a few megabytes.
 */
export async function storedZip(entries: readonly ZipEntry[]): Promise<Buffer> {
  const { crc32 } = await import('node:zlib')
  const parts: Buffer[] = []
  const directory: Buffer[] = []
  let offset = 0
  for (const { name, bytes } of entries) {
    const encodedName = Buffer.from(name)
    const common = fieldsOf(bytes, crc32(bytes), encodedName)
    const local = Buffer.concat([Buffer.from('504b0304', 'hex'), common, encodedName])
    const central = Buffer.concat([
      Buffer.from('504b0102', 'hex'),
      uint16(version),
      common,
      Buffer.alloc(14),
      encodedName,
    ])
    central.writeUInt32LE(offset, centralOffset)
    directory.push(central)
    parts.push(local, Buffer.from(bytes))
    offset += local.byteLength + bytes.byteLength
  }
  const directoryBytes = Buffer.concat(directory)
  const end = Buffer.alloc(22)
  end.write('504b0506', 'hex')
  end.writeUInt16LE(entries.length, 8)
  end.writeUInt16LE(entries.length, 10)
  end.writeUInt32LE(directoryBytes.byteLength, 12)
  end.writeUInt32LE(offset, 16)
  return Buffer.concat([...parts, directoryBytes, end])
}

/** What the header of a file and its entry in the directory have in common. */
function fieldsOf(bytes: Uint8Array, checksum: number, name: Buffer): Buffer {
  const fields = Buffer.alloc(26)
  fields.writeUInt16LE(version, 0)
  fields.writeUInt16LE(flags, 2)
  fields.writeUInt32LE(checksum, 10)
  fields.writeUInt32LE(bytes.byteLength, 14)
  fields.writeUInt32LE(bytes.byteLength, 18)
  fields.writeUInt16LE(name.byteLength, 22)
  return fields
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16LE(value)
  return bytes
}
