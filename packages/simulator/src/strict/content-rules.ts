import { getContentType, maxWrapperDepth, messageWrappers, takesReportingToken, unwrapMessage } from 'kurir/messages'
import type { proto } from 'kurir/proto'
import { addOnRules, pollRules } from './add-on-rules.js'
import type { ArrivedMessage, ContentRule } from './content-facts.js'
import { mediaRules } from './media-rules.js'

/** What is wrong with the content of a message, each as a sentence (docs/protocol/03 §2, §8, §12). */
export const contentMisfits = (arrived: ArrivedMessage): string[] => {
  const { content } = unwrapMessage(arrived.message)
  const rules = arrived.peer
    ? [peerRules]
    : [shapeRules, secretRules, selfOnlyRules, contextRules, smallRules, ...SUBJECTS]
  return rules.flatMap(rule => rule(arrived, content).filter(found => found !== false))
}

const SUBJECTS: readonly ContentRule[] = [mediaRules, pollRules, addOnRules]

/** Fields that travel beside the content. */
const BESIDE = new Set(['messageContextInfo', 'senderKeyDistributionMessage'])

/** One content of a kind that clients know, in wrappers that hold something. */
const shapeRules: ContentRule = ({ message, lenient }, content) => {
  const kinds = Object.entries(content).filter(([name, value]) => value != null && !BESIDE.has(name) && isSet(value))
  const { viewOnceMessage, viewOnceMessageV2, viewOnceMessageV2Extension } = message
  const wrapped = viewOnceMessage ?? viewOnceMessageV2 ?? viewOnceMessageV2Extension
  return [
    kinds.length === 0 && 'a message has a content of a known kind',
    kinds.length > 1 && `a message has one content, not ${kinds.map(([name]) => name).join(' and ')}`,
    messageWrappers.some(name => content[name] != null) && `wrappers hold a message, at most ${maxWrapperDepth} deep`,
    !lenient && wrapped != null && 'what can be seen once says so by a flag, not by a wrapper',
  ]
}

/** Decoders give absent lists as empty ones. */
const isSet = (value: unknown): boolean => !Array.isArray(value) || value.length > 0

/** Nearly every message carries a secret; what is sealed with another message's does not need one. */
const secretRules: ContentRule = ({ message, lenient }, content) => {
  const secret = content.messageContextInfo?.messageSecret ?? message.messageContextInfo?.messageSecret
  const kind = getContentType(content)
  const needed = POLLS_AND_EVENTS.has(kind) || (!lenient && !WITHOUT_SECRET.has(kind) && takesReportingToken(message))
  return [
    needed && secret == null && `a message of the kind ${kind} carries a secret`,
    secret != null && secret.length !== 32 && 'a message secret has 32 bytes',
  ]
}

/** Protocol messages have none to protect, and bare texts are what programs write by hand. */
const WITHOUT_SECRET = new Set<string | undefined>(['protocolMessage', 'conversation'])

const POLLS_AND_EVENTS = new Set<string | undefined>([
  'pollCreationMessage',
  'pollCreationMessageV2',
  'pollCreationMessageV3',
  'pollCreationMessageV5',
  'pollCreationMessageV6',
  'eventMessage',
])

/** By ProtocolMessage.Type: history, key share, key request, fatal exception, peer request and response, LID mapping. */
const SELF_ONLY = new Set([5, 6, 7, 10, 16, 17, 22])

const selfOnlyRules: ContentRule = (_, { protocolMessage }) => [
  protocolMessage != null &&
    SELF_ONLY.has(protocolMessage.type ?? 0) &&
    'this protocol message is for own devices only',
]

const peerRules: ContentRule = ({ own, message }) => [
  !own && 'a peer message comes from an own device',
  message.protocolMessage == null && 'a peer message holds a protocol message',
  message.deviceSentMessage != null && 'a peer message is not wrapped for own devices',
]

const DISAPPEARING = new Set([0, 86_400, 604_800, 7_776_000])
/** A user, as mentions and quotes name one. */
const USER = /^\d+@(?:s\.whatsapp\.net|lid|bot)$/

/** Quote, mentions and timer (docs/protocol/03 §2.9). */
const contextRules: ContentRule = (_, content) => {
  const context = contextOf(content)
  if (context == null) return []
  const { stanzaId, participant, quotedMessage, mentionedJid, expiration } = context
  const quoting = [stanzaId, participant, quotedMessage].filter(part => part != null && part !== '')
  return [
    (quotedMessage != null || stanzaId != null) &&
      quoting.length !== 3 &&
      'a quote has stanzaId, participant and message',
    participant != null && quotedMessage != null && participant.includes(':') && 'a quote names a user, not a device',
    contextOf(quotedMessage ?? {})?.quotedMessage != null && 'quotes do not nest',
    (mentionedJid ?? []).some(jid => !USER.test(jid)) && 'a mention is the JID of a user',
    expiration != null && !DISAPPEARING.has(expiration) && `no chat has a timer of ${expiration} s`,
  ]
}

const contextOf = (content: proto.IMessage): proto.IContextInfo | null | undefined => {
  const kind = getContentType(content)
  const part = kind === undefined ? undefined : content[kind]
  if (typeof part !== 'object' || part === null || !('contextInfo' in part)) return undefined
  return part.contextInfo as proto.IContextInfo | null
}

/** Kinds that are a few fields each (docs/protocol/03 §2.4, §2.7). */
const smallRules: ContentRule = ({ chat }, content) => [
  content.conversation === '' && 'a text is not empty',
  chat === 'status@broadcast' && content.conversation != null && 'a text in the status has fields',
  ...placeRules(content),
  ...contactRules(content),
  ...eventRules(content),
  ...settingRules(content),
]

const placeRules = ({ locationMessage, liveLocationMessage }: proto.IMessage) => {
  const place = locationMessage ?? liveLocationMessage
  if (place == null) return []
  const { degreesLatitude: latitude, degreesLongitude: longitude } = place
  const fits = Math.abs(latitude ?? 0) <= 90 && Math.abs(longitude ?? 0) <= 180
  return [(latitude == null || longitude == null || !fits) && 'a place has a latitude and a longitude']
}

const contactRules = ({ contactMessage, contactsArrayMessage }: proto.IMessage) => {
  const cards = contactsArrayMessage?.contacts ?? (contactMessage == null ? [] : [contactMessage])
  return [
    contactsArrayMessage != null && cards.length < 2 && 'a list of contacts has at least two',
    cards.some(({ vcard }) => vcard?.startsWith('BEGIN:VCARD') !== true) && 'a contact is a vCard',
  ]
}

const eventRules = ({ eventMessage: event }: proto.IMessage) =>
  event == null
    ? []
    : [
        (event.name == null || event.name === '' || event.name.length > 100) &&
          'the name of an event has 1 to 100 characters',
        (event.description?.length ?? 0) > 2048 && 'the description of an event has at most 2048 characters',
      ]

const settingRules = ({ protocolMessage: setting, groupInviteMessage: invite }: proto.IMessage) => [
  setting?.type === 3 && !DISAPPEARING.has(setting.ephemeralExpiration ?? 0) && 'a chat has no such timer',
  invite != null && (!invite.groupJid?.endsWith('@g.us') || !invite.inviteCode) && 'an invitation names group and code',
]
