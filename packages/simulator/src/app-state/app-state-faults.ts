import { proto } from 'kurir/proto'
import { type ActiveRule, ActiveRules, type FaultFrequency } from '../faults/active-rules.js'
import type { SeededRandom } from '../random.js'
import type { CollectionName } from './collection-names.js'

/** What is changed in a patch or snapshot; all other MACs are as they should be. */
export type SpoiledPart =
  | 'patch-mac'
  | 'snapshot-mac'
  /** A byte of the first record's ciphertext. */
  | 'value'
  /** The index MAC of the first record. */
  | 'index'
  /** What is left is no protobuf. */
  | 'bytes'

/** What goes wrong with one collection of a request; all of it can be written as JSON. */
export type AppStateFaultAction =
  /** Refused with this code; 409 on an upload is a conflict, with the patches that are missing. Nothing is written. */
  | { readonly kind: 'error'; readonly code: number }
  /** Carried out, but the request stays without an answer. */
  | { readonly kind: 'silence' }
  /** The first patch that is handed out, or the snapshot, is damaged. */
  | { readonly kind: 'corrupt'; readonly part: SpoiledPart }
  /** The first patch that is handed out is missing. */
  | { readonly kind: 'gap' }
  /** The first patch that is handed out claims a version that is so much higher. */
  | { readonly kind: 'version'; readonly by: number }
  /** The first patch that is handed out ends the collection with this exit code. */
  | { readonly kind: 'exit'; readonly code: number }

/** Which collections of which requests a rule is for; what is left out matches everything. Phones are never struck. */
export interface AppStateFaultMatch {
  readonly collection?: CollectionName
  /** Phone number or device JID. */
  readonly device?: string
  /** What the collection would be answered with; fetches only. */
  readonly answer?: 'patches' | 'snapshot'
}

export interface AppStateFaultRule extends FaultFrequency {
  readonly operation: 'fetch' | 'upload'
  readonly match?: AppStateFaultMatch
  readonly action: AppStateFaultAction
}

/** A rule for collections at work. */
export type ActiveAppStateFault = ActiveRule<AppStateFaultRule>

/** One collection of one request, in what rules look at. */
export interface CollectionRequest {
  readonly operation: 'fetch' | 'upload'
  readonly collection: CollectionName
  /** Both JIDs and the phone number of the device. */
  readonly names: readonly string[]
  readonly patches: boolean
  readonly snapshot: boolean
}

/** The rules for app state; the first that matches a collection of a request decides. */
export class AppStateFaults {
  readonly #random: SeededRandom
  readonly #rules: ActiveRules<AppStateFaultRule>

  constructor(random: SeededRandom) {
    this.#random = random
    this.#rules = new ActiveRules(random)
  }

  get rules(): readonly ActiveAppStateFault[] {
    return this.#rules.list()
  }

  /** Puts a rule to work, after those that are there. */
  add(rule: AppStateFaultRule): ActiveAppStateFault {
    return this.#rules.add(rule)
  }

  clear(): void {
    this.#rules.clear()
  }

  /** What happens to this collection of a request; undefined: nothing. */
  strike(request: CollectionRequest): AppStateFaultAction | undefined {
    return this.#rules.strike(rule => matches(rule, request))?.action
  }

  /** The patches as they are handed out under a fault. */
  spoilPatches(action: AppStateFaultAction, patches: readonly Buffer[]): readonly Buffer[] {
    const [first, ...others] = patches
    if (first === undefined) return patches
    switch (action.kind) {
      case 'gap':
        return others
      case 'corrupt':
        return [this.#spoilPatch(first, action.part), ...others]
      case 'version': {
        const patch = proto.SyncdPatch.decode(first)
        const version = Number(patch.version?.version ?? 0) + action.by
        return [encode({ ...patch, version: { version } }), ...others]
      }
      case 'exit':
        return [encode({ ...proto.SyncdPatch.decode(first), exitCode: { code: action.code } }), ...others]
      default:
        return patches
    }
  }

  /** The snapshot as it is handed out under a fault. */
  spoilSnapshot(action: AppStateFaultAction, snapshot: proto.ISyncdSnapshot): Buffer {
    const bytes = () => Buffer.from(proto.SyncdSnapshot.encode(spoiled).finish())
    let spoiled = snapshot
    if (action.kind !== 'corrupt') return bytes()
    if (action.part === 'bytes') return truncated(bytes())
    if (action.part === 'snapshot-mac') spoiled = { ...snapshot, mac: this.#damaged(snapshot.mac) }
    const [first, ...others] = snapshot.records ?? []
    if (action.part === 'value' || action.part === 'index') {
      spoiled = { ...snapshot, records: [this.#spoilRecord(first ?? {}, action.part), ...others] }
    }
    return bytes()
  }

  #spoilPatch(bytes: Buffer, part: SpoiledPart): Buffer {
    if (part === 'bytes') return truncated(bytes)
    const patch = proto.SyncdPatch.decode(bytes)
    if (part === 'patch-mac') return encode({ ...patch, patchMac: this.#damaged(patch.patchMac) })
    if (part === 'snapshot-mac') return encode({ ...patch, snapshotMac: this.#damaged(patch.snapshotMac) })
    const [first, ...others] = patch.mutations
    const mutation = { ...first, record: this.#spoilRecord(first?.record ?? {}, part) }
    return encode({ ...patch, mutations: [mutation, ...others] })
  }

  #spoilRecord(record: proto.ISyncdRecord, part: 'value' | 'index'): proto.ISyncdRecord {
    // The MAC at the end stays, so that only the check of this record can notice.
    if (part === 'value') return { ...record, value: { blob: this.#damaged(record.value?.blob, MAC_LENGTH) } }
    return { ...record, index: { blob: this.#damaged(record.index?.blob) } }
  }

  /** One byte is another one, but none of the last `spared`. */
  #damaged(bytes: Uint8Array | null | undefined, spared = 0): Buffer {
    const result = Buffer.from(bytes ?? [])
    const position = this.#random.below(Math.max(1, result.length - spared))
    if (result.length > 0) result.writeUInt8(result.readUInt8(position) ^ (1 + this.#random.below(255)), position)
    return result
  }
}

const MAC_LENGTH = 32

const encode = (patch: proto.ISyncdPatch): Buffer => Buffer.from(proto.SyncdPatch.encode(patch).finish())

/** The last field is longer than what is left of it. */
const truncated = (bytes: Buffer): Buffer => bytes.subarray(0, -1)

const matches = ({ operation, match = {}, action }: AppStateFaultRule, request: CollectionRequest): boolean =>
  operation === request.operation &&
  (match.collection === undefined || match.collection === request.collection) &&
  (match.device === undefined || request.names.includes(match.device)) &&
  (match.answer !== 'patches' || request.patches) &&
  (match.answer !== 'snapshot' || request.snapshot) &&
  applies(action, request)

/** Some faults need something that they can damage: a snapshot has no patch MAC, an upload gets nothing at all. */
const applies = (action: AppStateFaultAction, { operation, patches, snapshot }: CollectionRequest): boolean => {
  switch (action.kind) {
    case 'error':
    case 'silence':
      return true
    case 'corrupt':
      return operation === 'fetch' && (patches || (snapshot && action.part !== 'patch-mac'))
    default:
      return operation === 'fetch' && patches
  }
}
