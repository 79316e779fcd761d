import {
  type BaileysEventMap,
  type GroupMetadata,
  type GroupParticipant,
  updateMessageWithReaction,
  updateMessageWithReceipt,
} from 'kurir'
import type { AppendedEvent } from '../events/event-log.js'
import type { StoreParts } from '../store-parts.js'
import { type EventBatch, logEvents } from './event-split.js'

/** Takes what a batch tells into the tables, and appends its events to the log. Within one transaction. */
export async function recordBatch(
  parts: StoreParts,
  sessionId: string,
  batch: EventBatch,
): Promise<readonly AppendedEvent[]> {
  // First: it holds the session's log, so that batches of one session are recorded one after another.
  const appended = await parts.events.append(sessionId, logEvents(batch))
  await recordHistory(parts, sessionId, batch)
  await recordChats(parts, sessionId, batch)
  await recordGroups(parts, sessionId, batch)
  await recordMessages(parts, sessionId, batch)
  return appended
}

async function recordHistory(
  { chats, contacts, messages }: StoreParts,
  session: string,
  batch: EventBatch,
): Promise<void> {
  const history = batch['messaging-history.set']
  if (history === undefined) return
  await chats.add(session, history.chats)
  await contacts.add(session, history.contacts)
  await messages.save(session, history.messages)
}

async function recordChats(
  { chats, contacts, messages }: StoreParts,
  session: string,
  batch: EventBatch,
): Promise<void> {
  await chats.add(session, batch['chats.upsert'] ?? [])
  await contacts.add(session, batch['contacts.upsert'] ?? [])
  // What a change depends on was decided before it was emitted.
  await chats.update(
    session,
    (batch['chats.update'] ?? []).map(({ conditional, ...update }) => update),
  )
  await contacts.update(session, batch['contacts.update'] ?? [])
  const deleted = batch['chats.delete'] ?? []
  if (deleted.length > 0) await chats.delete(session, deleted)
  for (const chat of deleted) await messages.deleteChat(session, chat)
}

async function recordGroups({ groups }: StoreParts, session: string, batch: EventBatch): Promise<void> {
  await groups.save(session, batch['groups.upsert'] ?? [])
  await groups.update(session, batch['groups.update'] ?? [])
  const change = batch['group-participants.update']
  if (change !== undefined) await groups.change(session, change.id, group => withMembers(group, change))
}

async function recordMessages({ messages }: StoreParts, session: string, batch: EventBatch): Promise<void> {
  await messages.save(session, batch['messages.upsert']?.messages ?? [])
  await messages.update(session, batch['messages.update'] ?? [])
  for (const { key, reaction } of batch['messages.reaction'] ?? []) {
    await messages.change(session, key, message => {
      updateMessageWithReaction(message, reaction)
      return message
    })
  }
  for (const { key, receipt } of batch['message-receipt.update'] ?? []) {
    await messages.change(session, key, message => {
      updateMessageWithReceipt(message, receipt)
      return message
    })
  }
  const deleted = batch['messages.delete']
  if (deleted === undefined) return
  if ('keys' in deleted) await messages.delete(session, deleted.keys)
  else await messages.deleteChat(session, deleted.jid)
}

/** A group after members came, went or changed. */
export function withMembers(
  group: GroupMetadata,
  { participants, action }: Pick<BaileysEventMap['group-participants.update'], 'participants' | 'action'>,
): GroupMetadata {
  const isNamed = (member: GroupParticipant) => participants.some(each => isSameMember(each, member))
  if (action === 'promote' || action === 'demote') {
    const admin: GroupParticipant['admin'] = action === 'promote' ? 'admin' : null
    const changed = group.participants.map(member => (isNamed(member) ? { ...member, admin } : member))
    return { ...group, participants: changed }
  }
  const others = group.participants.filter(member => !isNamed(member))
  const members = action === 'remove' ? others : [...others, ...participants]
  return { ...group, participants: members, size: members.length }
}

const isSameMember = (left: GroupParticipant, right: GroupParticipant): boolean =>
  namesOf(left).some(name => namesOf(right).includes(name))

const namesOf = ({ id, lid, phoneNumber }: GroupParticipant): string[] =>
  [id, lid, phoneNumber].filter(name => name !== undefined)
