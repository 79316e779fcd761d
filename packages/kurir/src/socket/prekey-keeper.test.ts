import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { childNodes, getBinaryNodeChild, getBinaryNodeChildren } from '../binary/accessors.js'
import type { BinaryNode } from '../binary/node.js'
import { PreKeyKeeper } from './prekey-keeper.js'
import { refusal, result, testCore } from './testing/collaborator-core.js'

const count = (value: number): BinaryNode => result({ tag: 'count', attrs: { value: String(value) } })
const isUpload = (node: BinaryNode): boolean => getBinaryNodeChild(node, 'registration') !== undefined

/** A server with so many keys left; `uploads` says how it takes uploads, one after another. */
function keeperOf(left: number, uploads: BinaryNode[] = []) {
  const core = testCore({
    answer: request => {
      if (isUpload(request)) return uploads.shift() ?? result()
      return getBinaryNodeChild(request, 'digest') ? refusal(404) : count(left)
    },
  })
  const uploaded = (): string[][] =>
    core.sent
      .filter(isUpload)
      .map(node =>
        getBinaryNodeChildren(getBinaryNodeChild(node, 'list'), 'key').map(key =>
          Buffer.from(getBinaryNodeChild(key, 'id')?.content as Uint8Array).toString('hex'),
        ),
      )
  return { core, uploaded, keeper: new PreKeyKeeper(core) }
}

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

describe('PreKeyKeeper', () => {
  it('fills up what is missing', async () => {
    const cases: [left: number, uploaded: number][] = [
      [0, 812],
      [9, 100],
    ]
    for (const [left, expected] of cases) {
      const { keeper, uploaded } = keeperOf(left)
      await keeper.uploadIfRequired()
      expect(uploaded().map(ids => ids.length)).toEqual([expected])
      await keeper.refill(left)
      expect(uploaded()[1]).toHaveLength(expected)
      expect(uploaded()[1]).not.toContain(uploaded()[0]?.[0])
    }
  })

  it('leaves a full stock alone, unless its newest key is lost here', async () => {
    const { core, keeper, uploaded } = keeperOf(500)
    await keeper.refill(10)
    // A store without keys: those on the server are worthless.
    await keeper.uploadIfRequired()
    expect(uploaded()).toHaveLength(1)
    await keeper.uploadIfRequired()
    expect(uploaded()).toHaveLength(1)
    expect(core.creds.nextPreKeyId).toBe(101)
  })

  it('uploads once for all who ask at the same time', async () => {
    const { keeper, uploaded } = keeperOf(0)
    await Promise.all([keeper.upload(5), keeper.upload(7), keeper.refill(0)])
    expect(uploaded().map(ids => ids.length)).toEqual([5])
  })

  it('offers the same keys again after a refusal, and counts them as uploaded only then', async () => {
    const { core, keeper, uploaded } = keeperOf(0, [refusal(503), refusal(500)])
    const uploading = keeper.upload(3)
    await vi.waitFor(() => expect(uploaded()).toHaveLength(1))
    expect([core.creds.nextPreKeyId, core.creds.firstUnuploadedPreKeyId]).toEqual([4, 1])
    await vi.advanceTimersByTimeAsync(3000)
    await uploading
    expect(uploaded()).toEqual(Array.from({ length: 3 }, () => ['000001', '000002', '000003']))
    expect([core.creds.nextPreKeyId, core.creds.firstUnuploadedPreKeyId]).toEqual([4, 4])
  })

  it('gives up after three refusals more', async () => {
    const { keeper, uploaded } = keeperOf(
      0,
      Array.from({ length: 4 }, () => refusal(503)),
    )
    const failed = expect(keeper.upload(1)).rejects.toMatchObject({ code: 'server-refused', data: 503 })
    await vi.advanceTimersByTimeAsync(10_000)
    await failed
    expect(uploaded()).toHaveLength(4)
  })

  it('logs that a refill failed instead of rejecting', async () => {
    const core = testCore({ answer: () => refusal(401) })
    await new PreKeyKeeper(core).uploadIfRequired()
    expect(core.log.map(({ level }) => level)).toEqual(['error'])
  })

  it('uploads everything when the server has nothing of ours, and says so', async () => {
    const { keeper, uploaded } = keeperOf(0)
    await expect(keeper.checkDigest()).rejects.toMatchObject({ code: 'prekey-digest-mismatch', retryable: true })
    expect(uploaded().map(ids => ids.length)).toEqual([812])
  })

  it('does not take another trouble of the server for a difference', async () => {
    const core = testCore({ answer: () => refusal(503) })
    await expect(new PreKeyKeeper(core).checkDigest()).rejects.toMatchObject({ code: 'server-refused', data: 503 })
    expect(core.sent.filter(isUpload)).toEqual([])
  })

  it('takes a new signed prekey into use once the server has it', async () => {
    const { core, keeper } = keeperOf(0)
    const before = core.creds.signedPreKey
    await keeper.rotateSignedPreKey()
    expect(core.creds.signedPreKey.keyId).toBe(before.keyId + 1)
    expect(childNodes(core.sent[0])[0]?.tag).toBe('rotate')
    const stored = await core.keys.get('signed-pre-key', [String(before.keyId)])
    expect(stored[before.keyId]?.keyPair).toEqual(before.keyPair)
    const refusing = testCore({ answer: () => refusal(409) })
    const kept = refusing.creds.signedPreKey
    await expect(new PreKeyKeeper(refusing).rotateSignedPreKey()).rejects.toMatchObject({ data: 409 })
    expect(refusing.creds.signedPreKey).toEqual(kept)
  })
})
