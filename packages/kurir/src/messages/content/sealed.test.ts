import { describe, expect, it } from 'vitest'
import type { WAMessage, WAMessageKey } from '../../events/message-types.js'
import { proto } from '../../proto/index.js'
import { generateWAMessageContent } from '../generate.js'
import { hashPollOption, type MessageSecretUseCase, openWithSecret } from '../message-secrets.js'
import { hex, readFixture } from '../testing/fixtures.js'
import type { AnyMessageContent, MessageContentGenerationOptions } from './content-types.js'

interface Vectors {
  messageSecretHex: string
  parentMessageId: string
  cases: { name: string; messageProtoHex: string; ivHex: string }[]
}
const vectors = readFixture<Vectors>('vectors/03-addon-crypto.json')
const secret = hex(vectors.messageSecretHex)
const id = vectors.parentMessageId
const pn = { creator: '15550001111@s.whatsapp.net', voter: '15550002222@s.whatsapp.net' }
const lid = { creator: '100000000000001@lid', voter: '100000000000002@lid' }
const group = '120363000000000001@g.us'

/** A message of the creator as the voter sees it. */
const parent = (author: string, message: proto.IMessage): WAMessage => ({
  key: { remoteJid: author, fromMe: false, id },
  message: { ...message, messageContextInfo: { messageSecret: secret } },
})
const names = ['Pizza', 'Sushi', 'Döner 🥙']
const lunch = { name: 'Lunch?', options: names.map(optionName => ({ optionName })), selectableOptionsCount: 0 }
const poll = (author: string) => parent(author, { pollCreationMessage: lunch })
const party = parent(pn.creator, { eventMessage: { name: 'Party' } })
const ownKey: WAMessageKey = { remoteJid: pn.creator, fromMe: true, id }
const voter = { userJid: '15550002222:3@s.whatsapp.net', userLid: '100000000000002:3@lid', jid: pn.creator }
const creator = { userJid: '15550001111:7@s.whatsapp.net', jid: pn.creator }

describe('sealed add-ons as other clients make them', () => {
  const samples: Record<string, [AnyMessageContent, MessageContentGenerationOptions]> = {
    poll_vote_cleared: [{ pollVote: { poll: poll(pn.creator), options: [] } }, voter],
    poll_vote_two: [{ pollVote: { poll: poll(pn.creator), options: ['Pizza', 'Döner 🥙'] } }, voter],
    poll_vote_lid: [{ pollVote: { poll: poll(lid.creator), options: ['Pizza'] } }, { ...voter, jid: lid.creator }],
    event_response_going: [{ eventResponse: { event: party, response: 'going', extraGuestCount: 2 } }, voter],
    event_response_not_going: [{ eventResponse: { event: party, response: 'not_going' } }, voter],
    event_response_maybe: [{ eventResponse: { event: party, response: 'maybe' } }, voter],
    secret_poll_add_option: [{ pollAddOption: { poll: poll(pn.creator), option: 'Ramen' } }, voter],
  }
  for (const [name, [content, options]] of Object.entries(samples)) {
    it(name, async () => {
      const vector = vectors.cases.find(each => each.name === name)
      const sealingIv = hex(vector?.ivHex ?? '')
      const made = await generateWAMessageContent(content, { ...options, now: 1_700_000_000_123, sealingIv })
      const { messageContextInfo, ...bare } = made
      expect(proto.Message.encode(bare).finish().toString('hex')).toBe(vector?.messageProtoHex)
    })
  }

  it('a vote for one of several options has the hash of its text', async () => {
    const made = await generateWAMessageContent(
      { pollVote: { poll: poll(pn.creator), options: ['Sushi', 'Sushi'] } },
      voter,
    )
    const vote = open(made.pollUpdateMessage?.vote, pn.creator, pn.voter, 'Poll Vote')
    expect(proto.Message.PollVoteMessage.decode(vote).selectedOptions).toEqual([hashPollOption('Sushi')])
  })
})

function open(
  sealed: Parameters<typeof openWithSecret>[0] | null | undefined,
  originalSender: string,
  modifier: string,
  useCase: MessageSecretUseCase,
): Buffer {
  return openWithSecret(sealed ?? {}, secret, { messageId: id, originalSender, modifier }, useCase)
}

describe('what belongs to the announcement group of a community (docs/protocol/03, 8.5)', () => {
  const post: WAMessage = {
    key: { remoteJid: group, fromMe: false, id, participant: lid.creator },
    message: { conversation: 'news', messageContextInfo: { messageSecret: secret } },
  }
  const options = {
    ...voter,
    jid: group,
    isCommunityAnnouncement: true,
    getMessage: async () => post.message ?? undefined,
  }

  it('reactions are sealed', async () => {
    const { reactionMessage, encReactionMessage } = await generateWAMessageContent(
      { react: { text: '👍', key: post.key } },
      { ...options, now: 5 },
    )
    expect(reactionMessage ?? undefined).toBeUndefined()
    expect(encReactionMessage?.targetMessageKey).toEqual(post.key)
    const reaction = open(encReactionMessage, lid.creator, lid.voter, 'Enc Reaction')
    expect(proto.Message.ReactionMessage.decode(reaction)).toMatchObject({ text: '👍', key: null })
  })

  it('comments name their message inside and outside', async () => {
    const { encCommentMessage } = await generateWAMessageContent({ comment: { message: post, text: 'hi' } }, options)
    const comment = proto.Message.CommentMessage.decode(open(encCommentMessage, lid.creator, lid.voter, 'Enc Comment'))
    expect(comment.message?.conversation).toBe('hi')
    expect(encCommentMessage?.targetMessageKey).toEqual(post.key)
  })

  it('comments elsewhere are refused', async () => {
    const made = generateWAMessageContent({ comment: { message: post, text: 'hi' } }, voter)
    await expect(made).rejects.toMatchObject({ data: { field: 'comment' } })
  })
})

describe('sealed edits (docs/protocol/03, 8.6)', () => {
  it('an event is changed with its own secret', async () => {
    const event = { name: 'Later', startDate: new Date(1_700_003_600_000), isCancelled: true, messageSecret: secret }
    const { secretEncryptedMessage } = await generateWAMessageContent({ event, edit: ownKey }, creator)
    expect(secretEncryptedMessage).toMatchObject({ targetMessageKey: ownKey, secretEncType: 1 })
    const plaintext = open(secretEncryptedMessage, pn.creator, pn.creator, 'Event Edit')
    expect(proto.Message.decode(plaintext)).toMatchObject({ eventMessage: { name: 'Later', isCanceled: true } })
    expect(proto.Message.decode(plaintext).messageContextInfo).toBeNull()
  })

  it('a poll too; its message may come from getMessage', async () => {
    const getMessage = async () => poll(pn.creator).message ?? undefined
    const made = await generateWAMessageContent(
      { poll: { name: 'Dinner?', values: names }, edit: ownKey },
      { ...creator, getMessage },
    )
    const plaintext = open(made.secretEncryptedMessage, pn.creator, pn.creator, 'Poll Edit')
    expect(proto.Message.decode(plaintext).pollCreationMessage?.name).toBe('Dinner?')
  })
})

describe('sealing is refused', () => {
  const vote = (options: string[], message: WAMessage = poll(pn.creator)): AnyMessageContent => ({
    pollVote: { poll: message, options },
  })
  it('without the message that it belongs to', async () => {
    const made = generateWAMessageContent({ pollVote: { poll: poll(pn.creator).key, options: ['Pizza'] } }, voter)
    await expect(made).rejects.toMatchObject({ code: 'missing-message-secret', data: { id, field: 'pollVote.poll' } })
  })
  it('for options that the poll has not, or too many', async () => {
    const single = parent(pn.creator, { pollCreationMessageV3: { ...lunch, selectableOptionsCount: 1 } })
    for (const content of [vote(['Ramen']), vote(['Pizza', 'Sushi'], single)]) {
      await expect(generateWAMessageContent(content, voter)).rejects.toMatchObject({
        code: 'invalid-content',
        data: { field: 'pollVote.options' },
      })
    }
  })
  it('for an answer that is none', async () => {
    const eventResponse = { event: party, response: 'perhaps' as 'maybe' }
    await expect(generateWAMessageContent({ eventResponse }, voter)).rejects.toMatchObject({
      data: { field: 'eventResponse.response' },
    })
  })
  it('without knowing who we are', async () => {
    await expect(generateWAMessageContent(vote(['Pizza']), { jid: pn.creator })).rejects.toMatchObject({
      data: { field: 'userJid' },
    })
  })
})
