import { describe, expect, it } from 'vitest'
import type { WAMessage } from '../events/message-types.js'
import { proto } from '../proto/index.js'
import { addOnEffects } from './add-on-effects.js'
import { cleanMessage } from './clean.js'
import { hashPollOption, type MessageSecretUseCase, sealWithSecret } from './message-secrets.js'
import { authorOf, isOtherPerson, isSamePerson, personOf } from './people.js'
import { type AddOnParent, type OpenedAddOn, openAddOn, sealedAddOnOf } from './sealed-add-ons.js'
import { hex, me, plain, readFixture, revive, withoutEmptyLists } from './testing/fixtures.js'

interface Case {
  name: string
  useCase: string
  originalSender: string
  modificationSender: string
  plaintextHex: string
  messageProtoHex?: string
  decodedPlaintext?: { kind: string; [member: string]: unknown }
}
const vectors = readFixture<{ messageSecretHex: string; parentMessageId: string; cases: Case[] }>(
  'vectors/03-addon-crypto.json',
)
const secret = hex(vectors.messageSecretHex)
const parent: AddOnParent = { secret, author: undefined }
const chat = '15550002222@s.whatsapp.net'
const bothNames = (pn: string, lid: string) => personOf(pn, lid)
const own = bothNames('15550001111@s.whatsapp.net', '100000000000001@lid')
const peer = bothNames(chat, '100000000000002@lid')

/** The message as it reaches us from whoever made the add-on. */
function received({ messageProtoHex, modificationSender }: Case): WAMessage {
  const fromMe = modificationSender.startsWith('15550001111') || modificationSender.startsWith('100000000000001@')
  const message: WAMessage = {
    key: { remoteJid: chat, fromMe, id: 'ADD-ON' },
    messageTimestamp: 1_700_000_000,
    message: proto.Message.decode(hex(messageProtoHex ?? '')),
  }
  cleanMessage(message, me.id, me.lid)
  return message
}

describe('sealed add-ons of the vectors (docs/protocol/03, 8)', () => {
  for (const vector of vectors.cases) {
    if (vector.messageProtoHex === undefined || vector.name.startsWith('bot')) continue

    it(vector.name, () => {
      const message = received(vector)
      const addOn = sealedAddOnOf(message.message)
      expect(addOn).toMatchObject({
        useCase: vector.useCase,
        target: { id: expect.any(String) },
      })
      if (addOn === undefined) return
      const sender = message.key.fromMe ? own : peer
      const opened = openAddOn(addOn, parent, authorOf(addOn.target, me), sender)
      expect(opened).toBeDefined()
      expect(contentOf(opened)).toEqual(expectedContent(vector))
      const [event] = opened ? addOnEffects(message, addOn, opened) : []
      expect(event?.kind).toBe('event')
    })
  }
})

/** What was inside, in the form of the vectors. */
function contentOf(opened: OpenedAddOn | undefined): unknown {
  switch (opened?.kind) {
    case 'vote':
      return comparable(opened.vote)
    case 'event-response':
      return comparable(opened.response)
    case 'reaction':
      return comparable(opened.reaction)
    case 'content':
      return comparable(opened.content.commentMessage ?? opened.content)
    case 'edit':
      return comparable(opened.content)
    default:
      return opened
  }
}

function expectedContent({ decodedPlaintext }: Case): unknown {
  const { kind, pollVote, eventResponse, reaction, comment, message } = decodedPlaintext ?? { kind: '' }
  const edited = message as { protocolMessage?: { editedMessage: unknown } } | undefined
  const content = pollVote ?? eventResponse ?? reaction ?? comment ?? edited?.protocolMessage?.editedMessage ?? edited
  expect(kind).not.toBe('')
  return comparable(revive(content))
}

const comparable = (value: unknown): unknown => withoutEmptyLists(plain(value))

const target = { remoteJid: '1@g.us', fromMe: false, id: 'PARENT', participant: '2@lid' }

/** An add-on as members of a group seal it. */
function sealedBy(
  modifier: string,
  useCase: MessageSecretUseCase,
  plaintext: Uint8Array,
  originalSender = '2@lid',
): proto.Message.IEncReactionMessage {
  const context = { messageId: 'PARENT', originalSender, modifier }
  return { targetMessageKey: target, ...sealWithSecret(plaintext, secret, context, useCase) }
}

describe('who may add what (docs/protocol/03, 12)', () => {
  const edit = (by: string, author = by) => {
    const plaintext = proto.Message.encode({ conversation: 'new' }).finish()
    const sealed = sealedBy(by, 'Message Edit', plaintext, author)
    return sealedAddOnOf({ secretEncryptedMessage: { ...sealed, secretEncType: 2 } })!
  }

  it('edits of the author, under either name', () => {
    const author = personOf('2@lid', '22@s.whatsapp.net')
    expect(openAddOn(edit('2@lid'), parent, author, author)).toMatchObject({ kind: 'edit' })
    expect(openAddOn(edit('22@s.whatsapp.net'), parent, author, author)).toMatchObject({ kind: 'edit' })
  })

  it('no edits of others: everybody who got a message has its secret', () => {
    const author = personOf('2@lid')
    const mallory = personOf('3@lid')
    expect(openAddOn(edit('3@lid'), parent, author, mallory)).toEqual({ kind: 'refused', why: 'not-the-author' })
    expect(openAddOn(edit('3@lid'), { ...parent, author }, mallory, mallory)).toEqual({
      kind: 'refused',
      why: 'not-the-author',
    })
    // Sealed in the name of the author it does not even open: the sender is the author of the stanza.
    expect(openAddOn(edit('2@lid'), parent, author, mallory)).toBeUndefined()
  })

  it('no votes in the name of somebody else', () => {
    const vote = proto.Message.PollVoteMessage.encode({ selectedOptions: [hashPollOption('A')] }).finish()
    const sealed = sealedBy('4@lid', 'Poll Vote', vote)
    const addOn = sealedAddOnOf({ pollUpdateMessage: { pollCreationMessageKey: target, vote: sealed } })!
    expect(openAddOn(addOn, parent, personOf('2@lid'), personOf('4@lid'))).toMatchObject({ kind: 'vote' })
    expect(openAddOn(addOn, parent, personOf('2@lid'), personOf('5@lid'))).toBeUndefined()
  })

  it('no vote for more options than the poll allows (docs/protocol/03, 8.2)', () => {
    const selectedOptions = [hashPollOption('A'), hashPollOption('B')]
    const sealed = sealedBy('4@lid', 'Poll Vote', proto.Message.PollVoteMessage.encode({ selectedOptions }).finish())
    const addOn = sealedAddOnOf({ pollUpdateMessage: { pollCreationMessageKey: target, vote: sealed } })!
    const open = (selectableOptions: number) =>
      openAddOn(addOn, { ...parent, selectableOptions }, personOf('2@lid'), personOf('4@lid'))
    expect(open(1)).toEqual({ kind: 'refused', why: 'too-many-options' })
    expect([open(2)?.kind, open(0)?.kind]).toEqual(['vote', 'vote'])
  })

  it('the parent is found under the remembered author when the add-on names another', () => {
    const reaction = proto.Message.ReactionMessage.encode({ text: '👍' }).finish()
    const addOn = sealedAddOnOf({ encReactionMessage: sealedBy('4@lid', 'Enc Reaction', reaction) })!
    const remembered = { ...parent, author: personOf('2@lid') }
    expect(openAddOn(addOn, remembered, personOf('9@lid'), personOf('4@lid'))).toMatchObject({ kind: 'reaction' })
    expect(openAddOn(addOn, parent, personOf('9@lid'), personOf('4@lid'))).toBeUndefined()
  })
})

describe('forms that clients disagree on (docs/protocol/03, 14)', () => {
  const open = (content: proto.IMessage) =>
    openAddOn(sealedAddOnOf(content)!, parent, personOf('2@lid'), personOf('4@lid'))

  it('comments sealed as themselves', () => {
    const comment = proto.Message.encode({ extendedTextMessage: { text: 'hi' } }).finish()
    expect(open({ encCommentMessage: sealedBy('4@lid', 'Enc Comment', comment) })).toMatchObject({
      content: { commentMessage: { message: { extendedTextMessage: { text: 'hi' } } } },
    })
  })

  it('added options sealed as edits', () => {
    const option = { pollAddOptionMessage: { addOption: { optionName: 'New' } } }
    const sealed = sealedBy('4@lid', 'Poll Edit', proto.Message.encode(option).finish())
    expect(open({ secretEncryptedMessage: { ...sealed, secretEncType: 5 } })).toMatchObject({ content: option })
  })
})

describe('people', () => {
  it('are the same under either name, and strangers only when names of one kind differ', () => {
    const known = personOf('2@lid', '22@s.whatsapp.net')
    expect(isSamePerson(known, personOf('22:5@s.whatsapp.net'))).toBe(true)
    expect(isOtherPerson(known, personOf('3@lid'))).toBe(true)
    // A phone number and a LID alone prove nothing.
    expect(isSamePerson(personOf('2@lid'), personOf('22@s.whatsapp.net'))).toBe(false)
    expect(isOtherPerson(personOf('2@lid'), personOf('22@s.whatsapp.net'))).toBe(false)
  })
})
