import { proto } from '../proto/index.js'
import type { LTHashState } from '../signal/key-store.js'
import { updateLtHash } from './lt-hash.js'
import type { MutationOperation } from './mutation.js'

/** What a mutation means for the state of its collection. */
export interface StateChange {
  readonly operation: MutationOperation
  readonly indexMac: Uint8Array
  readonly valueMac: Uint8Array
}

/** Hash and map after the changes, and how many removals found nothing to remove. */
export interface NextState extends Pick<LTHashState, 'hash' | 'indexValueMap'> {
  readonly unknownRemovals: number
}

/**
 * Walks changes in order (docs/protocol/04, 1.10): what is replaced or removed leaves the sum, what is set enters it.
 * Removing what is not there changes nothing; it happens in practice. The state that is given stays as it is.
 */
export class StateWalk {
  readonly #indexValueMap: LTHashState['indexValueMap']
  #hash: Buffer
  #unknownRemovals = 0

  constructor({ hash, indexValueMap }: Pick<LTHashState, 'hash' | 'indexValueMap'>) {
    this.#hash = hash
    this.#indexValueMap = { ...indexValueMap }
  }

  take(changes: Iterable<StateChange>): void {
    const map = this.#indexValueMap
    const subtract: Uint8Array[] = []
    const add: Uint8Array[] = []
    for (const { operation, indexMac, valueMac } of changes) {
      const name = base64(indexMac)
      const known = map[name]
      if (known !== undefined) subtract.push(known.valueMac)
      if (operation === 'set') {
        add.push(valueMac)
        // A copy: the MAC is a piece of the record, which would stay in memory with it.
        map[name] = { valueMac: Buffer.from(valueMac) }
      } else if (known !== undefined) delete map[name]
      else this.#unknownRemovals += 1
    }
    this.#hash = updateLtHash(this.#hash, subtract, add)
  }

  finish(): NextState {
    return { hash: this.#hash, indexValueMap: this.#indexValueMap, unknownRemovals: this.#unknownRemovals }
  }
}

/** Where a list of changes leads; see {@link StateWalk}. */
export function nextState(
  state: Pick<LTHashState, 'hash' | 'indexValueMap'>,
  changes: Iterable<StateChange>,
): NextState {
  const walk = new StateWalk(state)
  walk.take(changes)
  return walk.finish()
}

/** How the map names an index. */
export function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}

/** An operation as protobuf has it; what is absent or unknown is a SET, the default of the schema. */
export function operationOf(operation: proto.SyncdMutation.SyncdOperation | null | undefined): MutationOperation {
  return operation === proto.SyncdMutation.SyncdOperation.REMOVE ? 'remove' : 'set'
}

/** The inverse of {@link operationOf}. */
export function syncdOperation(operation: MutationOperation): proto.SyncdMutation.SyncdOperation {
  const { SET, REMOVE } = proto.SyncdMutation.SyncdOperation
  return operation === 'set' ? SET : REMOVE
}
