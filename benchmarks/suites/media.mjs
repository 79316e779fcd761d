/**
 * Encryption and decryption of a file. `openssl` is what Node's crypto does with the same bytes in memory, without any
 * files, streams or framing: the limit for all of them.
 */
import assert from 'node:assert/strict'
import { createCipheriv, createDecipheriv, createHash, createHmac } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { downloadEncryptedContent as baileysDownload, encryptedStream as baileysEncrypt } from 'baileys'
import { encryptMedia, expandMediaKey, downloadEncryptedContent as kurirDownload, MediaDecryptor } from 'kurir/media'
import { WaMediaCrypto } from 'zapo-js/media'
import { compare } from '../harness.mjs'
import { startProcess } from '../processes/channel.mjs'

const MEGABYTES = 32
const CHUNK = 65_536
const LIMIT_SHARE = 0.7
const KIND = 'video'

const mediaKey = Buffer.alloc(32, 7)
const keys = expandMediaKey(mediaKey, KIND)
const content = Buffer.alloc(MEGABYTES * 1e6)
for (let index = 0; index < content.length; index += 4) content.writeUInt32LE((index * 2_654_435_761) >>> 0, index)
const sha256 = bytes => createHash('sha256').update(bytes).digest()

const inMemory = (bytes, { cipher, hash }) => {
  for (let start = 0; start < bytes.length; start += CHUNK) hash(cipher.update(bytes.subarray(start, start + CHUNK)))
  hash(cipher.final())
}

const opensslEncrypt = () => {
  const [plain, file] = [createHash('sha256'), createHash('sha256')]
  const hmac = createHmac('sha256', keys.macKey).update(keys.iv)
  const cipher = createCipheriv('aes-256-cbc', keys.cipherKey, keys.iv)
  const update = bytes => {
    plain.update(bytes)
    return cipher.update(bytes)
  }
  inMemory(content, {
    cipher: { update, final: () => cipher.final() },
    hash: ciphertext => {
      hmac.update(ciphertext)
      file.update(ciphertext)
    },
  })
  file.update(hmac.digest().subarray(0, 10))
  return { fileSha256: plain.digest(), fileEncSha256: file.digest() }
}

const opensslDecrypt = encrypted => {
  const [plain, file] = [createHash('sha256'), createHash('sha256')]
  const hmac = createHmac('sha256', keys.macKey).update(keys.iv)
  const decipher = createDecipheriv('aes-256-cbc', keys.cipherKey, keys.iv)
  const update = ciphertext => {
    hmac.update(ciphertext)
    file.update(ciphertext)
    return decipher.update(ciphertext)
  }
  inMemory(encrypted.subarray(0, -10), {
    cipher: { update, final: () => decipher.final() },
    hash: bytes => plain.update(bytes),
  })
  file.update(encrypted.subarray(-10))
  assert.deepEqual(hmac.digest().subarray(0, 10), encrypted.subarray(-10))
  return { fileSha256: plain.digest(), fileEncSha256: file.digest() }
}

/** Makes of a library's encryption a contender whose files are checked for their length and removed, untimed. */
const encryption = (encrypt, pathOf) => {
  let path
  return {
    run: async () => {
      const made = await encrypt()
      assert.deepEqual(Buffer.from(made.fileSha256), sha256OfContent)
      path = pathOf(made)
    },
    after: () => rm(path),
  }
}

const sha256OfContent = sha256(content)

const encryptRow = url =>
  compare({
    name: 'media encryption, file to file',
    unit: 'MB/s',
    operations: MEGABYTES,
    target: LIMIT_SHARE,
    against: 'openssl',
    kurir: encryption(
      () => encryptMedia({ url }, KIND, { mediaKey }),
      ({ path }) => path,
    ),
    peers: {
      baileys: encryption(
        () => baileysEncrypt({ url }, KIND),
        ({ encFilePath }) => encFilePath,
      ),
      zapo: encryption(
        () => WaMediaCrypto.encryptToFile(KIND, mediaKey, createReadStream(url)),
        ({ filePath }) => filePath,
      ),
      openssl: { run: opensslEncrypt },
    },
  })

const lengthOf = async stream => {
  let length = 0
  for await (const chunk of stream) length += chunk.length
  assert.equal(length, content.length)
}

/** From the encrypted file on disk to content in memory, checked. Baileys decrypts only what it downloads. */
const decryptRow = (path, encrypted, expected) =>
  compare({
    name: 'media decryption, with all checks',
    unit: 'MB/s',
    operations: MEGABYTES,
    target: LIMIT_SHARE,
    against: 'openssl',
    kurir: {
      run: async () => {
        const reader = new MediaDecryptor(keys, expected)
        let length = 0
        for await (const chunk of createReadStream(path, { highWaterMark: CHUNK })) {
          for (const piece of reader.update(chunk)) length += piece.length
        }
        length += reader.finish().length
        assert.equal(length, content.length)
      },
    },
    peers: {
      zapo: {
        run: async () => {
          const options = {
            mediaType: KIND,
            mediaKey,
            expectedFileSha256: expected.fileSha256,
            expectedFileEncSha256: expected.fileEncSha256,
          }
          const file = createReadStream(path, { highWaterMark: CHUNK })
          const { plaintext, metadata } = await WaMediaCrypto.decryptReadable(file, options)
          await lengthOf(plaintext)
          await metadata
        },
      },
      openssl: { run: () => opensslDecrypt(encrypted) },
    },
  })

/** Over HTTP on this machine. Kurir checks the MAC; Baileys checks nothing, so it has less to do. */
const downloadRow = origin =>
  compare({
    name: 'media download and decryption',
    unit: 'MB/s',
    operations: MEGABYTES,
    kurir: {
      run: async () => lengthOf(await kurirDownload(`${origin}/file.enc`, keys, { mediaOrigins: [origin] })),
    },
    peers: { baileys: { run: async () => lengthOf(await baileysDownload(`${origin}/file.enc`, keys)) } },
  })

export const measure = async () => {
  const folder = await mkdtemp(join(tmpdir(), 'kurir-benchmark-'))
  const server = startProcess('media-host.mjs')
  try {
    const original = join(folder, 'original')
    await writeFile(original, content)
    const encrypt = await encryptRow(original)
    const file = await encryptMedia({ url: original }, KIND, { mediaKey })
    const encrypted = await readFile(file.path)
    const expected = { fileSha256: file.fileSha256, fileEncSha256: file.fileEncSha256, fileLength: content.length }
    for (const work of [opensslEncrypt(), opensslDecrypt(encrypted)]) {
      assert.deepEqual(work, { fileSha256: file.fileSha256, fileEncSha256: file.fileEncSha256 })
    }
    const decrypt = await decryptRow(file.path, encrypted, expected)
    const download = await downloadRow(`http://127.0.0.1:${await server.call('host', file.path)}`)
    await file.discard()
    return [encrypt, decrypt, download]
  } finally {
    server.stop()
    await rm(folder, { recursive: true, force: true })
  }
}
