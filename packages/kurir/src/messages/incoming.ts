import type { BinaryNode } from '../binary/node.js'
import { proto } from '../proto/index.js'
import { changeIdOf, type PostChange, postChangeOf } from './channel-posts.js'
import { decodeEnvelope, type MessageEnvelope } from './decode.js'
import { isSameAccount, type OwnAccount } from './own-account.js'
import { bytesOf, childNode, childNodes, invalidStanza, parseDecimal } from './stanza-values.js'

/** Largest content of one `<enc>` or `<plaintext>` (docs/protocol/03, 12). */
const maxContentLength = 1_048_576
/** Most encrypted parts of one stanza; honest ones have at most three. */
const maxParts = 16

/** One encrypted piece of a stanza. */
export interface EncryptedPart {
  /** How it is opened: with the author's session, with the author's sender key, with the secret of a prompt. */
  readonly kind: 'pairwise' | 'sender-key' | 'bot'
  readonly type: 'pkmsg' | 'msg' | 'skmsg' | 'msmsg'
  readonly ciphertext: Uint8Array
  /** Set on resends: the request that is answered. */
  readonly count: number | undefined
  readonly hidesFailure: boolean
}

/** The content was not encrypted for this device. */
export interface UnavailableContent {
  /** `view_once` and the like; undefined: the phone can resend it. */
  readonly type: string | undefined
  readonly hosted: boolean
}

/** A message stanza taken apart, nothing decrypted yet. */
export interface IncomingMessage extends MessageEnvelope {
  readonly stanza: BinaryNode
  readonly id: string
  /** In the order in which they are opened: pairwise ones may bring the sender key that the others need. */
  readonly parts: readonly EncryptedPart[]
  /** Content of a channel post: neither encrypted nor padded. */
  readonly plaintext: Uint8Array | undefined
  /** Set when it is no new post but changes one; its id is then one of its own. */
  readonly postChange: PostChange | undefined
  readonly unavailable: UnavailableContent | undefined
  /** Types of `<enc>` that this client does not read. */
  readonly unreadableTypes: readonly string[]
  /** From our own phone to this device alone: keys, history, answers. */
  readonly isPeer: boolean
  /** Delivered from the queue after a connect. */
  readonly offline: boolean
  readonly retryCount: number | undefined
  /** ADVSignedDeviceIdentity of a companion that sends a prekey message. */
  readonly deviceIdentity: Uint8Array | undefined
  readonly verifiedName: string | undefined
}

/**
 * Takes a `<message>` (or `<appdata>`) stanza apart. Cheap and without keys: duplicates can be sorted out before
 * anything is decrypted.
 *
 * @throws KurirError `invalid-stanza`, `unknown-chat-kind`
 */
export function parseIncomingMessage(stanza: BinaryNode, me: OwnAccount): IncomingMessage {
  const envelope = decodeEnvelope(stanza, me)
  const encs = encNodes(stanza, me)
  const unreadableTypes: string[] = []
  const parts: EncryptedPart[] = []
  for (const enc of encs) {
    const part = parsePart(stanza, enc, envelope.origin)
    if (part === undefined) unreadableTypes.push(enc.attrs['type'] ?? '')
    else if (part.ciphertext.byteLength > 0) parts.push(part)
  }
  parts.sort((left, right) => openingOrder[left.kind] - openingOrder[right.kind])
  // Written out, not spread: an object literal of known shape is ten times as fast here.
  const { fullMessage, origin, author, sender, authorIsOwn, addressing } = envelope
  const postChange = origin === 'newsletter' ? postChangeOf(stanza) : undefined
  if (postChange !== undefined) fullMessage.key.id = changeIdOf(postChange)
  return {
    fullMessage,
    origin,
    author,
    sender,
    authorIsOwn,
    addressing,
    stanza,
    id: fullMessage.key.id ?? '',
    parts,
    plaintext: origin === 'newsletter' ? contentOf(stanza, childNode(stanza, 'plaintext')) : undefined,
    postChange,
    unavailable: unavailableOf(stanza),
    unreadableTypes,
    isPeer: stanza.tag === 'appdata' || stanza.attrs['category'] === 'peer',
    offline: stanza.attrs['offline'] !== undefined,
    retryCount: parts.find(part => part.count !== undefined)?.count,
    deviceIdentity: bytesOf(childNode(stanza, 'device-identity')),
    verifiedName: verifiedNameOf(childNode(stanza, 'verified_name')),
  }
}

const openingOrder = { pairwise: 0, 'sender-key': 1, bot: 2 } as const

/** Direct `<enc>` children, and those that a broadcast copy addresses to this account inside `<participants>`. */
function encNodes(stanza: BinaryNode, me: OwnAccount): BinaryNode[] {
  const direct = childNodes(stanza).filter(child => child.tag === 'enc')
  const participants = childNode(stanza, 'participants')
  const addressed = (participants === undefined ? [] : childNodes(participants))
    .filter(to => to.tag === 'to' && isThisDevice(to.attrs['jid'], me))
    .flatMap(to => childNodes(to).filter(child => child.tag === 'enc'))
  const encs = [...direct, ...addressed]
  if (encs.length > maxParts) throw invalidStanza(stanza, 'The message has too many encrypted parts')
  return encs
}

/** Devices are compared as text after the account: `user` and `user:0` are one device. */
function isThisDevice(jid: string | undefined, me: OwnAccount): boolean {
  const deviceOf = (text: string) => Number(/:(\d+)@/.exec(text)?.[1] ?? 0)
  return [me.id, me.lid].some(
    own => jid !== undefined && own !== undefined && isSameAccount(jid, own) && deviceOf(jid) === deviceOf(own),
  )
}

function parsePart(stanza: BinaryNode, enc: BinaryNode, origin: MessageEnvelope['origin']): EncryptedPart | undefined {
  const kind = kindOf(enc, origin)
  if (kind === undefined) return undefined
  return {
    kind,
    type: enc.attrs['type'] as EncryptedPart['type'],
    ciphertext: contentOf(stanza, enc) ?? new Uint8Array(0),
    count: parseDecimal(enc.attrs['count']),
    hidesFailure: enc.attrs['decrypt-fail'] === 'hide',
  }
}

function kindOf(enc: BinaryNode, origin: MessageEnvelope['origin']): EncryptedPart['kind'] | undefined {
  // Post-quantum sessions and the Messenger bridge (version 3) have formats of their own.
  if (enc.attrs['session_type'] === 'pq' || enc.attrs['v'] === '3') return undefined
  switch (enc.attrs['type']) {
    case 'pkmsg':
    case 'msg':
      return 'pairwise'
    case 'skmsg':
      return origin === 'chat' || origin === 'newsletter' ? undefined : 'sender-key'
    case 'msmsg':
      return 'bot'
    default:
      return undefined
  }
}

function contentOf(stanza: BinaryNode, node: BinaryNode | undefined): Uint8Array | undefined {
  const bytes = bytesOf(node)
  if (bytes !== undefined && bytes.byteLength > maxContentLength) {
    throw invalidStanza(stanza, 'The content of the message is too large', { length: bytes.byteLength })
  }
  return bytes
}

function unavailableOf(stanza: BinaryNode): UnavailableContent | undefined {
  const node = childNode(stanza, 'unavailable')
  return node === undefined ? undefined : { type: node.attrs['type'], hosted: node.attrs['hosted'] === 'true' }
}

/** Name inside a business certificate. Decoration: a certificate that cannot be read is no reason to lose a message. */
function verifiedNameOf(node: BinaryNode | undefined): string | undefined {
  const bytes = bytesOf(node)
  if (bytes === undefined) return undefined
  try {
    const { details } = proto.VerifiedNameCertificate.decode(bytes)
    return details ? (proto.VerifiedNameCertificate.Details.decode(details).verifiedName ?? undefined) : undefined
  } catch {
    return undefined
  }
}
