import { describe, expect, it } from 'vitest'
import { getKeyAuthor, messageIdentity } from './message-key.js'
import type { WAMessage } from './message-types.js'
import {
  updateMessageWithEventResponse,
  updateMessageWithPollUpdate,
  updateMessageWithReaction,
  updateMessageWithReceipt,
} from './message-updates.js'
import { ana, bob, group, reactionBy } from './testing/samples.js'

const keyBy = (participant: string) => ({ remoteJid: group, id: 'x', fromMe: false, participant })

describe('getKeyAuthor', () => {
  it('prefers the identity that people agree on', () => {
    const full = { participantAlt: 'a', remoteJidAlt: 'b', participant: 'c', remoteJid: 'd' }
    expect(getKeyAuthor(full)).toBe('a')
    expect(getKeyAuthor({ ...full, participantAlt: undefined })).toBe('b')
    expect(getKeyAuthor({ participant: 'c', remoteJid: 'd' })).toBe('c')
    expect(getKeyAuthor({ remoteJid: 'd' })).toBe('d')
    expect(getKeyAuthor({ ...full, fromMe: true })).toBe('me')
    expect(getKeyAuthor({ ...full, fromMe: true }, 'self')).toBe('self')
    expect(getKeyAuthor(undefined)).toBe('')
  })
})

describe('messageIdentity', () => {
  it('is chat, direction and id: an absent direction is not from me', () => {
    expect(messageIdentity({ remoteJid: ana, id: '1' })).toBe(
      messageIdentity({ remoteJid: ana, id: '1', fromMe: false }),
    )
    expect(messageIdentity({ remoteJid: ana, id: '1', fromMe: true })).not.toBe(
      messageIdentity({ remoteJid: ana, id: '1' }),
    )
    expect(messageIdentity({ remoteJid: ana, id: '1', participant: bob })).toBe(
      messageIdentity({ remoteJid: ana, id: '1' }),
    )
  })
})

describe('updateMessageWithReceipt', () => {
  it('keeps one entry per person and does not touch the receipt it is given', () => {
    const message: Pick<WAMessage, 'userReceipt'> = {}
    const first = { userJid: ana, receiptTimestamp: 1 }
    updateMessageWithReceipt(message, first)
    updateMessageWithReceipt(message, { userJid: ana, readTimestamp: 2 })
    updateMessageWithReceipt(message, { userJid: bob, receiptTimestamp: 3 })
    expect(message.userReceipt).toEqual([
      { userJid: ana, receiptTimestamp: 1, readTimestamp: 2 },
      { userJid: bob, receiptTimestamp: 3 },
    ])
    expect(first).toEqual({ userJid: ana, receiptTimestamp: 1 })
  })
})

describe('updateMessageWithReaction', () => {
  it('keeps one reaction per author, and removals as empty text', () => {
    const message: Pick<WAMessage, 'reactions'> = {}
    updateMessageWithReaction(message, reactionBy(ana, '1', 'x'))
    updateMessageWithReaction(message, reactionBy(bob, '2', 'y'))
    updateMessageWithReaction(message, { key: keyBy(ana) })
    expect(message.reactions).toEqual([reactionBy(bob, '2', 'y'), { key: keyBy(ana), text: '' }])
  })
})

describe('updateMessageWithPollUpdate', () => {
  it('keeps one vote per voter, and none of who takes it back', () => {
    const vote = (participant: string, ...options: number[]) => ({
      pollUpdateMessageKey: keyBy(participant),
      vote: { selectedOptions: options.map(option => Buffer.from([option])) },
    })
    const message: Pick<WAMessage, 'pollUpdates'> = {}
    updateMessageWithPollUpdate(message, vote(ana, 1))
    updateMessageWithPollUpdate(message, vote(bob, 1))
    updateMessageWithPollUpdate(message, vote(ana, 2))
    expect(message.pollUpdates).toEqual([vote(bob, 1), vote(ana, 2)])
    updateMessageWithPollUpdate(message, vote(bob))
    expect(message.pollUpdates).toEqual([vote(ana, 2)])
  })
})

describe('updateMessageWithEventResponse', () => {
  it('keeps one answer per person', () => {
    const answer = (participant: string, response: number) => ({
      eventResponseMessageKey: keyBy(participant),
      eventResponseMessage: { response },
    })
    const message: Pick<WAMessage, 'eventResponses'> = {}
    updateMessageWithEventResponse(message, answer(ana, 1))
    updateMessageWithEventResponse(message, answer(bob, 1))
    updateMessageWithEventResponse(message, answer(ana, 2))
    expect(message.eventResponses).toEqual([answer(bob, 1), answer(ana, 2)])
  })
})
