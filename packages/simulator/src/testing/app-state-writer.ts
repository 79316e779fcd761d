import { type BinaryNode, getBinaryNodeChild, getBinaryNodeChildren } from 'kurir/binary'
import { proto } from 'kurir/proto'
import { type AppStateKey, expandKey } from '../app-state/app-state-keys.js'
import { changedHash, LATTICE_HASH_LENGTH } from '../app-state/lattice-hash.js'
import { openMutation, patchMacOf, sealMutation, snapshotMacOf } from '../app-state/sealed-mutation.js'
import type { Phone } from '../phone/phone.js'
import { bytesOf, element } from '../router/stanzas.js'
import type { Companion } from './companion.js'

export interface WrittenMutation {
  readonly operation?: 'set' | 'remove'
  readonly index: readonly string[]
  readonly value?: proto.ISyncActionValue
  readonly version?: number
  /** In place of the compact JSON of the index. */
  readonly indexText?: string
}

/** What a test spoils in a patch before it is signed and sent. */
export interface PatchFlaws {
  readonly key?: AppStateKey
  readonly patch?: (patch: proto.ISyncdPatch) => proto.ISyncdPatch
  /** The LT-hash in place of the right one. */
  readonly hash?: Uint8Array
}

/** A collection in an answer of the service. */
export interface AnsweredCollection {
  readonly node: BinaryNode
  readonly version: number
  readonly error: string | undefined
  readonly hasMore: boolean
  readonly patches: readonly proto.SyncdPatch[]
  readonly snapshot: Uint8Array | undefined
}

/** Writes patches of one collection for a companion, with the keys of its phone and a state of its own. */
export class AppStateWriter {
  readonly #companion: Companion
  readonly #phone: Phone
  readonly #collection: string
  readonly #valueMacs = new Map<string, Uint8Array>()
  version = 0
  hash: Buffer = Buffer.alloc(LATTICE_HASH_LENGTH)

  constructor(companion: Companion, phone: Phone, collection: string) {
    this.#companion = companion
    this.#phone = phone
    this.#collection = collection
  }

  /** The key that the phone writes with. */
  get key(): AppStateKey {
    const { keys } = this.#phone.appState
    return (
      keys.at(-1) ?? {
        id: Buffer.alloc(6),
        epoch: 0,
        data: Buffer.alloc(32),
        timestamp: 0,
        ...expandKey(Buffer.alloc(32)),
      }
    )
  }

  /** Asks for what is new, or for a snapshot. */
  async fetch(wantsSnapshot = false): Promise<AnsweredCollection> {
    const attrs = { name: this.#collection, version: String(this.version), return_snapshot: String(wantsSnapshot) }
    return await this.#ask(element('collection', attrs))
  }

  /** Takes the patches of an answer over. */
  apply({ patches, version }: AnsweredCollection): void {
    for (const patch of patches) this.#walk(patch.mutations)
    this.version = version
  }

  /** Uploads one patch on the state that this writer has. */
  async upload(mutations: readonly WrittenMutation[], flaws: PatchFlaws = {}): Promise<AnsweredCollection> {
    const answer = await this.#ask(this.collectionNode(mutations, flaws))
    if (answer.error === undefined) {
      const key = flaws.key ?? this.key
      this.#walk(this.#sealed(mutations, key), key)
      this.version = answer.version
    }
    return answer
  }

  /** The `<collection>` of an upload. */
  collectionNode(mutations: readonly WrittenMutation[], flaws: PatchFlaws = {}): BinaryNode {
    const key = flaws.key ?? this.key
    const records = this.#sealed(mutations, key)
    const version = this.version + 1
    const snapshotMac = snapshotMacOf(key, flaws.hash ?? this.#next(records, key).hash, version, this.#collection)
    const valueMacs = records.map(record => Buffer.from(record.record?.value?.blob ?? []).subarray(-32))
    const patchMac = patchMacOf(key, snapshotMac, valueMacs, version, this.#collection)
    const patch: proto.ISyncdPatch = { mutations: records, snapshotMac, patchMac, keyId: { id: key.id } }
    const bytes = proto.SyncdPatch.encode(flaws.patch?.(patch) ?? patch).finish()
    const attrs = { name: this.#collection, version: String(this.version), return_snapshot: 'false' }
    return element('collection', attrs, [element('patch', {}, bytes)])
  }

  #sealed(mutations: readonly WrittenMutation[], key: AppStateKey): proto.ISyncdMutation[] {
    return mutations.map(({ operation = 'set', index, value = {}, version = 1, indexText = JSON.stringify(index) }) =>
      // One IV for all: the same mutation is sealed twice, to be sent and to be taken over.
      sealMutation(
        { operation, indexText, value: { timestamp: 1_800_000_000_000, ...value }, version },
        key,
        Buffer.alloc(16, 7),
      ),
    )
  }

  #next(records: readonly proto.ISyncdMutation[], own = this.key) {
    const valueMacs = new Map(this.#valueMacs)
    const [removed, added]: [Uint8Array[], Uint8Array[]] = [[], []]
    for (const record of records) {
      const key = this.#phone.appState.keys.find(({ id }) => id.equals(record.record?.keyId?.id ?? Buffer.alloc(0)))
      const { operation, indexMac, valueMac } = openMutation(record, key ?? own)
      const index = indexMac.toString('hex')
      const present = valueMacs.get(index)
      if (present !== undefined) removed.push(present)
      if (operation === 'set') added.push(valueMac)
      if (operation === 'set') valueMacs.set(index, valueMac)
      else valueMacs.delete(index)
    }
    return { hash: changedHash(this.hash, removed, added), valueMacs }
  }

  #walk(records: readonly proto.ISyncdMutation[], own = this.key): void {
    const { hash, valueMacs } = this.#next(records, own)
    this.hash = hash
    this.#valueMacs.clear()
    for (const [index, valueMac] of valueMacs) this.#valueMacs.set(index, valueMac)
  }

  async #ask(collection: BinaryNode): Promise<AnsweredCollection> {
    const content = [element('sync', {}, [collection])]
    const answer = await this.#companion.query({ xmlns: 'w:sync:app:state', type: 'set' }, content)
    return answeredCollection(answer, this.#collection)
  }
}

/** One collection of an answer. */
export const answeredCollection = (answer: BinaryNode, name: string): AnsweredCollection => {
  const sync = getBinaryNodeChild(answer, 'sync')
  const collections = sync === undefined ? [] : getBinaryNodeChildren(sync, 'collection')
  const node = collections.find(({ attrs }) => attrs['name'] === name)
  if (node === undefined) throw new Error(`no collection ${name} in ${JSON.stringify(answer)}`)
  const patches = getBinaryNodeChild(node, 'patches')
  const nodes = patches === undefined ? [] : getBinaryNodeChildren(patches, 'patch')
  return {
    node,
    version: Number(node.attrs['version']),
    error: node.attrs['type'] === 'error' ? getBinaryNodeChild(node, 'error')?.attrs['code'] : undefined,
    hasMore: node.attrs['has_more_patches'] === 'true',
    patches: nodes.map(patch => proto.SyncdPatch.decode(bytesOf(patch) ?? Buffer.alloc(0))),
    snapshot: bytesOf(getBinaryNodeChild(node, 'snapshot')),
  }
}
