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
 * Walks the changes in order (docs/protocol/04, 1.10): what is replaced or removed leaves the sum, what is set enters
 * it. Removing what is not there changes nothing; it happens in practice. The state that is given stays as it is.
 */
export function nextState(
  state: Pick<LTHashState, 'hash' | 'indexValueMap'>,
  changes: Iterable<StateChange>,
): NextState {
  const indexValueMap = { ...state.indexValueMap }
  const subtract: Uint8Array[] = []
  const add: Uint8Array[] = []
  let unknownRemovals = 0
  for (const { operation, indexMac, valueMac } of changes) {
    const name = base64(indexMac)
    const known = indexValueMap[name]
    if (known !== undefined) subtract.push(known.valueMac)
    if (operation === 'set') {
      add.push(valueMac)
      // A copy: the MAC is a piece of the record, which would stay in memory with it.
      indexValueMap[name] = { valueMac: Buffer.from(valueMac) }
    } else if (known !== undefined) delete indexValueMap[name]
    else unknownRemovals += 1
  }
  return { hash: updateLtHash(state.hash, subtract, add), indexValueMap, unknownRemovals }
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
