import { describe, expect, it } from 'vitest'
import type { WAMessage } from '../events/message-types.js'
import { getAggregateResponsesInEventMessage, getAggregateVotesInPollMessage } from './aggregates.js'
import { hashPollOption } from './message-secrets.js'
import { readFixture } from './testing/fixtures.js'

const vectors = readFixture<{
  voteAggregation: { meId: string; options: string[]; votes: [string, string[]][]; result: unknown }
  eventAggregationInput: { meId: string; eventResponses: NonNullable<WAMessage['eventResponses']> }
  eventAggregation: unknown
}>('vectors/03-addon-crypto.json')

const chat = '120363000000000001@g.us'
const optionsOf = (names: readonly string[]) => names.map(optionName => ({ optionName }))
const keyOf = (voter: string) =>
  voter.startsWith('(own')
    ? { remoteJid: chat, fromMe: true, id: 'V' }
    : { remoteJid: chat, fromMe: false, id: 'V', participant: voter }
const voteOf = (voter: string, names: readonly string[], senderTimestampMs?: number) => ({
  pollUpdateMessageKey: keyOf(voter),
  vote: { selectedOptions: names.map(hashPollOption) },
  ...(senderTimestampMs === undefined ? {} : { senderTimestampMs }),
})

describe('votes on a poll', () => {
  const { meId, options, votes, result } = vectors.voteAggregation
  const pollUpdates = votes.map(([voter, names]) => voteOf(voter, names))

  it.each(['pollCreationMessage', 'pollCreationMessageV2', 'pollCreationMessageV3', 'pollCreationMessageV5'] as const)(
    'are counted by option: %s',
    kind => {
      const message = { [kind]: { options: optionsOf(options) } }
      expect(getAggregateVotesInPollMessage({ message, pollUpdates }, meId)).toEqual(result)
      expect(getAggregateVotesInPollMessage({ message: { ephemeralMessage: { message } }, pollUpdates }, meId)).toEqual(
        result,
      )
    },
  )

  it('replace the earlier vote of their voter, whatever their order (docs/protocol/03, 8.2)', () => {
    const message = { pollCreationMessageV3: { options: optionsOf(['A', 'B']) } }
    const later = [voteOf('2@lid', ['B'], 20), voteOf('2@lid', ['A'], 10), voteOf('3@lid', ['A'], 1)]
    expect(getAggregateVotesInPollMessage({ message, pollUpdates: later })).toEqual([
      { name: 'A', voters: ['3@lid'] },
      { name: 'B', voters: ['2@lid'] },
    ])
    const withdrawn = [voteOf('2@lid', ['A'], 10), voteOf('2@lid', [], 20)]
    expect(getAggregateVotesInPollMessage({ message, pollUpdates: withdrawn })).toEqual([
      { name: 'A', voters: [] },
      { name: 'B', voters: [] },
    ])
  })

  it('of nothing are none', () => {
    expect(getAggregateVotesInPollMessage({})).toEqual([])
  })
})

describe('answers to an event', () => {
  const { meId, eventResponses } = vectors.eventAggregationInput

  it('are counted in the form that Baileys reads', () => {
    expect(getAggregateResponsesInEventMessage({ eventResponses }, meId)).toEqual(vectors.eventAggregation)
  })

  it('are counted in the form of its events and of the schema (docs/protocol/03, 8.4)', () => {
    const eventResponseMessageKey = (id: string) => ({ remoteJid: `${id}@lid`, fromMe: false, id })
    const answers = [
      { eventResponseMessageKey: eventResponseMessageKey('1'), senderTimestampMs: 1, response: { response: 1 } },
      { eventResponseMessageKey: eventResponseMessageKey('1'), senderTimestampMs: 2, response: { response: 3 } },
      { eventResponseMessageKey: eventResponseMessageKey('2'), timestampMs: 1, eventResponseMessage: { response: 2 } },
      { eventResponseMessageKey: eventResponseMessageKey('3') },
    ]
    expect(getAggregateResponsesInEventMessage({ eventResponses: answers })).toEqual([
      { response: 'GOING', responders: [] },
      { response: 'NOT_GOING', responders: ['2@lid'] },
      { response: 'MAYBE', responders: ['1@lid'] },
    ])
  })
})
