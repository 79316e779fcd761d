import type { BinaryNode } from 'kurir/binary'
import { parseAddress } from '../accounts/address.js'
import type { Device } from '../accounts/device.js'
import type { FaultFrequency } from './active-rules.js'

/** What happens to a stanza that a rule matches. All but `alter` can be written as JSON. */
export type FaultAction =
  /** Not passed on. Messages, receipts and notifications stay queued and come again at the next login. */
  | { readonly kind: 'drop'; readonly redeliverAfterMs?: number }
  /** Passed on later, so that others overtake it; a range draws the time for each stanza. */
  | { readonly kind: 'delay'; readonly milliseconds: number | readonly [number, number] }
  /** Passed on, and once more (`copies` times) right after, or `afterMs` later. */
  | { readonly kind: 'duplicate'; readonly copies?: number; readonly afterMs?: number }
  /** Held back until `window` later stanzas went by, at most `holdMs` (100). */
  | { readonly kind: 'reorder'; readonly window: number; readonly holdMs?: number }
  /** One byte of the ciphertext in `<enc>` is changed. */
  | { readonly kind: 'corrupt' }
  /** To clients: the content is only on the phone; `type` says why, such as `view_once`. */
  | { readonly kind: 'unavailable'; readonly type?: string }
  /** Passed on as the function makes it; undefined drops it. For forged keys, lists and attributes. */
  | { readonly kind: 'alter'; readonly alter: (node: BinaryNode) => BinaryNode | undefined }
  /** From clients: a message or call is acked with this error, a request answered with it; nothing else happens. */
  | { readonly kind: 'nack'; readonly code: number }
  /** The connection ends with this stream error instead. */
  | { readonly kind: 'stream-error'; readonly code: number }
  /** The connection is cut without a word instead. */
  | { readonly kind: 'disconnect' }

/** Which stanzas a rule is for; what is left out matches everything. */
export interface FaultMatch {
  readonly tag?: string
  /** The `type` attribute. */
  readonly type?: string
  /** The `class` attribute of acks. */
  readonly class?: string
  readonly xmlns?: string
  readonly id?: string
  /** Tag of a direct child. */
  readonly child?: string
  /** JID of the device (either namespace), or a phone number for all devices of the account. */
  readonly device?: string
  /** True: companions only; false: phones only. */
  readonly companion?: boolean
  /** JID in `from` or `to`. */
  readonly address?: string
}

export interface FaultRule extends FaultFrequency {
  /** `to-client`: what the service writes; `from-client`: what it reads. */
  readonly direction: 'to-client' | 'from-client'
  readonly match?: FaultMatch
  readonly action: FaultAction
}

export const matches = (match: FaultMatch | undefined, device: Device, node: BinaryNode): boolean => {
  if (match === undefined) return true
  const { attrs } = node
  return (
    (match.tag === undefined || match.tag === node.tag) &&
    (match.type === undefined || match.type === attrs['type']) &&
    (match.class === undefined || match.class === attrs['class']) &&
    (match.xmlns === undefined || match.xmlns === attrs['xmlns']) &&
    (match.id === undefined || match.id === attrs['id']) &&
    (match.companion === undefined || match.companion === (device.id !== 0)) &&
    (match.address === undefined || match.address === attrs['from'] || match.address === attrs['to']) &&
    (match.child === undefined || hasChild(node, match.child)) &&
    (match.device === undefined || isDevice(match.device, device))
  )
}

const hasChild = (node: BinaryNode, tag: string): boolean =>
  Array.isArray(node.content) && node.content.some(child => child.tag === tag)

const isDevice = (wanted: string, device: Device): boolean => {
  if (!wanted.includes('@')) return wanted === device.account.pnUser
  const address = parseAddress(wanted)
  const user = address?.addressing === 'lid' ? device.account.lidUser : device.account.pnUser
  return address?.user === user && address.device === device.id
}

/** The stanza with one byte of each ciphertext changed, where the check of the receiver will notice it. */
export const corruptCiphertext = (node: BinaryNode, pick: (limit: number) => number): BinaryNode => {
  const { content } = node
  if (node.tag === 'enc') {
    if (content === undefined || Array.isArray(content) || content.length === 0) return node
    const bytes = Buffer.from(content as Uint8Array)
    // Before the fields that may trail in a prekey message: inside the ciphertext, MAC or signature of all types.
    const position = Math.max(0, bytes.length - 13 - pick(11))
    bytes.writeUInt8(bytes.readUInt8(position) ^ (1 + pick(255)), position)
    return { ...node, content: bytes }
  }
  if (!Array.isArray(content)) return node
  return { ...node, content: content.map(child => corruptCiphertext(child, pick)) }
}

/** The message without its content, which only the phone has (docs/protocol/03 §4.6, §4.7). */
export const withoutContent = (node: BinaryNode, type: string | undefined): BinaryNode => {
  if (node.tag !== 'message' || !Array.isArray(node.content)) return node
  const rest = node.content.filter(({ tag }) => tag !== 'enc' && tag !== 'plaintext')
  const unavailable: BinaryNode = { tag: 'unavailable', attrs: type === undefined ? {} : { type } }
  return { ...node, content: [...rest, unavailable] }
}
