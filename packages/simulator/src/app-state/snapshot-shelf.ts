import type { BinaryNode } from 'kurir/binary'
import { proto } from 'kurir/proto'
import type { MediaHost } from '../media/media-host.js'
import type { SeededRandom } from '../random.js'
import { element } from '../router/stanzas.js'
import type { Collection } from './collection.js'
import { writeStateBlob } from './external-blob.js'

/** A snapshot to hand out: its version is fixed, its file may still be on its way to the media host. */
export interface ShelvedSnapshot {
  readonly version: number
  readonly element: () => Promise<BinaryNode>
}

interface Shelved {
  readonly version: number
  readonly reference: Promise<proto.IExternalBlobReference>
  /** Where it is, once it is there. */
  directPath?: string | null | undefined
}

/** The newest snapshot of each collection, on the media host; it is handed out again while it is not too old. */
export class SnapshotShelf {
  readonly #host: MediaHost
  readonly #random: SeededRandom
  readonly #shelved = new WeakMap<Collection, Shelved>()

  constructor(host: MediaHost, random: SeededRandom) {
    this.#host = host
    this.#random = random
  }

  /** @param spoil makes a damaged one, for this answer alone */
  take(
    collection: Collection,
    lag: number,
    spoil: ((snapshot: proto.ISyncdSnapshot) => Buffer) | undefined,
  ): ShelvedSnapshot {
    if (spoil !== undefined) return this.#view(this.#write(collection, spoil(collection.snapshot())))
    const present = this.#shelved.get(collection)
    if (present !== undefined && collection.version - present.version <= lag && !this.#isGone(present)) {
      return this.#view(present)
    }
    const fresh = this.#write(collection, proto.SyncdSnapshot.encode(collection.snapshot()).finish())
    this.#shelved.set(collection, fresh)
    return this.#view(fresh)
  }

  #write(collection: Collection, content: Uint8Array): Shelved {
    return { version: collection.version, reference: writeStateBlob(this.#host, this.#random, content) }
  }

  #isGone({ directPath }: Shelved): boolean {
    return directPath != null && this.#host.store.find(directPath)?.gone !== undefined
  }

  #view(shelved: Shelved): ShelvedSnapshot {
    return {
      version: shelved.version,
      element: async () => {
        const place = await shelved.reference
        shelved.directPath = place.directPath
        return element('snapshot', {}, proto.ExternalBlobReference.encode(place).finish())
      },
    }
  }
}
