import { proto } from 'kurir/proto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Phone } from '../phone/phone.js'
import { Simulator } from '../simulator.js'
import { AppStateWriter } from '../testing/app-state-writer.js'
import { Companion } from '../testing/companion.js'
import type { AppStateFaultAction, SpoiledPart } from './app-state-faults.js'
import { readStateBlob } from './external-blob.js'
import { openMutation } from './sealed-mutation.js'

let wa: Simulator
let alice: Phone
let companion: Companion
let writer: AppStateWriter

const CHAT = '6281110002@s.whatsapp.net'
const lock = (on: boolean) => ({ index: ['lock', CHAT], value: { lockChatAction: { locked: on } }, version: 7 })
const strike = (operation: 'fetch' | 'upload', action: AppStateFaultAction, times = 1) =>
  wa.appState.faults.add({ operation, times, action })

beforeEach(async () => {
  wa = await Simulator.start({ seed: 'app-state faults' })
  alice = await wa.phone('6281110001', { sendHistory: false, shareAppStateKey: false })
  companion = await Companion.linked({ url: wa.url, root: wa.noiseRoot }, alice)
  writer = new AppStateWriter(companion, alice, 'regular_low')
})

afterEach(async () => {
  await companion.close()
  await wa.stop()
})

describe('faults of uploads', () => {
  it.each([409, 400, 503])('error %i: nothing is written', async code => {
    const fault = strike('upload', { kind: 'error', code })
    expect(await writer.upload([lock(true)])).toMatchObject({ error: String(code) })
    expect(alice.appState.version('regular_low')).toBe(0)
    expect(await writer.upload([lock(true)])).toMatchObject({ error: undefined })
    expect(fault.hits).toBe(1)
  })

  it('silence: it is written, and nobody says so', async () => {
    strike('upload', { kind: 'silence' })
    void writer.upload([lock(true)])
    await alice.appState.waitForChange(({ index }) => index[0] === 'lock')
    expect(await companion.query({ xmlns: 'w:p', type: 'get' })).toMatchObject({ attrs: { type: 'result' } })
    expect((await writer.fetch()).patches).toHaveLength(1)
  })

  it('spare phones and other collections', async () => {
    const fault = wa.appState.faults.add({
      operation: 'upload',
      match: { collection: 'regular', device: alice.number },
      action: { kind: 'error', code: 500 },
    })
    await alice.appState.change({ action: 'link-previews', disabled: true })
    expect(await writer.upload([lock(true)])).toMatchObject({ error: undefined })
    expect(fault.hits).toBe(0)
    wa.faults.clear()
    expect(wa.appState.faults.rules).toEqual([])
  })
})

describe('faults of fetches', () => {
  beforeEach(async () => {
    for (const on of [true, false]) await alice.appState.change({ action: 'lock', chat: CHAT, on })
  })

  const versions = (patches: readonly proto.SyncdPatch[]) => patches.map(({ version }) => Number(version?.version))

  it('a gap, a jump, an exit code, an error', async () => {
    strike('fetch', { kind: 'gap' })
    expect(versions((await writer.fetch()).patches)).toEqual([2])
    strike('fetch', { kind: 'version', by: 3 })
    expect(versions((await writer.fetch()).patches)).toEqual([4, 2])
    strike('fetch', { kind: 'exit', code: 7 })
    expect(Number((await writer.fetch()).patches[0]?.exitCode?.code)).toBe(7)
    strike('fetch', { kind: 'error', code: 429 })
    expect(await writer.fetch()).toMatchObject({ error: '429', patches: [] })
    expect(versions((await writer.fetch()).patches)).toEqual([1, 2])
  })

  const sound = async () => (await writer.fetch()).patches[0] ?? new proto.SyncdPatch()
  const record = (patch: proto.ISyncdPatch) => patch.mutations?.[0]?.record

  it.each<[SpoiledPart, (spoiled: proto.ISyncdPatch) => unknown]>([
    ['patch-mac', ({ patchMac }) => patchMac],
    ['snapshot-mac', ({ snapshotMac }) => snapshotMac],
    ['value', patch => record(patch)?.value],
    ['index', patch => record(patch)?.index],
  ])('a damaged patch differs in its %s alone', async (part, read) => {
    const right = await sound()
    strike('fetch', { kind: 'corrupt', part })
    const spoiled = await sound()
    expect(read(spoiled)).not.toEqual(read(right))
    const parts = [
      spoiled.patchMac,
      spoiled.snapshotMac,
      record(spoiled)?.value?.blob?.subarray(0, -32),
      record(spoiled)?.value?.blob?.subarray(-32),
      record(spoiled)?.index?.blob,
    ]
    const expected = [
      right.patchMac,
      right.snapshotMac,
      record(right)?.value?.blob?.subarray(0, -32),
      record(right)?.value?.blob?.subarray(-32),
      record(right)?.index?.blob,
    ]
    const differing = parts.filter(
      (bytes, at) => Buffer.compare(bytes ?? Buffer.of(), expected[at] ?? Buffer.of()) !== 0,
    )
    expect(differing).toHaveLength(1)
  })

  it('a patch that is no protobuf', async () => {
    strike('fetch', { kind: 'corrupt', part: 'bytes' })
    await expect(writer.fetch()).rejects.toMatchObject({ code: 'invalid-protobuf' })
  })

  it('a damaged snapshot is not handed out again', async () => {
    strike('fetch', { kind: 'corrupt', part: 'value' })
    const read = async () => {
      const { snapshot } = await writer.fetch(true)
      const blob = proto.ExternalBlobReference.decode(snapshot ?? Buffer.alloc(0))
      return proto.SyncdSnapshot.decode(await readStateBlob(wa.media, blob))
    }
    const [spoiled, whole] = [await read(), await read()]
    const open = ({ records }: proto.ISyncdSnapshot) =>
      openMutation({ operation: proto.SyncdMutation.SyncdOperation.SET, record: records?.[0] ?? null }, writer.key)
    expect(() => open(spoiled)).toThrow('value MAC')
    expect(open(whole).index).toEqual(['lock', CHAT])
  })

  it('a snapshot that is gone from the media host', async () => {
    wa.media.faults.add({
      operation: 'download',
      match: { type: 'md-app-state' },
      action: { kind: 'status', code: 404 },
    })
    const { snapshot } = await writer.fetch(true)
    const { directPath } = proto.ExternalBlobReference.decode(snapshot ?? Buffer.alloc(0))
    expect((await fetch(`${wa.media.plainOrigin}${directPath}`)).status).toBe(404)
  })
})
