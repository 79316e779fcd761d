import type { proto } from 'kurir/proto'
import { type ActionFacts, actionTable, type IndexSlot } from './action-table.js'
import type { CollectionName } from './collection-names.js'
import type { MutationContent } from './sealed-mutation.js'

/** More slots may follow the name than the extraction shows (docs/protocol/04 §2.2). */
const OPEN_ENDED = new Set(['call_log', 'payment_info'])
const JID = /^(?:[\d-]+@(?:s\.whatsapp\.net|lid|g\.us|broadcast|newsletter|bot)|status@broadcast)$/
const GROUP = /@(?:g\.us|broadcast)$/
/** 2001 in milliseconds, and far beyond today in seconds. */
const BETWEEN_SECONDS_AND_MILLISECONDS = 100_000_000_000

/** What the current client would have written otherwise; undefined when the mutation is as it writes it. */
export const actionMisfit = (
  collection: CollectionName,
  { operation, index, indexText, value, version }: MutationContent,
): string | undefined => {
  const [name = ''] = index
  const facts = actionTable().get(name)
  if (facts === undefined) return `no client knows the action ${name}`
  if (facts.collection !== collection) return `${name} belongs to ${facts.collection}, not to ${collection}`
  if (facts.version !== null && facts.version !== version) return `${name} has version ${facts.version}, not ${version}`
  if (JSON.stringify(index) !== indexText) return `the index of ${name} is compact JSON`
  return indexMisfit(facts, index) ?? (operation === 'set' ? valueMisfit(facts, value) : undefined)
}

const indexMisfit = ({ name, index: slots }: ActionFacts, index: readonly string[]): string | undefined => {
  if (slots === undefined) return undefined
  const fits = OPEN_ENDED.has(name) ? index.length >= slots.length : index.length === slots.length
  if (!fits) return `the index of ${name} has ${slots.length} parts, not ${index.length}`
  const wrong = slots.findIndex((slot, position) => !slotFits(slot, index[position] ?? ''))
  if (wrong >= 0) return `part ${wrong} of the index of ${name} is no ${slots[wrong]?.kind}: ${index[wrong]}`
  return slots.at(-1)?.kind === 'jidOrZero' ? authorMisfit(name, index) : undefined
}

const slotFits = ({ kind }: IndexSlot, text: string): boolean => {
  switch (kind) {
    case 'jid':
      return JID.test(text)
    case 'jidOrZero':
      return text === '0' || JID.test(text)
    case 'flag':
      return text === '0' || text === '1'
    case 'enum':
      return /^\d+$/.test(text)
    default:
      return true
  }
}

/** Messages of others in groups are named with their author, all others with "0" (docs/protocol/04 §2.1). */
const authorMisfit = (name: string, index: readonly string[]): string | undefined => {
  const [, chat = '', , fromMe, participant] = index
  const named = GROUP.test(chat) && fromMe === '0'
  if (named === (participant !== '0')) return undefined
  return named ? `${name} names the author of a message in a group` : `${name} names no author here`
}

const valueMisfit = ({ name, valueField }: ActionFacts, value: proto.ISyncActionValue): string | undefined => {
  const { timestamp, ...members } = value
  if (Number(timestamp ?? 0) < BETWEEN_SECONDS_AND_MILLISECONDS) return `${name} has its time in milliseconds`
  if (valueField === null) return undefined
  const present = Object.entries(members).filter(([, member]) => member != null)
  const [first] = present
  if (present.length !== 1 || first?.[0] !== valueField) {
    return `${name} carries ${valueField}, not ${present.map(([field]) => field).join(', ') || 'nothing'}`
  }
  return rangeMisfit(name, first[1])
}

/** A range says up to where the device had seen the chat, in seconds (docs/protocol/04 §2.5). */
const rangeMisfit = (name: string, member: unknown): string | undefined => {
  const { messageRange } = member as { messageRange?: proto.SyncActionValue.ISyncActionMessageRange | null }
  if (messageRange == null) return undefined
  const { lastMessageTimestamp, lastSystemMessageTimestamp, messages } = messageRange
  const entries = messages ?? []
  const times = [lastMessageTimestamp, lastSystemMessageTimestamp, ...entries.map(({ timestamp }) => timestamp)]
  if (times.some(time => Number(time ?? 0) > BETWEEN_SECONDS_AND_MILLISECONDS))
    return `the range of ${name} is in seconds`
  if (entries.some(({ timestamp }) => !Number(timestamp))) return `each message in the range of ${name} has its time`
  if (entries.some(({ key }) => !key?.id || !key.remoteJid)) return `each message in the range of ${name} has its key`
  return undefined
}
