import { type BinaryNode, getBinaryNodeChild, getBinaryNodeChildren } from 'kurir/binary'
import { KurirError } from 'kurir/errors'
import { proto } from 'kurir/proto'
import type { Account } from '../accounts/account.js'
import type { Device } from '../accounts/device.js'
import type { MediaHost } from '../media/media-host.js'
import { IqFailure, type IqHandled, type IqRequest, UNANSWERED } from '../router/iq-answer.js'
import type { ServiceCore } from '../router/service-core.js'
import { bytesOf, element, SERVICE } from '../router/stanzas.js'
import { AccountAppState, type AppStateChange } from './account-app-state.js'
import { type AppStateFaultAction, AppStateFaults } from './app-state-faults.js'
import { AppStateKeys } from './app-state-keys.js'
import type { Collection } from './collection.js'
import { type CollectionName, isCollectionName } from './collection-names.js'
import { readStateBlob } from './external-blob.js'
import { checkPatch } from './patch-check.js'
import { invalidPatch } from './sealed-mutation.js'
import { SnapshotShelf } from './snapshot-shelf.js'

/** One collection of a request. */
interface Asked {
  readonly node: BinaryNode
  readonly name: CollectionName
  /** Up to where the client has it; the base of its patch. */
  readonly version: number
  readonly wantsSnapshot: boolean
  readonly upload: Upload | undefined
}

/** A patch that came, its external mutations included; undefined when it cannot be read. */
type Upload = { readonly patch: proto.ISyncdPatch; readonly mutations: readonly proto.ISyncdMutation[] } | 'unreadable'

/** A collection in the answer; a snapshot has still to be put on the media host. */
interface Answered {
  readonly name: CollectionName
  readonly attrs: Readonly<Record<string, string | undefined>>
  readonly children: readonly BinaryNode[]
  readonly snapshot?: (() => Promise<BinaryNode>) | undefined
  readonly silent?: boolean
  readonly changes?: readonly AppStateChange[]
}

type ChangeListener = (account: Account, change: AppStateChange) => void

/** Keeps the app-state collections of all accounts and answers their devices (docs/protocol/04 §1.20). */
export class AppStateService {
  readonly faults: AppStateFaults
  /** Patches of one collection in one answer; what is beyond is announced by `has_more_patches`. */
  patchesPerAnswer = 50
  /** Patches with more mutations come as an external blob, those of clients too. */
  mostInlineMutations = 100
  /** A snapshot may be so many patches old; the newer patches come with it. */
  snapshotLag = 10
  readonly #core: ServiceCore
  readonly #media: MediaHost
  readonly #accounts = new Map<Account, AccountAppState>()
  readonly #snapshots: SnapshotShelf
  /** Versions that devices have not been told of, because they were offline. */
  readonly #news = new WeakMap<Device, Map<CollectionName, number>>()
  readonly #listeners = new Set<ChangeListener>()
  #made = 0

  constructor(core: ServiceCore, media: MediaHost) {
    this.#core = core
    this.#media = media
    this.#snapshots = new SnapshotShelf(media, core.random.fork('app state snapshots'))
    this.faults = new AppStateFaults(core.random.fork('app state faults'))
  }

  of(account: Account): AccountAppState {
    const present = this.#accounts.get(account)
    if (present !== undefined) return present
    this.#made += 1
    const random = this.#core.random.fork(`app state keys ${account.pnUser} ${this.#made}`)
    const fresh = new AccountAppState(new AppStateKeys(random, () => this.#core.clock.now()))
    this.#accounts.set(account, fresh)
    return fresh
  }

  /** A new installation begins with new keys and empty collections. */
  forget(account: Account): void {
    this.#accounts.delete(account)
  }

  /** Calls `listener` for every change that is accepted. */
  onChange(listener: ChangeListener): void {
    this.#listeners.add(listener)
  }

  /** Answers `<sync>`. */
  answer({ device, child }: IqRequest): IqHandled {
    const nodes = child === undefined ? [] : getBinaryNodeChildren(child, 'collection')
    if (new Set(nodes.map(({ attrs }) => attrs['name'])).size !== nodes.length) {
      this.#core.violation(device, 'invalid-app-state', 'a request names each collection once', child)
      return new IqFailure(400, 'bad-request')
    }
    // Only blobs make it wait: an upload without them is checked and stored in one go.
    const uploads = nodes.map(node => this.#readUpload(node))
    if (!uploads.some(upload => upload instanceof Promise)) {
      return this.#exchange(device, nodes, uploads as (Upload | undefined)[])
    }
    return Promise.all(uploads).then(read => this.#exchange(device, nodes, read))
  }

  /** What a device has not heard while it was offline; returns whether there was anything. */
  tellNews(device: Device): boolean {
    const news = this.#news.get(device)
    if (news === undefined) return false
    this.#news.delete(device)
    this.#core.delivery.deliver(device, this.#announcement([...news]))
    return true
  }

  #readUpload(node: BinaryNode): Upload | undefined | Promise<Upload> {
    const content = getBinaryNodeChild(node, 'patch')
    if (content === undefined) return undefined
    try {
      const patch = proto.SyncdPatch.decode(bytesOf(content) ?? Buffer.alloc(0))
      if (patch.externalMutations == null) return { patch, mutations: patch.mutations }
      return readStateBlob(this.#media, patch.externalMutations)
        .then(bytes => ({ patch, mutations: proto.SyncdMutations.decode(bytes).mutations }))
        .catch(unreadable)
    } catch (error) {
      return unreadable(error)
    }
  }

  #exchange(device: Device, nodes: readonly BinaryNode[], uploads: readonly (Upload | undefined)[]): IqHandled {
    const answered = nodes.map((node, position) => {
      const { name, version, return_snapshot } = node.attrs
      if (!isCollectionName(name)) throw new RangeError(`The schema lets no collection ${name} through`)
      const asked = { node, name, version: Number(version ?? 0), wantsSnapshot: return_snapshot === 'true' }
      return this.#answerOne(device, { ...asked, upload: uploads[position] })
    })
    this.#announce(device, answered)
    if (answered.some(({ silent }) => silent)) return UNANSWERED
    if (!answered.some(({ snapshot }) => snapshot)) return [syncElement(answered.map(collectionElement))]
    return Promise.all(answered.map(withSnapshot)).then(collections => [syncElement(collections)])
  }

  #answerOne(device: Device, asked: Asked): Answered {
    const collection = this.of(device.account).collection(asked.name)
    if (asked.upload === undefined) return this.#fetch(device, asked, collection)
    const fault = this.#strike(device, asked, collection)
    if (fault?.kind === 'error') return this.#refusal(device, asked, collection, fault.code)
    return { ...this.#upload(device, asked, collection), silent: fault?.kind === 'silence' }
  }

  #upload(device: Device, asked: Asked, collection: Collection): Answered {
    const { version, upload, node } = asked
    if (version < collection.version) return this.#refusal(device, asked, collection, CONFLICT)
    const state = this.of(device.account)
    const phone = device.id === 0
    const now = this.#core.clock.now()
    try {
      if (upload === undefined || upload === 'unreadable') throw invalidPatch('a readable patch')
      if (version > collection.version) throw invalidPatch(`the base version ${version} does not exist`)
      const checked = checkPatch(upload.patch, upload.mutations, collection, {
        keys: state.keys,
        strict: phone || this.#core.modeOf(device) === 'strict',
        mostInline: this.mostInlineMutations,
        expired: key => state.isExpired(device, key, now),
      })
      const changes = state.accept(device, collection, checked)
      return { name: asked.name, attrs: { version: String(collection.version) }, children: [], changes }
    } catch (error) {
      if (!KurirError.is(error)) throw error
      this.#core.violation(device, 'invalid-app-state', `${asked.name}: ${error.message}`, node)
      return this.#refusal(device, asked, collection, BAD_REQUEST)
    }
  }

  #fetch(device: Device, asked: Asked, collection: Collection): Answered {
    if (asked.version > collection.version && this.#core.modeOf(device) === 'strict') {
      const message = `${asked.name} has no version ${asked.version} yet`
      this.#core.violation(device, 'invalid-app-state', message, asked.node)
    }
    const fault = this.#strike(device, asked, collection)
    if (fault?.kind === 'error') return this.#refusal(device, asked, collection, fault.code)
    const fresh = asked.wantsSnapshot && collection.version > 0
    const snapshot = fresh ? this.#snapshots.take(collection, this.snapshotLag, this.#spoiler(fault)) : undefined
    const after = snapshot?.version ?? asked.version
    return {
      ...this.#patches(device, asked.name, collection, after, snapshot === undefined ? fault : undefined),
      snapshot: snapshot?.element,
      silent: fault?.kind === 'silence',
    }
  }

  #spoiler(fault: AppStateFaultAction | undefined) {
    return fault?.kind === 'corrupt'
      ? (snapshot: proto.ISyncdSnapshot) => this.faults.spoilSnapshot(fault, snapshot)
      : undefined
  }

  #patches(
    device: Device,
    name: CollectionName,
    collection: Collection,
    after: number,
    fault?: AppStateFaultAction,
  ): Answered {
    const patches = collection.patchesAfter(after, this.patchesPerAnswer)
    const reached = Math.min(collection.version, after + patches.length)
    const more = reached < collection.version
    this.of(device.account).handedOut(device, name, reached, this.#core.clock.now())
    const attrs = { version: String(reached), has_more_patches: more ? 'true' : undefined }
    if (patches.length === 0) return { name, attrs, children: [] }
    const handed = fault === undefined ? patches : this.faults.spoilPatches(fault, patches)
    return {
      name,
      attrs,
      children: [
        element(
          'patches',
          {},
          handed.map(patch => element('patch', {}, patch)),
        ),
      ],
    }
  }

  /** An error; a conflict brings the patches that the client lacks. */
  #refusal(device: Device, asked: Asked, collection: Collection, code: number): Answered {
    const error = element('error', { code: String(code), text: code === CONFLICT ? 'conflict' : 'refused' })
    if (code !== CONFLICT) return { name: asked.name, attrs: { type: 'error' }, children: [error] }
    const missing = this.#patches(device, asked.name, collection, asked.version)
    return { ...missing, attrs: { ...missing.attrs, type: 'error' }, children: [...missing.children, error] }
  }

  #strike(device: Device, asked: Asked, collection: Collection): AppStateFaultAction | undefined {
    if (device.id === 0) return undefined
    const { name: collectionName, version, wantsSnapshot, upload } = asked
    return this.faults.strike({
      operation: upload === undefined ? 'fetch' : 'upload',
      collection: collectionName,
      names: [device.pn, device.lid, device.account.pnUser],
      patches: !wantsSnapshot && version < collection.version,
      snapshot: wantsSnapshot && collection.version > 0,
    })
  }

  /** Tells the phone's model and all other devices what is new. */
  #announce(author: Device, answered: readonly Answered[]): void {
    const changes = answered.flatMap(({ changes: made }) => made ?? [])
    if (changes.length === 0) return
    const versions = new Map(changes.map(({ collection, version }) => [collection, version] as const))
    for (const device of author.account.devices.values()) {
      if (device === author) continue
      if (device.active) this.#core.delivery.deliver(device, this.#announcement([...versions]))
      else this.#news.set(device, new Map([...(this.#news.get(device) ?? []), ...versions]))
    }
    for (const listener of this.#listeners) for (const change of changes) listener(author.account, change)
  }

  #announcement(versions: readonly (readonly [CollectionName, number])[]): BinaryNode {
    const attrs = { type: 'server_sync', from: SERVICE, id: this.#core.stanzaId(), t: this.#core.time() }
    const named = versions.map(([name, version]) => element('collection', { name, version: String(version) }))
    return element('notification', attrs, named)
  }
}

const [CONFLICT, BAD_REQUEST] = [409, 400]

const unreadable = (error: unknown): 'unreadable' => {
  if (KurirError.is(error)) return 'unreadable'
  throw error
}

const syncElement = (collections: readonly BinaryNode[]): BinaryNode => element('sync', {}, [...collections])

const collectionElement = ({ name, attrs, children }: Answered): BinaryNode =>
  element('collection', { name, ...attrs }, children.length === 0 ? undefined : [...children])

const withSnapshot = async ({ snapshot, children, ...answered }: Answered): Promise<BinaryNode> =>
  collectionElement({ ...answered, children: snapshot === undefined ? children : [await snapshot(), ...children] })
