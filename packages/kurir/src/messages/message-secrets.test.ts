import { describe, expect, it } from 'vitest'
import type { BinaryNode } from '../binary/node.js'
import { proto } from '../proto/index.js'
import { botReplyContext, botSecretOf, openBotReply, sealBotReply } from './bot-replies.js'
import {
  decryptEventResponse,
  decryptPollVote,
  deriveSecretKey,
  hashPollOption,
  type MessageSecretUseCase,
  messageSecretOf,
  openWithCandidates,
  openWithSecret,
  sealWithSecret,
  secretContexts,
} from './message-secrets.js'
import { hex, me, readFixture } from './testing/fixtures.js'

interface Case {
  useCase: MessageSecretUseCase
  aad: string
  key: string
  plaintext: string
  payload: string
}
interface Vectors {
  secret: string
  origMessageId: string
  origSender: string
  modifier: string
  iv: string
  cases: Case[]
  pollOptions: { name: string; sha256: string }[]
  bot: Record<'botJid' | 'origMessageId' | 'targetSender' | 'botSecret' | 'key' | 'plaintext' | 'payload', string>
}
const vectors = readFixture<Vectors>('vectors/02-message-secrets.json')
const secret = hex(vectors.secret)
const context = { messageId: vectors.origMessageId, originalSender: vectors.origSender, modifier: vectors.modifier }

describe('add-ons sealed with a message secret', () => {
  for (const { useCase, key, plaintext, payload } of vectors.cases) {
    it(useCase, () => {
      expect(deriveSecretKey(secret, context, useCase).toString('hex')).toBe(key)
      const sealed = sealWithSecret(hex(plaintext), secret, context, useCase, hex(vectors.iv))
      expect(Buffer.from(sealed.encPayload).toString('hex')).toBe(payload)
      expect(openWithSecret(sealed, secret, context, useCase).toString('hex')).toBe(plaintext)
    })
  }

  const addons = readFixture<{
    messageSecretHex: string
    parentMessageId: string
    derivations: { infoUtf8: string; useCase: string; keyHex: string }[]
    cases: {
      name: string
      useCase: string
      originalSender: string
      modificationSender: string
      keyHex: string
      ivHex: string
      plaintextHex: string
      ciphertextHex: string
    }[]
  }>('vectors/03-addon-crypto.json')
  const parentSecret = hex(addons.messageSecretHex)

  for (const vector of addons.cases) {
    if (vector.useCase === '' || vector.name.startsWith('bot')) continue
    it(`03: ${vector.name}`, () => {
      const parent = {
        messageId: addons.parentMessageId,
        originalSender: vector.originalSender,
        modifier: vector.modificationSender,
      }
      const useCase = vector.useCase as MessageSecretUseCase
      const sealed = { encPayload: hex(vector.ciphertextHex), encIv: hex(vector.ivHex) }
      expect(deriveSecretKey(parentSecret, parent, useCase).toString('hex')).toBe(vector.keyHex)
      expect(openWithSecret(sealed, parentSecret, parent, useCase).toString('hex')).toBe(vector.plaintextHex)
    })
  }

  for (const { name, sha256 } of vectors.pollOptions) {
    it(`option ${name} is named by its hash`, () => expect(hashPollOption(name).toString('hex')).toBe(sha256))
  }

  it('tries LIDs, phone numbers, then what was seen (docs/protocol/02, 13.1)', () => {
    const original = { lid: '1@lid', pn: '1@s.whatsapp.net', asSeen: '1@lid' }
    const modifier = { lid: '2@lid', pn: '2@s.whatsapp.net', asSeen: '2@s.whatsapp.net' }
    const contexts = secretContexts('M', original, modifier)
    expect(contexts.map(({ originalSender, modifier: by }) => `${originalSender} ${by}`)).toEqual([
      '1@lid 2@lid',
      '1@s.whatsapp.net 2@s.whatsapp.net',
      '1@lid 2@s.whatsapp.net',
    ])
    const sealed = sealWithSecret(Buffer.from('vote'), secret, contexts[1]!, 'Poll Vote')
    expect(openWithCandidates(sealed, secret, contexts, 'Poll Vote')).toEqual({
      plaintext: Buffer.from('vote'),
      context: contexts[1],
    })
    expect(openWithCandidates(sealed, secret, contexts.slice(2), 'Poll Vote')).toBeUndefined()
  })

  it('opens added options under both names (docs/protocol/02, 16: on receive try both)', () => {
    const sealed = sealWithSecret(Buffer.from('option'), secret, context, 'Poll Edit')
    expect(openWithCandidates(sealed, secret, [context], 'Poll Add Option')?.plaintext.toString()).toBe('option')
  })

  it('is refused when damaged, misattributed or incomplete', () => {
    const sealed = sealWithSecret(Buffer.from('x'), secret, context, 'Poll Vote')
    const damaged = Buffer.from(sealed.encPayload)
    damaged[0] = damaged[0]! ^ 1
    const open =
      (payload: object, by = context) =>
      () =>
        openWithSecret({ ...sealed, ...payload }, secret, by, 'Poll Vote')
    expect(open({ encPayload: damaged })).toThrow(expect.objectContaining({ code: 'mac-mismatch' }))
    expect(open({}, { ...context, modifier: '9@lid' })).toThrow(expect.objectContaining({ code: 'mac-mismatch' }))
    expect(open({ encIv: Buffer.alloc(16) })).toThrow(expect.objectContaining({ code: 'invalid-sealed-payload' }))
    expect(open({ encPayload: null })).toThrow(expect.objectContaining({ code: 'invalid-sealed-payload' }))
    expect(() => deriveSecretKey(Buffer.alloc(31), context, '')).toThrow(
      expect.objectContaining({ code: 'invalid-message-secret' }),
    )
  })

  it('votes and event answers open by the public functions', () => {
    const vote = proto.Message.PollVoteMessage.encode({ selectedOptions: [hashPollOption('Yes')] }).finish()
    const sealedVote = sealWithSecret(vote, secret, context, 'Poll Vote')
    const voter = {
      pollCreatorJid: vectors.origSender,
      pollMsgId: context.messageId,
      pollEncKey: secret,
      voterJid: vectors.modifier,
    }
    expect(decryptPollVote(sealedVote, voter).selectedOptions).toEqual([hashPollOption('Yes')])
    const answer = proto.Message.EventResponseMessage.encode({ response: 1 }).finish()
    const sealedAnswer = sealWithSecret(answer, secret, context, 'Event Response')
    const responder = {
      eventCreatorJid: vectors.origSender,
      eventMsgId: context.messageId,
      eventEncKey: secret,
      responderJid: vectors.modifier,
    }
    expect(decryptEventResponse(sealedAnswer, responder).response).toBe(1)
  })

  it('finds the secret in the message, or beside it in history', () => {
    expect(messageSecretOf({ message: { messageContextInfo: { messageSecret: secret } } })).toBe(secret)
    expect(messageSecretOf({ message: { conversation: 'x' }, messageSecret: secret })).toBe(secret)
    expect(messageSecretOf({})).toBeUndefined()
  })
})

describe('bot replies', () => {
  const { bot } = vectors
  const replyContext = {
    targetId: 'P',
    targetSender: bot.targetSender,
    targetChat: undefined,
    sealedId: bot.origMessageId,
    botJid: bot.botJid,
  }

  it('open with the secret of the prompt', () => {
    expect(botSecretOf(secret).toString('hex')).toBe(bot.botSecret)
    const content = proto.MessageSecretMessage.encode({
      version: 1,
      encIv: hex(vectors.iv),
      encPayload: hex(bot.payload),
    }).finish()
    expect(openBotReply(content, secret, replyContext).toString('hex')).toBe(bot.plaintext)
    const sealed = sealBotReply(hex(bot.plaintext), secret, replyContext, hex(vectors.iv))
    expect(Buffer.from(sealed.encPayload).toString('hex')).toBe(bot.payload)
  })

  it('are refused without nonce, or for another prompt', () => {
    const content = proto.MessageSecretMessage.encode({ encPayload: hex(bot.payload) }).finish()
    expect(() => openBotReply(content, secret, replyContext)).toThrow(
      expect.objectContaining({ code: 'invalid-sealed-payload' }),
    )
    const sealed = sealBotReply(Buffer.from('x'), secret, replyContext, hex(vectors.iv))
    const other = proto.MessageSecretMessage.encode(sealed).finish()
    expect(() => openBotReply(other, secret, { ...replyContext, sealedId: 'OTHER' })).toThrow(
      expect.objectContaining({ code: 'mac-mismatch' }),
    )
  })

  const stanza = (meta: Record<string, string>, edit?: Record<string, string>): BinaryNode => ({
    tag: 'message',
    attrs: { id: 'R1', from: bot.botJid },
    content: [{ tag: 'meta', attrs: meta }, ...(edit === undefined ? [] : [{ tag: 'bot', attrs: edit }])],
  })

  it('name their prompt; later parts are sealed under the first id (docs/protocol/02, 13.5)', () => {
    expect(botReplyContext(stanza({ target_id: 'P' }), bot.botJid, me)).toEqual({
      targetId: 'P',
      targetSender: '100000000000001@lid',
      targetChat: undefined,
      sealedId: 'R1',
      botJid: bot.botJid,
    })
    const later = botReplyContext(stanza({ target_id: 'P' }, { edit: 'last', edit_target_id: 'R0' }), bot.botJid, me)
    expect(later.sealedId).toBe('R0')
    expect(
      botReplyContext(stanza({ target_id: 'P' }, { edit: 'full', edit_target_id: 'R0' }), bot.botJid, me).sealedId,
    ).toBe('R1')
    const byPhone = botReplyContext(stanza({ target_id: 'P' }), '13135550002@s.whatsapp.net', me)
    expect(byPhone.targetSender).toBe('15550001111@s.whatsapp.net')
    expect(() => botReplyContext(stanza({}), bot.botJid, me)).toThrow(
      expect.objectContaining({ code: 'invalid-stanza' }),
    )
  })
})
