import { gzipSync } from 'node:zlib'
import { getBinaryNodeChild, getBinaryNodeChildren } from 'kurir/binary'
import { KurirError } from 'kurir/errors'
import { proto } from 'kurir/proto'
import type { AccountAppState, AppStateChange, AppStateEntry } from '../app-state/account-app-state.js'
import type { AppStateKey } from '../app-state/app-state-keys.js'
import { COLLECTION_NAMES, type CollectionName, isCollectionName } from '../app-state/collection-names.js'
import { writeStateBlob } from '../app-state/external-blob.js'
import { openMutation, patchMacOf, sealMutation, snapshotMacOf } from '../app-state/sealed-mutation.js'
import { childrenOf, element } from '../router/stanzas.js'
import { type PhoneAppStateChange, type PlannedMutation, plannedMutations } from './phone-app-state-changes.js'
import { PhoneAppStateModel, type PhoneChatState } from './phone-app-state-model.js'
import type { PhoneContext } from './phone-context.js'
import { PhoneLog, type Predicate } from './phone-messages.js'
import type { PhoneSender } from './phone-sender.js'

/** How a key is rotated. */
export interface KeyRotation {
  /** Companions get the new key. Default: true; false leaves them with records that they cannot read. */
  readonly share?: boolean
  /** The sentinel says that the keys before must not be written with any more. Default: true. */
  readonly announce?: boolean
}

const MOST_ATTEMPTS = 5
const MESSAGES_IN_RANGE = 3
const CONFLICT = '409'
const DEFAULT_TIMEOUT_MS = 10_000

/**
 * The state that the phone shares with its companions: it makes the keys, reads what companions have changed, and
 * changes it itself, through the same requests as they (docs/protocol/04 §1).
 */
export class PhoneAppState {
  /** True: requests for keys are answered as if the phone had none of them. */
  withholdKeys = false
  readonly #context: () => PhoneContext
  readonly #sender: PhoneSender
  readonly #log: PhoneLog<AppStateChange>

  constructor(context: () => PhoneContext, sender: PhoneSender) {
    this.#context = context
    this.#sender = sender
    const { service, account } = context()
    this.#log = new PhoneLog(service.core.clock, 'app-state change')
    service.appState.onChange((changed, change) => {
      if (changed !== account) return
      const { name } = change.value.pushNameSetting ?? {}
      if (change.operation === 'set' && name != null && name !== '') account.pushName = name
      this.#log.add(change)
    })
  }

  /** Every record that lives, oldest first. */
  get entries(): readonly AppStateEntry[] {
    return this.#state.entries
  }

  /** Everything that was changed, by the phone and its companions, oldest first. */
  get changes(): readonly AppStateChange[] {
    return this.#log.entries
  }

  /** What the records mean, as they are now. */
  get model(): PhoneAppStateModel {
    return new PhoneAppStateModel(this.entries, jid => this.#namesOf(jid))
  }

  /** The same for one chat, named in either namespace. */
  chat(jid: string): PhoneChatState {
    return this.model.chat(jid)
  }

  /** The keys that it has made, oldest first; it writes with the last one. */
  get keys(): readonly AppStateKey[] {
    return this.#state.keys.all
  }

  /** Version of a collection; 0 until something was written. */
  version(collection: CollectionName): number {
    return this.#state.collection(collection).version
  }

  /** LT-hash of a collection, 128 bytes. */
  hash(collection: CollectionName): Buffer {
    return this.#state.collection(collection).hash
  }

  /** The value MACs of the live records of a collection, by index MAC in hex. */
  valueMacs(collection: CollectionName): ReadonlyMap<string, Uint8Array> {
    return this.#state.collection(collection).valueMacs
  }

  /** The first change that fits, of those that came and those to come. @throws KurirError `timed-out` */
  waitForChange(predicate: Predicate<AppStateChange>, timeoutMs = DEFAULT_TIMEOUT_MS): Promise<AppStateChange> {
    return this.#log.wait(predicate, timeoutMs)
  }

  /** Calls `listener` for every later change; the returned function ends that. */
  onChange(listener: (change: AppStateChange) => void): () => void {
    return this.#log.listen(listener)
  }

  /**
   * Changes the state: one patch per collection, which the other devices are told of.
   *
   * @throws KurirError `phone-offline`, `unknown-app-state-action`; `request-refused` with the code in `data.code`
   */
  async change(...changes: readonly PhoneAppStateChange[]): Promise<void> {
    const planned = new Map<CollectionName, PlannedMutation[]>()
    for (const mutation of changes.flatMap(change => plannedMutations(change, this.#sources()))) {
      const present = planned.get(mutation.collection)
      if (present === undefined) planned.set(mutation.collection, [mutation])
      else present.push(mutation)
    }
    for (let attempt = 0; planned.size > 0; attempt += 1) {
      for (const [name, error] of await this.#upload([...planned])) {
        if (error === undefined) planned.delete(name)
        else if (error !== CONFLICT || attempt >= MOST_ATTEMPTS) throw refused(name, error)
      }
    }
  }

  /** Makes a new key; records stay readable with the old ones. */
  async rotateKey({ share = true, announce = true }: KeyRotation = {}): Promise<void> {
    const { keys } = this.#state
    const { epoch } = keys.current
    keys.rotate()
    if (share) for (const companion of this.#companions()) await this.shareKeys(companion)
    if (announce) {
      await this.change({ action: 'raw', index: ['sentinel'], value: { keyExpiration: { expiredKeyEpoch: epoch } } })
    }
  }

  /**
   * Sends a companion the keys, all of them or those that it has asked for; an id that nobody has is answered without
   * data, so that the companion stops asking.
   */
  async shareKeys(companion: string, asked?: readonly Uint8Array[]): Promise<void> {
    const { keys } = this.#state
    const found = asked?.map(id => ({ id, key: this.withholdKeys ? undefined : keys.find(id) }))
    const entries = found ?? keys.all.map(key => ({ id: key.id, key }))
    const appStateSyncKeyShare = { keys: entries.map(({ id, key }) => this.#shared(id, key)) }
    const type = proto.Message.ProtocolMessage.Type.APP_STATE_SYNC_KEY_SHARE
    await this.#sender.sendPeer(companion, { protocolMessage: { type, appStateSyncKeyShare } })
  }

  /** A collection in plain text, for a companion that cannot mend its own (docs/protocol/04 §1.15). */
  recovery(
    collectionName: string,
  ): proto.Message.PeerDataOperationRequestResponseMessage.PeerDataOperationResult.ISyncDSnapshotFatalRecoveryResponse {
    if (!isCollectionName(collectionName)) return {}
    const { keys } = this.#state
    const collection = this.#state.collection(collectionName)
    const operation = proto.SyncdMutation.SyncdOperation.SET
    const mutationRecords = (collection.snapshot().records ?? []).flatMap((record): proto.ISyncdPlainTextRecord[] => {
      const key = keys.find(record.keyId?.id)
      if (key === undefined) return []
      const { indexText, value, version, valueMac } = openMutation({ operation, record }, key)
      return [{ value: { index: Buffer.from(indexText), value, version }, keyId: key.id, mac: valueMac }]
    })
    const snapshot: proto.ISyncdSnapshotRecovery = {
      version: { version: collection.version },
      collectionName,
      mutationRecords,
      collectionLthash: collection.hash,
    }
    const collectionSnapshot = gzipSync(proto.SyncdSnapshotRecovery.encode(snapshot).finish())
    return { collectionSnapshot, isCompressed: true }
  }

  /** Empties collections that a companion reports as beyond repair; the caller logs all companions out. */
  reset(collections: readonly string[]): void {
    this.#state.reset(COLLECTION_NAMES.filter(name => collections.includes(name)))
  }

  /** A new installation: new keys, nothing in the collections. */
  renew(): void {
    const { service, account } = this.#context()
    service.appState.forget(account)
  }

  get #state(): AccountAppState {
    const { service, account } = this.#context()
    return service.appState.of(account)
  }

  #companions(): readonly string[] {
    return [...this.#context().account.devices.values()].filter(({ id }) => id !== 0).map(({ pn }) => pn)
  }

  #namesOf(jid: string): readonly string[] {
    const user = this.#context().service.core.accounts.resolve(jid)?.account
    return user === undefined ? [jid] : [jid, user.pn, user.lid]
  }

  #sources(): Parameters<typeof plannedMutations>[1] {
    const { service, memory } = this.#context()
    return {
      now: service.core.clock.now(),
      lastMessages: jid => {
        const names = this.#namesOf(jid)
        const known = memory.all().filter(({ chat }) => names.includes(chat))
        return known.slice(-MESSAGES_IN_RANGE)
      },
      isPinned: jid => this.chat(jid).pinnedAt !== undefined,
      isArchived: jid => this.chat(jid).archived,
    }
  }

  /** One request; what became of each collection: undefined, or the code of its error. */
  async #upload(planned: readonly (readonly [CollectionName, readonly PlannedMutation[]])[]) {
    const { service, random, wire } = this.#context()
    const key = this.#state.keys.current
    const sealed = await Promise.all(
      planned.map(async ([name, mutations]) => {
        const records = mutations.map(mutation =>
          sealMutation({ ...mutation, indexText: JSON.stringify(mutation.index) }, key, random.bytes(16)),
        )
        if (records.length <= service.appState.mostInlineMutations) return { name, records, inline: records }
        const blob = proto.SyncdMutations.encode({ mutations: records }).finish()
        return { name, records, external: await writeStateBlob(service.media, random, blob) }
      }),
    )
    // From here on nothing waits: the patches are made on the versions that the service has now.
    const collections = sealed.map(({ name, records, inline, external }) => {
      const { version } = this.#state.collection(name)
      const patch = { mutations: inline ?? [], externalMutations: external ?? null }
      const bytes = proto.SyncdPatch.encode({ ...patch, ...this.#signed(name, records, key) }).finish()
      const attrs = { name, version: String(version), return_snapshot: 'false' }
      return element('collection', attrs, [element('patch', {}, bytes)])
    })
    const request = [element('sync', {}, collections)]
    const answer = await wire.query({ xmlns: 'w:sync:app:state', type: 'set' }, request)
    const sync = getBinaryNodeChild(answer, 'sync')
    return (sync === undefined ? [] : getBinaryNodeChildren(sync, 'collection')).map(
      node => [node.attrs['name'] as CollectionName, errorOf(childrenOf(node))] as const,
    )
  }

  /** The MACs of a patch on the present version. */
  #signed(name: CollectionName, records: readonly proto.ISyncdMutation[], key: AppStateKey): proto.ISyncdPatch {
    const collection = this.#state.collection(name)
    const opened = records.map(record => openMutation(record, key))
    const version = collection.version + 1
    const snapshotMac = snapshotMacOf(key, collection.next(opened).hash, version, name)
    const valueMacs = opened.map(({ valueMac }) => valueMac)
    return { snapshotMac, patchMac: patchMacOf(key, snapshotMac, valueMacs, version, name), keyId: { id: key.id } }
  }

  #shared(id: Uint8Array, key: AppStateKey | undefined): proto.Message.IAppStateSyncKey {
    if (key === undefined) return { keyId: { keyId: id } }
    const { data: keyData, timestamp } = key
    const fingerprint = { rawId: this.#context().keys.rawId, currentIndex: 0, deviceIndexes: [0] }
    return { keyId: { keyId: id }, keyData: { keyData, fingerprint, timestamp } }
  }
}

const errorOf = (children: ReturnType<typeof childrenOf>): string | undefined =>
  children.find(({ tag }) => tag === 'error')?.attrs['code']

const refused = (collection: CollectionName, code: string): KurirError =>
  new KurirError('request-refused', `The service refused the change of ${collection}`, { data: { collection, code } })
