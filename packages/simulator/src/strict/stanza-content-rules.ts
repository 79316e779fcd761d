import { type BinaryNode, getBinaryNodeChild, getBinaryNodeChildren } from 'kurir/binary'
import { reportingToken, stanzaAttributesOf, takesReportingToken } from 'kurir/messages'
import type { proto } from 'kurir/proto'
import { bytesOf } from '../router/stanzas.js'

/** A stanza and what was in it. */
export interface OpenedStanza {
  readonly node: BinaryNode
  /** The `<enc>` that carried the content. */
  readonly part: BinaryNode
  /** The decrypted content without pad. */
  readonly encoded: Uint8Array
  readonly message: proto.IMessage
  readonly lenient: boolean
  /** User JID of the author, and the chat as its author addressed it: what a reporting token is bound to. */
  readonly sender: string
  readonly remote: string
}

/** Where the stanza says something else about the message than its content (docs/protocol/03 §2.10, §2.11). */
export const stanzaContentMisfits = (opened: OpenedStanza): string[] => {
  if (opened.node.attrs['category'] === 'peer') return []
  return [...attributeMisfits(opened), ...tokenMisfits(opened)]
}

const attributeMisfits = ({ node, part, message, lenient }: OpenedStanza): string[] => {
  const expected = stanzaAttributesOf(message)
  const said: Record<string, string | undefined> = {
    type: node.attrs['type'],
    edit: node.attrs['edit'],
    mediatype: part.attrs['mediatype'],
    'decrypt-fail': part.attrs['decrypt-fail'],
  }
  const due: Record<string, string | undefined> = {
    type: expected.type,
    edit: expected.edit,
    mediatype: expected.mediatype,
    'decrypt-fail': expected.decryptFail ? 'hide' : undefined,
  }
  const meta = getBinaryNodeChild(node, 'meta')?.attrs ?? {}
  for (const name of ['polltype', 'event_type', 'view_once']) {
    said[`meta ${name}`] = meta[name]
    due[`meta ${name}`] = expected.meta[name]
  }
  // The companions of business kinds change type and mediatype.
  const names = Object.keys(due).filter(name => getBinaryNodeChild(node, 'biz') === undefined || name !== 'type')
  return names
    .filter(name => said[name] !== due[name] && !(lenient && isKnownDeviation(name, said[name])))
    .map(name => `${name} is ${due[name] ?? 'absent'} for this content, not ${said[name] ?? 'absent'}`)
}

/** Other clients say less than the current one; what they say must be right, but `text` stands for many kinds. */
const isKnownDeviation = (name: string, said: string | undefined): boolean =>
  said === undefined || (name === 'type' && said === 'text')

const tokenMisfits = ({ node, part, encoded, message, lenient, ...parties }: OpenedStanza): string[] => {
  const messageSecret = message.messageContextInfo?.messageSecret
  const due = messageSecret?.length === 32 && takesReportingToken(message)
  // Resends carry none.
  if (lenient || !due || part.attrs['count'] !== undefined) return []
  const context = {
    messageSecret,
    messageId: node.attrs['id'] ?? '',
    senderUserJid: parties.sender,
    remoteJid: parties.remote,
  }
  const expected = reportingToken(encoded, context)
  const reporting = getBinaryNodeChild(node, 'reporting')
  const [token] = reporting === undefined ? [] : getBinaryNodeChildren(reporting, 'reporting_token')
  const given = bytesOf(token)
  // Messages without any are delivered, such as those that a program made differently for each device.
  if (given === undefined) return []
  if (expected === undefined) return ['nothing in this message can be reported']
  return Buffer.compare(given, expected) === 0 ? [] : ['the reporting token does not fit content, sender and chat']
}

/** How a copy for the author's own devices must look (docs/protocol/02 §4.2). */
export const deviceSentMisfits = (
  message: proto.IMessage,
  { own, chat, names, lenient }: { own: boolean; chat: string | undefined; names: readonly string[]; lenient: boolean },
): string[] => {
  const wrapper = message.deviceSentMessage
  const due = own && chat !== undefined
  if (wrapper == null) return due ? ['a copy for own devices is wrapped in deviceSentMessage'] : []
  if (!due) return ['only copies for own devices are wrapped in deviceSentMessage']
  const inner = wrapper.message
  const misplaced = inner?.messageContextInfo != null && message.messageContextInfo == null
  return [
    ...(inner == null ? ['deviceSentMessage holds a message'] : []),
    ...(names.includes(wrapper.destinationJid ?? '') ? [] : [`destinationJid is the chat ${chat}`]),
    ...(misplaced && !lenient ? ['messageContextInfo stands beside deviceSentMessage too'] : []),
  ]
}
