import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { findEncryptionKey } from './encryption-key.js'

const key = Buffer.from(Array.from({ length: 32 }, (_, index) => index + 200))

describe('the key of a store', () => {
  let folder = ''
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kurir-key-'))
  })
  afterEach(() => rm(folder, { recursive: true }))

  it.each([
    ['bytes', key],
    ['base64', key.toString('base64')],
    ['base64url', key.toString('base64url')],
    ['hex', key.toString('hex')],
    ['a text with a line end', `${key.toString('base64')}\n`],
  ])('is given as %s', async (_, encryptionKey) => {
    expect(await findEncryptionKey({ encryptionKey })).toEqual(key)
  })

  it('is looked for in the option, the file, the environment, the file of the environment', async () => {
    const other = Buffer.alloc(32, 9).toString('hex')
    const keyFile = join(folder, 'key')
    await writeFile(keyFile, key.toString('base64'))
    expect(await findEncryptionKey({ encryptionKey: key, keyFile: join(folder, 'no') })).toEqual(key)
    expect(await findEncryptionKey({ keyFile, environment: { KURIR_STORE_KEY: other } })).toEqual(key)
    const generatedFile = join(folder, 'generated')
    expect(await findEncryptionKey({ environment: { KURIR_STORE_KEY: key.toString('hex') }, generatedFile })).toEqual(
      key,
    )
    expect(await findEncryptionKey({ environment: { KURIR_STORE_KEY_FILE: keyFile }, generatedFile })).toEqual(key)
    expect(await readdir(folder)).toEqual(['key'])
  })

  it('is made once where nothing is given, for the owner alone', async () => {
    const generatedFile = join(folder, 'deep', 'store.key')
    const keys = await Promise.all(
      Array.from({ length: 8 }, () => findEncryptionKey({ generatedFile, mayGenerate: true })),
    )
    for (const each of keys) expect(each).toEqual(keys[0])
    expect(keys[0]?.byteLength).toBe(32)
    expect(Buffer.from(await readFile(generatedFile, 'utf8'), 'base64')).toEqual(keys[0])
    expect((await stat(generatedFile)).mode & 0o777).toBe(0o600)
    expect(await readdir(join(folder, 'deep'))).toEqual(['store.key'])
    expect(await findEncryptionKey({ generatedFile })).toEqual(keys[0])
  })

  it('that is missing or of the wrong form is an error that says what to do and quotes nothing', async () => {
    await expect(findEncryptionKey({ environment: {} })).rejects.toMatchObject({
      code: 'store-key-missing',
      message: expect.stringContaining('KURIR_STORE_KEY'),
    })
    await expect(findEncryptionKey({ keyFile: join(folder, 'no') })).rejects.toMatchObject({
      code: 'store-key-missing',
    })
    const generatedFile = join(folder, 'lost.key')
    await expect(findEncryptionKey({ generatedFile })).rejects.toMatchObject({ code: 'store-key-missing' })
    for (const encryptionKey of ['hunter2', '', key.subarray(1), key.toString('hex').slice(1)]) {
      const error = await findEncryptionKey({ encryptionKey }).catch(reason => reason)
      expect(error).toMatchObject({ code: 'invalid-store-key', message: expect.stringContaining('openssl') })
      expect(JSON.stringify(error) + error.message).not.toContain('hunter2')
    }
  })
})
