import { childNodes, contentBytes, getBinaryNodeChild, getBinaryNodeChildren } from '../binary/accessors.js'
import { S_WHATSAPP_NET } from '../binary/jid.js'
import type { BinaryNode } from '../binary/node.js'
import { proto } from '../proto/index.js'
import { invalidAppState } from './app-state-error.js'
import { isCollectionName, type WAPatchName } from './collection-names.js'

/** What is wanted of one collection. */
export interface CollectionRequest {
  readonly collection: WAPatchName
  /** The last version that was applied. */
  readonly version: number
  /** The whole collection, and what has changed since it was written down. */
  readonly snapshot: boolean
}

/** Asks for what has changed in these collections, each of them once (docs/protocol/04, 1.3). */
export function buildSyncRequest(wanted: readonly CollectionRequest[]): BinaryNode {
  return syncQuery(wanted.map(({ collection, version, snapshot }) => collectionNode(collection, version, snapshot)))
}

/** Sends an own patch, made for this version of the collection (docs/protocol/04, 1.16). */
export function buildUpload(collection: WAPatchName, version: number, patch: Uint8Array): BinaryNode {
  const content = [{ tag: 'patch', attrs: {}, content: patch }]
  return syncQuery([{ ...collectionNode(collection, version, false), content }])
}

function collectionNode(name: WAPatchName, version: number, snapshot: boolean): BinaryNode {
  return { tag: 'collection', attrs: { name, version: String(version), return_snapshot: String(snapshot) } }
}

function syncQuery(collections: BinaryNode[]): BinaryNode {
  return {
    tag: 'iq',
    attrs: { to: S_WHATSAPP_NET, type: 'set', xmlns: 'w:sync:app:state' },
    content: [{ tag: 'sync', attrs: {}, content: collections }],
  }
}

/** Why the server does not give or take a collection. */
export interface CollectionRefusal {
  readonly code: number
  readonly text: string | undefined
}

/** What the server says of one collection, to a request and to an upload. */
export interface CollectionAnswer {
  readonly collection: WAPatchName
  /** The version that the server speaks of; after an upload the new one. */
  readonly version: number | undefined
  /** Where the snapshot is; it goes before the patches. */
  readonly snapshot: proto.IExternalBlobReference | undefined
  /** In ascending versions. */
  readonly patches: readonly proto.ISyncdPatch[]
  /** Ask again with the version that these lead to. */
  readonly hasMore: boolean
  readonly refusal: CollectionRefusal | undefined
  /** Something in it cannot be read: it is worth as much as a corrupt patch. */
  readonly unreadable: unknown
}

/**
 * The answer to a request or an upload, by collection (docs/protocol/04, 1.4 and 1.5). Collections that nobody knows are
 * left out; of one that comes twice, the first counts. What is damaged in one collection does not harm the others.
 */
export function parseSyncAnswer(answer: BinaryNode): ReadonlyMap<WAPatchName, CollectionAnswer> {
  const answers = new Map<WAPatchName, CollectionAnswer>()
  for (const node of getBinaryNodeChildren(getBinaryNodeChild(answer, 'sync'), 'collection')) {
    const { name } = node.attrs
    if (isCollectionName(name) && !answers.has(name)) answers.set(name, parseCollection(name, node))
  }
  return answers
}

function parseCollection(collection: WAPatchName, node: BinaryNode): CollectionAnswer {
  const answer = {
    collection,
    version: versionOf(node.attrs['version']),
    hasMore: node.attrs['has_more_patches'] === 'true',
    refusal: refusalOf(node),
  }
  try {
    return { ...answer, snapshot: snapshotOf(node), patches: patchesOf(node, answer.version), unreadable: undefined }
  } catch (error) {
    return {
      ...answer,
      snapshot: undefined,
      patches: [],
      unreadable: invalidAppState('an answer', { collection }, error),
    }
  }
}

function refusalOf(node: BinaryNode): CollectionRefusal | undefined {
  const error = getBinaryNodeChild(node, 'error')?.attrs
  if (node.attrs['type'] !== 'error' && error === undefined) return undefined
  return { code: Number(error?.['code'] ?? Number.NaN), text: error?.['text'] }
}

function snapshotOf(node: BinaryNode): proto.IExternalBlobReference | undefined {
  const bytes = contentBytes(getBinaryNodeChild(node, 'snapshot'))
  return bytes?.byteLength ? proto.ExternalBlobReference.decode(bytes) : undefined
}

/** A patch without version follows the version of the collection, or the patch before it (docs/protocol/04, 1.4). */
function patchesOf(node: BinaryNode, collectionVersion: number | undefined): proto.ISyncdPatch[] {
  const list = getBinaryNodeChild(node, 'patches') ?? node
  const patches: proto.ISyncdPatch[] = []
  let before = collectionVersion
  for (const child of childNodes(list)) {
    const bytes = child.tag === 'patch' ? contentBytes(child) : undefined
    if (!bytes?.byteLength) continue
    const patch = proto.SyncdPatch.decode(bytes)
    if (patch.version?.version == null && before !== undefined) patch.version = { version: before + 1 }
    before = Number(patch.version?.version ?? Number.NaN)
    patches.push(patch)
  }
  return patches.sort((one, other) => Number(one.version?.version ?? 0) - Number(other.version?.version ?? 0))
}

/** What the server says to an upload. */
export type UploadAnswer =
  | { readonly kind: 'accepted'; readonly version: number | undefined }
  /** Made for an old version: take the patches that have come, fetch the rest, and make the patch anew. */
  | { readonly kind: 'conflict'; readonly answer: CollectionAnswer }
  | { readonly kind: 'refused'; readonly refusal: CollectionRefusal }

const conflictCode = 409

/** The answer to {@link buildUpload} (docs/protocol/04, 1.16 and 1.17). Silence about the collection is no acceptance. */
export function parseUploadAnswer(collection: WAPatchName, node: BinaryNode): UploadAnswer {
  const answer = parseSyncAnswer(node).get(collection)
  if (answer === undefined) return { kind: 'refused', refusal: { code: Number.NaN, text: 'no word of the collection' } }
  const { refusal } = answer
  if (refusal === undefined) return { kind: 'accepted', version: answer.version }
  return refusal.code === conflictCode ? { kind: 'conflict', answer } : { kind: 'refused', refusal }
}

/** Collections that a notification names at most. */
const mostNamed = 20

/** Which collections have reached which version (docs/protocol/04, 1.19). Unknown names are left out. */
export function parseServerSync(notification: BinaryNode): ReadonlyMap<WAPatchName, number | undefined> {
  const named = new Map<WAPatchName, number | undefined>()
  for (const { attrs } of getBinaryNodeChildren(notification, 'collection').slice(0, mostNamed)) {
    if (isCollectionName(attrs['name'])) named.set(attrs['name'], versionOf(attrs['version']))
  }
  return named
}

function versionOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined
}
