import { createHash } from 'node:crypto'
import {
  conversations,
  emptyParticipant,
  idOf,
  type MessageKind,
  targetOf,
  text,
  unsealed,
  withoutContent,
} from './message-kind.js'
import { place, startDate } from './samples.js'

/** How a vote names an option (docs/protocol/03, 8.2). */
const hashOf = (option: string): Buffer => createHash('sha256').update(option).digest()

/** Events and polls, and what people answer. */
export const gatheringKinds: readonly MessageKind[] = [
  {
    name: 'event',
    member: 'baileys',
    chats: conversations,
    content: () => ({
      event: { name: 'Meeting', description: 'Bring cake', startDate, location: place, extraGuestsAllowed: true },
    }),
    expected: () => ({
      eventMessage: { name: 'Meeting', description: 'Bring cake', location: place, extraGuestsAllowed: true },
    }),
    stanza: { type: 'event', meta: { event_type: 'creation' } },
  },
  {
    name: 'event cancelled',
    member: 'kurir',
    chats: conversations,
    content: ({ event }) => ({ event: { name: 'Meeting', startDate, isCancelled: true }, edit: event.key }),
    expected: context => ({
      secretEncryptedMessage: { targetMessageKey: targetOf(context, context.event), secretEncType: 1 },
    }),
    stanza: { type: 'event', edit: '1', meta: { event_type: 'edit' }, hidden: true },
    opened: { kind: 'edit', message: { eventMessage: { name: 'Meeting', isCanceled: true } } },
    reported: ({ event }) => ({
      'messages.update': {
        key: { id: idOf(event) },
        update: { message: { editedMessage: { message: { eventMessage: { isCanceled: true } } } } },
      },
    }),
    byPhone: (phone, { event }) =>
      phone.editSealed(idOf(event), { eventMessage: { name: 'Meeting', isCanceled: true } }),
    passages: { 'baileys to kurir': { impossible: 'Baileys edits an event in the open, which is refused.' } },
  },
  {
    name: 'event response',
    member: 'kurir',
    chats: conversations,
    content: ({ event }) => ({ eventResponse: { event, response: 'going', extraGuestCount: 1 } }),
    expected: context => ({ encEventResponseMessage: { eventCreationMessageKey: targetOf(context, context.event) } }),
    stanza: { type: 'event', meta: { event_type: 'response' }, hidden: true },
    opened: { kind: 'event-response', response: 'GOING', extraGuestCount: 1 },
    reported: ({ event }) => ({
      'messages.update': { key: { id: idOf(event) }, update: { eventResponses: [{ eventResponse: 'GOING' }] } },
    }),
    byPhone: (phone, { event }) => phone.respondToEvent(idOf(event), 'GOING', 1),
    passages: { 'baileys to kurir': { impossible: unsealed } },
  },
  {
    name: 'poll, one answer',
    member: 'baileys',
    chats: ['user', 'group', 'newsletter'],
    content: () => ({ poll: { name: 'Lunch?', values: ['Pizza', 'Sushi'], selectableCount: 1 } }),
    expected: () => ({
      pollCreationMessageV3: {
        name: 'Lunch?',
        options: [{ optionName: 'Pizza' }, { optionName: 'Sushi' }],
        selectableOptionsCount: 1,
      },
    }),
    stanza: { type: 'poll', meta: { polltype: 'creation' } },
  },
  {
    name: 'poll, several answers',
    member: 'baileys',
    chats: conversations,
    content: () => ({ poll: { name: 'Lunch?', values: ['Pizza', 'Sushi', 'Both'] } }),
    expected: () => ({ pollCreationMessage: { name: 'Lunch?', selectableOptionsCount: 0 } }),
    stanza: { type: 'poll', meta: { polltype: 'creation' } },
  },
  {
    name: 'poll in an announcement group',
    member: 'baileys',
    chats: ['announcement', 'group'],
    content: () => ({ poll: { name: 'Lunch?', values: ['Pizza', 'Sushi'], toAnnouncementGroup: true } }),
    expected: () => ({ pollCreationMessageV2: { name: 'Lunch?' } }),
    stanza: { type: 'poll', meta: { polltype: 'creation' } },
  },
  {
    name: 'poll open for options',
    member: 'kurir',
    chats: conversations,
    content: () => ({ poll: { name: 'Lunch?', values: ['Pizza', 'Sushi'], allowAddOption: true } }),
    expected: () => ({ pollCreationMessageV6: { name: 'Lunch?', allowAddOption: true } }),
    stanza: { type: 'poll', meta: { polltype: 'creation' } },
    passages: {
      'kurir to baileys': { differs: { pollCreationMessageV6: 'The schema of Baileys does not have this field.' } },
      'baileys to kurir': { impossible: 'The schema of Baileys does not have this field.' },
    },
  },
  {
    name: 'option added to a poll',
    member: 'kurir',
    chats: conversations,
    content: ({ poll }) => ({ pollAddOption: { poll, option: 'Ramen' } }),
    expected: context => ({
      secretEncryptedMessage: { targetMessageKey: targetOf(context, context.poll), secretEncType: 5 },
    }),
    stanza: { type: 'poll', meta: { polltype: 'edit' }, hidden: true },
    opened: { kind: 'edit', message: { pollAddOptionMessage: { addOption: { optionName: 'Ramen' } } } },
    reported: () => ({
      'messages.update': { update: { message: { pollAddOptionMessage: { addOption: { optionName: 'Ramen' } } } } },
    }),
    passages: { 'baileys to kurir': { impossible: unsealed } },
  },
  {
    name: 'poll vote',
    member: 'kurir',
    chats: conversations,
    content: ({ poll }) => ({ pollVote: { poll, options: ['Pizza'] } }),
    expected: context => ({ pollUpdateMessage: { pollCreationMessageKey: targetOf(context, context.poll), vote: {} } }),
    stanza: { type: 'poll', meta: { polltype: 'vote' }, hidden: true },
    opened: { kind: 'vote', options: ['Pizza'] },
    reported: ({ poll }) => ({
      'messages.update': {
        key: { id: idOf(poll) },
        update: { pollUpdates: [{ vote: { selectedOptions: [hashOf('Pizza')] } }] },
      },
    }),
    byPhone: (phone, { poll }) => phone.vote(idOf(poll), ['Pizza']),
    passages: {
      'kurir to baileys': emptyParticipant('pollUpdateMessage.pollCreationMessageKey'),
      'baileys to kurir': { impossible: unsealed },
    },
  },
  {
    name: 'poll result',
    member: 'kurir',
    chats: ['user', 'group'],
    content: () => ({ pollResult: { name: 'Lunch?', votes: [{ name: 'Pizza', count: 3 }] } }),
    expected: () => ({
      pollResultSnapshotMessage: { name: 'Lunch?', pollVotes: [{ optionName: 'Pizza', optionVoteCount: 3 }] },
    }),
    stanza: text,
    passages: { 'baileys to kurir': { relayed: withoutContent } },
  },
]
