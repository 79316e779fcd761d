import type { proto } from '../proto/index.js'

/** Members of a message that only wrap another message. */
const wrappers = [
  'ephemeralMessage',
  'viewOnceMessage',
  'viewOnceMessageV2',
  'viewOnceMessageV2Extension',
  'documentWithCaptionMessage',
  'editedMessage',
  'associatedChildMessage',
  'groupStatusMessage',
  'groupStatusMessageV2',
] as const

/** Deeper nesting than this does not occur and is not followed. */
const maxWrapping = 5

/** Members that say something about other messages, or nothing that a person would see. */
const invisible = new Set<string>([
  'protocolMessage',
  'reactionMessage',
  'pollUpdateMessage',
  'senderKeyDistributionMessage',
  'messageContextInfo',
])

/** The message inside its wrappers. */
export const unwrapContent = (content: proto.IMessage | null | undefined): proto.IMessage | undefined => {
  let inner = content ?? undefined
  for (let depth = 0; depth < maxWrapping && inner; depth += 1) {
    const outer: proto.IMessage = inner
    const wrapper = wrappers.find(name => outer[name]?.message)
    if (!wrapper) return outer
    inner = outer[wrapper]?.message ?? undefined
  }
  return inner
}

/** True for content that a person sees as a message of its own. */
export const hasVisibleContent = (content: proto.IMessage | null | undefined): boolean =>
  Object.entries(unwrapContent(content) ?? {}).some(
    ([name, value]) => value !== null && value !== undefined && !invisible.has(name),
  )
