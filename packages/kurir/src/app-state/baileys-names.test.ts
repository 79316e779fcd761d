import * as baileys from 'baileys'
import { describe, expect, it } from 'vitest'
import { makeEventBuffer } from '../events/event-buffer.js'
import type { BaileysEvent } from '../events/event-map.js'
import { silentLogger } from '../logger/logger.js'
import { proto } from '../proto/index.js'
import { applyPatch } from './apply.js'
import * as names from './baileys-names.js'
import { buildPatch } from './build-patch.js'
import { ALL_WA_PATCH_NAMES } from './collection-names.js'
import { newLTHashState } from './collection-state.js'
import { chatModificationToAppPatch } from './patch-create.js'
import { expandAppStateKey } from './sync-keys.js'
import { hex, plain, readFixture } from './testing/vectors.js'

const vectors = readFixture<{
  keys: Record<string, string>
  snapshot: { snapshotBytes: string }
  minimumVersionCases: { minimumVersion: number; reportedMutations: number }[]
  patches: { patchBytes: string[]; minimumVersion?: number }[]
  failures: { id: string; patchBytes?: string[] }[]
}>('vectors/04-snapshot.json')

const collection = 'regular_low'
const getKey = async (id: string) => {
  const keyData = vectors.keys[id]
  return keyData === undefined ? undefined : { keyData: hex(keyData) }
}
const noKey = async () => undefined
const snapshotBytes = hex(vectors.snapshot.snapshotBytes)
const patchBytes = vectors.patches[0]!.patchBytes.map(hex)
const ourSnapshot = () => proto.SyncdSnapshot.decode(snapshotBytes)
const ourPatches = () => patchBytes.map(bytes => proto.SyncdPatch.decode(bytes))
const theirSnapshot = () => baileys.proto.SyncdSnapshot.decode(snapshotBytes)
const theirPatches = () => patchBytes.map(bytes => baileys.proto.SyncdPatch.decode(bytes))

/** State and mutations of either library, as values. */
function comparable({ state, mutationMap }: { state: baileys.LTHashState; mutationMap: object }): unknown {
  const mutations = Object.entries(mutationMap as names.ChatMutationMap).map(([text, { index, syncAction }]) => {
    const { value, version } = syncAction
    return { text, index, version, value: plain(proto.SyncActionValue.fromObject(value ?? {})) }
  })
  return { state: plain(state), mutations }
}

/** The values of Baileys are protobuf objects of its own schema: they are read as plain ones. */
function plainOfBaileys(result: { state: baileys.LTHashState; mutationMap: baileys.ChatMutationMap }): unknown {
  const mutations = Object.entries(result.mutationMap).map(([text, { index, syncAction }]) => [
    text,
    {
      index,
      syncAction: {
        value: baileys.proto.SyncActionValue.toObject(syncAction.value as never),
        version: syncAction.version,
      },
    },
  ])
  return comparable({ state: result.state, mutationMap: Object.fromEntries(mutations) })
}

describe('the names of Baileys give what Baileys gives (docs/protocol/06, 3.10)', () => {
  it('for a snapshot, whatever is known of it', async () => {
    for (const { minimumVersion, reportedMutations } of [
      { minimumVersion: undefined, reportedMutations: 20 },
      ...vectors.minimumVersionCases,
    ]) {
      const ours = await names.decodeSyncdSnapshot(collection, ourSnapshot(), getKey, minimumVersion, true)
      const theirs = await baileys.decodeSyncdSnapshot(
        collection,
        theirSnapshot(),
        getKey as never,
        minimumVersion,
        true,
      )
      expect(comparable(ours)).toEqual(plainOfBaileys(theirs))
      expect(Object.keys(ours.mutationMap)).toHaveLength(reportedMutations)
    }
  })

  it('for patches', async () => {
    const base = await names.decodeSyncdSnapshot(collection, ourSnapshot(), getKey, undefined)
    for (const minimum of [undefined, 58, 59]) {
      const { state } = base
      const ours = await names.decodePatches(collection, ourPatches(), state, getKey, {}, minimum)
      const theirs = await baileys.decodePatches(collection, theirPatches(), state, getKey as never, {}, minimum)
      expect(comparable(ours)).toEqual(plainOfBaileys(theirs))
    }
  })

  it('for one patch and for its mutations', async () => {
    const { state } = await names.decodeSyncdSnapshot(collection, ourSnapshot(), getKey, undefined)
    const current = { ...state, version: 58 }
    const told: string[][] = []
    const tell = ({ index }: { index: string[] }) => told.push(index)
    const ours = await names.decodeSyncdPatch(ourPatches()[0]!, collection, current, getKey, tell, true)
    const theirs = await baileys.decodeSyncdPatch(theirPatches()[0]!, collection, current, getKey as never, tell, true)
    expect(plain(ours)).toEqual(plain(theirs))
    expect(told.slice(0, told.length / 2)).toEqual(told.slice(told.length / 2))
    told.length = 0
    const mutations = ourPatches()[0]!.mutations ?? []
    expect(plain(await names.decodeSyncdMutations(mutations, current, getKey, tell, true))).toEqual(plain(ours))
    const records = await names.decodeSyncdMutations(ourSnapshot().records ?? [], newLTHashState(), getKey, tell, true)
    expect(plain(records)).toEqual(plain({ hash: state.hash, indexValueMap: state.indexValueMap }))
    expect(told).toHaveLength(mutations.length + 20)
  })

  it('for an own change, which each reads from the other', async () => {
    const [id = ''] = Object.keys(vectors.keys)
    const create = chatModificationToAppPatch({ pin: true }, '1@s.whatsapp.net')
    const state = newLTHashState()
    const ours = await names.encodeSyncdPatch(create, id, state, getKey)
    const theirs = await baileys.encodeSyncdPatch(create as never, id, state, getKey as never)
    expect(theirs.state.version).toBe(ours.state.version)
    expect(Object.keys(theirs.state.indexValueMap)).toEqual(Object.keys(ours.state.indexValueMap))
    const version = { version: { version: 1 } }
    const readByThem = await baileys.decodePatches(
      'regular_low',
      [baileys.proto.SyncdPatch.fromObject({ ...ours.patch, ...version })],
      state,
      getKey as never,
      {},
    )
    expect(readByThem.state.hash).toEqual(ours.state.hash)
    const readByUs = await names.decodePatches(
      'regular_low',
      [{ ...(theirs.patch as proto.ISyncdPatch), ...version }],
      state,
      getKey,
      {},
    )
    expect(readByUs.state.hash).toEqual(theirs.state.hash)
    expect(Object.keys(readByUs.mutationMap)).toEqual(['["pin_v1","1@s.whatsapp.net"]'])
  })

  it('for modifications that need no correction', () => {
    const jid = '1@s.whatsapp.net'
    for (const modification of [{ mute: -1 }, { pin: false }, { pushNameSetting: 'Zoe' }, { contact: null }]) {
      const ours = chatModificationToAppPatch(modification, jid)
      const theirs = baileys.chatModificationToAppPatch(modification, jid)
      const wireValue = (value: object) => plain(proto.SyncActionValue.fromObject({ ...value, timestamp: 0 }))
      expect({ ...ours, syncAction: wireValue(ours.syncAction) }).toEqual({
        ...theirs,
        syncAction: wireValue(theirs.syncAction),
      })
    }
    expect(() => chatModificationToAppPatch({ foo: 1 } as never, jid)).toThrow('not supported')
  })

  it('for hashes and states', () => {
    const [base, one, other] = [Buffer.alloc(128, 1), Buffer.alloc(32, 2), Buffer.alloc(32, 3)]
    expect(Buffer.from(names.LT_HASH_ANTI_TAMPERING.subtractThenAdd(base, [one], [other, other]))).toEqual(
      Buffer.from(baileys.LT_HASH_ANTI_TAMPERING.subtractThenAdd(base, [one], [other, other])),
    )
    const run = (make: typeof baileys.makeLtHashGenerator) => {
      const generator = make({ hash: base, indexValueMap: {} })
      generator.mix({ indexMac: one, valueMac: other, operation: 0 })
      generator.mix({ indexMac: other, valueMac: one, operation: 0 })
      generator.mix({ indexMac: one, valueMac: one, operation: 1 })
      generator.mix({ indexMac: Buffer.alloc(32, 9), valueMac: one, operation: 1 })
      return plain(generator.finish())
    }
    expect(run(names.makeLtHashGenerator as never)).toEqual(run(baileys.makeLtHashGenerator))
    for (const version of [3, Number.NaN, '3', undefined]) {
      const state = { ...newLTHashState(), version } as baileys.LTHashState
      expect(names.ensureLTHashStateVersion(state)).toBe(state)
      expect(state).toEqual(baileys.ensureLTHashStateVersion({ ...newLTHashState(), version } as baileys.LTHashState))
    }
    expect(plain(newLTHashState())).toEqual(plain(baileys.newLTHashState()))
    expect(ALL_WA_PATCH_NAMES).toEqual(baileys.ALL_WA_PATCH_NAMES)
    expect(names.MAX_SYNC_ATTEMPTS).toBe(baileys.MAX_SYNC_ATTEMPTS)
  })

  it('for errors', async () => {
    const missing = await names.decodeSyncdSnapshot(collection, ourSnapshot(), noKey, undefined).catch(error => error)
    for (const error of [missing, new TypeError('x'), new Error('x'), undefined, { data: null }]) {
      expect(names.isMissingKeyError(error)).toBe(baileys.isMissingKeyError(error))
      for (const attempts of [0, 1, 2]) {
        expect(names.isAppStateSyncIrrecoverable(error, attempts)).toBe(
          baileys.isAppStateSyncIrrecoverable(error, attempts),
        )
      }
    }
    expect(names.isMissingKeyError(missing)).toBe(true)
  })
})

describe('where Baileys goes on, the names refuse (docs/protocol/04, 1.14)', () => {
  const failure = (id: string) => vectors.failures.find(each => each.id === id)!.patchBytes!.map(hex)

  it.each([
    ['bad-patch-mac', 'app-state-mac-mismatch'],
    ['bad-value-mac', 'app-state-mac-mismatch'],
    ['bad-index-mac', 'app-state-mac-mismatch'],
    ['version-gap', 'app-state-version-gap'],
  ])('%s', async (id, code) => {
    const { state } = await names.decodeSyncdSnapshot(collection, ourSnapshot(), getKey, undefined)
    const patches = failure(id).map(bytes => proto.SyncdPatch.decode(bytes))
    await expect(
      names.decodePatches(collection, patches, state, getKey, {}, undefined, undefined, false),
    ).rejects.toThrow(expect.objectContaining({ code }))
  })

  it('keys that are missing, everywhere', async () => {
    const missing = expect.objectContaining({
      code: 'app-state-key-missing',
      data: expect.objectContaining({ isMissingKey: true }),
    })
    const state = newLTHashState()
    const none = () => {}
    const create = chatModificationToAppPatch({ pin: true }, '1@s.whatsapp.net')
    await expect(names.encodeSyncdPatch(create, '', state, getKey)).rejects.toThrow(missing)
    await expect(names.encodeSyncdPatch(create, 'AAEAAAAB', state, noKey)).rejects.toThrow(missing)
    const patch = ourPatches()[0]!
    await expect(names.decodePatches(collection, [patch], { ...state, version: 57 }, noKey, {})).rejects.toThrow(
      missing,
    )
    await expect(names.decodeSyncdPatch(patch, collection, state, noKey, none, true)).rejects.toThrow(missing)
    await expect(names.decodeSyncdMutations(patch.mutations ?? [], state, noKey, none, true)).rejects.toThrow(missing)
  })
})

describe('an answer of the server', () => {
  const patchNode = (bytes: Uint8Array) => ({ tag: 'patch', attrs: {}, content: bytes })
  const answer = (content: { tag: string; attrs: Record<string, string>; content?: unknown }[]) =>
    ({
      tag: 'iq',
      attrs: {},
      content: [{ tag: 'sync', attrs: {}, content }],
    }) as never

  it('is read as Baileys reads it', async () => {
    const key = { keyId: hex('000100000001'), expanded: expandAppStateKey(Buffer.alloc(32, 7)) }
    const mutation = { operation: 'set' as const, index: ['lock', '1@lid'], value: undefined, version: 7 }
    const random = (length: number) => Buffer.alloc(length)
    const state = { ...newLTHashState(), version: 4 }
    const { patch } = buildPatch({ collection, state, mutations: [mutation], key, random })
    const node = () =>
      answer([
        {
          tag: 'collection',
          attrs: { name: collection, version: '4', has_more_patches: 'true' },
          content: [patchNode(patch)],
        },
        { tag: 'collection', attrs: { name: 'regular', version: '9' } },
      ])
    const ours = await names.extractSyncdPatches(node(), {})
    const theirs = await baileys.extractSyncdPatches(node(), {})
    expect(Object.keys(ours)).toEqual(Object.keys(theirs))
    expect(ours.regular_low.hasMorePatches).toBe(true)
    expect(ours.regular).toEqual(theirs.regular)
    expect(Number(ours.regular_low.patches[0]?.version?.version)).toBe(5)
    expect(applyPatch(collection, state, ours.regular_low.patches[0]!, () => key.expanded).kind).toBe('applied')
  })

  it('is refused when it cannot be read', async () => {
    const broken = answer([{ tag: 'collection', attrs: { name: collection }, content: [patchNode(Buffer.of(0x0f))] }])
    await expect(names.extractSyncdPatches(broken, {})).rejects.toThrow(
      expect.objectContaining({ code: 'invalid-app-state' }),
    )
    await expect(names.downloadExternalBlob({}, {})).rejects.toThrow(
      expect.objectContaining({ code: 'invalid-app-state' }),
    )
    await expect(names.downloadExternalPatch({}, {})).rejects.toThrow(
      expect.objectContaining({ code: 'invalid-app-state' }),
    )
  })
})

describe('processSyncAction', () => {
  const me = { id: '1:2@s.whatsapp.net', name: 'Me' }
  const emitted = (index: string[], value: object, options?: names.InitialAppStateSyncOptions) => {
    const ev = makeEventBuffer(silentLogger)
    const events: unknown[] = []
    for (const event of ['chats.update', 'creds.update', 'app-state.action'] satisfies BaileysEvent[]) {
      ev.on(event, payload => events.push([event, payload]))
    }
    const syncAction = { value: proto.SyncActionValue.fromObject(value), version: 1 }
    names.processSyncAction({ index, syncAction }, ev, me, options, silentLogger)
    return events
  }

  it('emits what follows from a change', () => {
    expect(emitted(['mute', '1@lid'], { muteAction: { muted: true, muteEndTimestamp: -1 } })).toEqual([
      ['chats.update', [{ id: '1@lid', muteEndTime: -1 }]],
    ])
    expect(emitted(['quick_reply', '5'], {})).toMatchObject([
      ['app-state.action', [{ collection: 'regular', operation: 'set', action: { name: 'quick_reply' } }]],
    ])
  })

  it('notes a changed setting for what comes after it', () => {
    const options = { accountSettings: { unarchiveChats: false } }
    emitted(['setting_unarchiveChats'], { unarchiveChatsSetting: { unarchiveChats: true } }, options)
    expect(options.accountSettings.unarchiveChats).toBe(true)
  })
})
