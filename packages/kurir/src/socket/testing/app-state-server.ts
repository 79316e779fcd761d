import { applyPatch } from '../../app-state/apply.js'
import { buildPatch } from '../../app-state/build-patch.js'
import { snapshotMac } from '../../app-state/collection-macs.js'
import { ALL_WA_PATCH_NAMES, isCollectionName, type WAPatchName } from '../../app-state/collection-names.js'
import { type LTHashState, newLTHashState } from '../../app-state/collection-state.js'
import type { BlobDownload } from '../../app-state/external-blobs.js'
import type { AppStateKey, OutgoingMutation } from '../../app-state/mutation.js'
import { expandAppStateKey } from '../../app-state/sync-keys.js'
import { getBinaryNodeChild, getBinaryNodeChildBuffer, getBinaryNodeChildren } from '../../binary/accessors.js'
import type { BinaryNode } from '../../binary/node.js'
import { randomBytes } from '../../crypto/random.js'
import { KurirError } from '../../errors/kurir-error.js'
import { proto } from '../../proto/index.js'
import { result } from './collaborator-core.js'

/** A key of the app state, as the phone makes them. */
export interface PhoneKey extends AppStateKey {
  readonly id: string
  readonly data: proto.Message.IAppStateSyncKeyData
}

export function phoneKey(epoch: number, device = 0): PhoneKey {
  const keyId = Buffer.alloc(6)
  keyId.writeUInt16BE(device)
  keyId.writeUInt32BE(epoch, 2)
  const keyData = Buffer.alloc(32, epoch)
  return {
    keyId,
    id: keyId.toString('base64'),
    expanded: expandAppStateKey(keyData),
    data: { keyData, timestamp: 1_700_000_000_000 },
  }
}

interface Collection {
  state: LTHashState
  readonly patches: proto.ISyncdPatch[]
  /** Live records by index MAC. */
  readonly records: Map<string, proto.ISyncdRecord>
}

type Answer = BinaryNode | Error

/** The app state of one account as the server keeps it, and a phone that changes it. */
export class AppStateServer {
  readonly keys: PhoneKey[]
  /** Requests, by what they asked for: `regular_low 2`, `regular snapshot`, `regular upload 3`. */
  readonly asked: string[] = []
  /** How many patches one answer has. */
  slice = 100
  /** Answers that come instead of the right ones, next first. */
  readonly faults: ((request: BinaryNode) => Answer | undefined)[] = []
  /** Done to the content of the next files. */
  readonly damages: ((bytes: Uint8Array) => Uint8Array | Error)[] = []
  readonly #collections = new Map<WAPatchName, Collection>()
  readonly #blobs = new Map<string, Uint8Array>()

  constructor(keys = [phoneKey(1)]) {
    this.keys = keys
    for (const name of ALL_WA_PATCH_NAMES) {
      this.#collections.set(name, { state: newLTHashState(), patches: [], records: new Map() })
    }
  }

  get newest(): PhoneKey {
    return sure(this.keys.at(-1))
  }

  state(name: WAPatchName): LTHashState {
    return this.#of(name).state
  }

  /** A change of the phone; by default with its newest key. */
  change(name: WAPatchName, mutations: readonly OutgoingMutation[], key = this.newest): proto.ISyncdPatch {
    const { state } = this.#of(name)
    const { patch } = buildPatch({ collection: name, state, mutations, key, random: randomBytes })
    return this.#take(name, proto.SyncdPatch.decode(patch))
  }

  /** Pins a chat. */
  pin(jid: string, key = this.newest): proto.ISyncdPatch {
    return this.change('regular_low', [pinned(jid)], key)
  }

  /** The mutations of a patch, moved into a file. */
  asFile(patch: proto.ISyncdPatch): void {
    patch.externalMutations = this.#upload(proto.SyncdMutations.encode({ mutations: patch.mutations ?? [] }).finish())
    patch.mutations = []
  }

  readonly answer = (request: BinaryNode): BinaryNode => {
    const wanted = getBinaryNodeChildren(getBinaryNodeChild(request, 'sync'), 'collection')
    this.asked.push(wanted.map(describe).join(', '))
    const fault = this.faults.shift()?.(request)
    if (fault instanceof Error) throw fault
    return fault ?? this.respond(request)
  }

  /** The right answer. */
  respond(request: BinaryNode): BinaryNode {
    const wanted = getBinaryNodeChildren(getBinaryNodeChild(request, 'sync'), 'collection')
    return syncAnswer(...wanted.map(node => this.#collection(node)))
  }

  readonly download: BlobDownload = async ({ directPath }) => {
    const bytes = sure(this.#blobs.get(directPath ?? ''))
    const damaged = this.damages.shift()?.(bytes) ?? bytes
    if (damaged instanceof Error) throw damaged
    return damaged
  }

  #collection(node: BinaryNode): BinaryNode {
    const { name, version, return_snapshot } = node.attrs
    if (!isCollectionName(name)) throw new Error(`no collection ${name}`)
    const patch = getBinaryNodeChildBuffer(node, 'patch')
    if (patch) return this.#receive(name, Number(version), proto.SyncdPatch.decode(patch))
    const { state, patches } = this.#of(name)
    if (return_snapshot === 'true' && state.version > 0)
      return collectionNode(name, state.version, [this.#snapshot(name)])
    const missing = patches.slice(Number(version))
    const hasMore = missing.length > this.slice
    const content = missing.slice(0, this.slice).map(each => patchNode(each))
    return collectionNode(name, state.version, [{ tag: 'patches', attrs: {}, content }], {
      has_more_patches: String(hasMore),
    })
  }

  #receive(name: WAPatchName, version: number, patch: proto.ISyncdPatch): BinaryNode {
    if (version !== this.state(name).version) return refusedNode(name, 409)
    this.#take(name, patch)
    return collectionNode(name, this.state(name).version)
  }

  #take(name: WAPatchName, received: proto.ISyncdPatch): proto.ISyncdPatch {
    const collection = this.#of(name)
    const patch = { ...received, version: { version: collection.state.version + 1 } }
    const keyOf = (id: string) => this.keys.find(key => key.id === id)?.expanded
    const applied = applyPatch(name, collection.state, patch, keyOf)
    if (applied.kind !== 'applied' || applied.diverged) throw new Error(`the phone cannot take a patch of ${name}`)
    for (const { operation, record } of patch.mutations ?? []) {
      const index = Buffer.from(sure(record?.index?.blob)).toString('base64')
      if (operation === proto.SyncdMutation.SyncdOperation.REMOVE) collection.records.delete(index)
      else collection.records.set(index, sure(record))
    }
    collection.state = applied.state
    collection.patches.push(patch)
    return patch
  }

  #snapshot(name: WAPatchName): BinaryNode {
    const { state, records } = this.#of(name)
    const key = this.newest
    const snapshot = {
      version: { version: state.version },
      records: [...records.values()],
      mac: snapshotMac(key.expanded, name, state),
      keyId: { id: key.keyId },
    }
    const reference = this.#upload(proto.SyncdSnapshot.encode(snapshot).finish())
    return { tag: 'snapshot', attrs: {}, content: proto.ExternalBlobReference.encode(reference).finish() }
  }

  #upload(bytes: Uint8Array): proto.IExternalBlobReference {
    const directPath = `/blob/${this.#blobs.size}`
    this.#blobs.set(directPath, bytes)
    return { directPath, mediaKey: Buffer.alloc(32, 9) }
  }

  #of(name: WAPatchName): Collection {
    return sure(this.#collections.get(name))
  }
}

export const pinned = (jid: string, isPinned = true): OutgoingMutation => ({
  operation: 'set',
  index: ['pin_v1', jid],
  value: { timestamp: 1_700_000_000_000, pinAction: { pinned: isPinned } },
  version: 5,
})

export const patchNode = (patch: proto.ISyncdPatch): BinaryNode => ({
  tag: 'patch',
  attrs: {},
  content: proto.SyncdPatch.encode(patch).finish(),
})

export const collectionNode = (
  name: WAPatchName,
  version: number,
  content: BinaryNode[] = [],
  more: BinaryNode['attrs'] = {},
): BinaryNode => ({ tag: 'collection', attrs: { name, version: String(version), ...more }, content })

/** One collection refused, in an answer that is a result. */
export const refusedNode = (name: WAPatchName, code: number, text?: string): BinaryNode => ({
  tag: 'collection',
  attrs: { name, type: 'error' },
  content: [{ tag: 'error', attrs: { code: String(code), ...(text ? { text } : {}) } }],
})

export const syncAnswer = (...collections: BinaryNode[]): BinaryNode =>
  result({ tag: 'sync', attrs: {}, content: collections })

export const noAnswer = (): KurirError => new KurirError('timed-out', 'Timed Out', { statusCode: 408, retryable: true })

function sure<Value>(value: Value | null | undefined): Value {
  if (value === null || value === undefined) throw new Error('the test asks for what is not there')
  return value
}

function describe(node: BinaryNode): string {
  const { name, version, return_snapshot } = node.attrs
  if (getBinaryNodeChildBuffer(node, 'patch')) return `${name} upload ${version}`
  return return_snapshot === 'true' ? `${name} snapshot` : `${name} ${version}`
}
