import { proto } from 'kurir/proto'
import type { CollectionName } from './collection-names.js'
import { changedHash, LATTICE_HASH_LENGTH } from './lattice-hash.js'
import type { OpenedMutation } from './sealed-mutation.js'

interface LiveRecord {
  readonly record: proto.ISyncdRecord
  readonly valueMac: Uint8Array
}

/** What a list of mutations makes of a collection. */
export interface NextState {
  readonly hash: Buffer
  /** Index MAC in hex → its record; undefined: gone. */
  readonly changed: ReadonlyMap<string, LiveRecord | undefined>
}

/** One collection as the service keeps it: a log of patches, and the records that live (docs/protocol/04 §1.20). */
export class Collection {
  readonly name: CollectionName
  readonly #records = new Map<string, LiveRecord>()
  /** The patch to version n stands at n − 1. */
  readonly #patches: Buffer[] = []
  #hash: Buffer = Buffer.alloc(LATTICE_HASH_LENGTH)
  #last: proto.ISyncdPatch | undefined

  constructor(name: CollectionName) {
    this.name = name
  }

  /** 0 until something was written. */
  get version(): number {
    return this.#patches.length
  }

  /** 128 bytes. */
  get hash(): Buffer {
    return Buffer.from(this.#hash)
  }

  /** Records that live. */
  get size(): number {
    return this.#records.size
  }

  /** The value MACs of the live records, by index MAC in hex: what the hash is made of. */
  get valueMacs(): ReadonlyMap<string, Uint8Array> {
    return new Map([...this.#records].map(([index, { valueMac }]) => [index, valueMac]))
  }

  /** What these mutations make of it, one after another (docs/protocol/04 §1.10); nothing changes yet. */
  next(mutations: readonly OpenedMutation[]): NextState {
    const changed = new Map<string, LiveRecord | undefined>()
    const [removed, added]: [Uint8Array[], Uint8Array[]] = [[], []]
    for (const { operation, indexMac, valueMac, record } of mutations) {
      const index = indexMac.toString('hex')
      const present = changed.has(index) ? changed.get(index) : this.#records.get(index)
      if (present !== undefined) removed.push(present.valueMac)
      if (operation === 'set') added.push(valueMac)
      changed.set(index, operation === 'set' ? { record, valueMac } : undefined)
    }
    return { hash: changedHash(this.#hash, removed, added), changed }
  }

  /** Adds a patch that was checked: the version grows by one. */
  append(patch: proto.ISyncdPatch, { hash, changed }: NextState): void {
    const stored = { ...patch, version: { version: this.version + 1 } }
    this.#patches.push(Buffer.from(proto.SyncdPatch.encode(stored).finish()))
    this.#last = stored
    this.#hash = hash
    for (const [index, live] of changed) {
      if (live === undefined) this.#records.delete(index)
      else this.#records.set(index, live)
    }
  }

  /** The patches after a version, oldest first. */
  patchesAfter(version: number, limit: number): readonly Buffer[] {
    return this.#patches.slice(version, version + limit)
  }

  /** All live records at the present version. The last patch says how they are signed: the service has no keys. */
  snapshot(): proto.ISyncdSnapshot {
    const { snapshotMac, keyId } = this.#last ?? {}
    return {
      version: { version: this.version },
      records: [...this.#records.values()].map(({ record }) => record),
      mac: snapshotMac ?? null,
      keyId: keyId ?? null,
    }
  }
}
