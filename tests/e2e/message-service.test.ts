import { createReadStream } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Phone, PhoneMessage } from '@kurir/simulator'
import { getContentType, type WAMessage } from 'kurir'
import { MessageService } from 'kurir/services'
import { describe, expect, it } from 'vitest'
import { animatedWebp, mp4, opus, pdf, png } from '../kinds/files.js'
import { type KurirClient, rejection, textOf } from './support/kurir-client.js'
import { worldForEachTest } from './support/world.js'

const world = worldForEachTest()

interface Scene {
  readonly messages: MessageService
  readonly client: KurirClient
  readonly owner: Phone
  readonly reader: Phone
  /** What the reader's phone has of a sent message. */
  arrived(sent: WAMessage): Promise<PhoneMessage>
}

async function scene(): Promise<Scene> {
  const [owner, reader] = [await world().phone('Owner'), await world().phone('Reader')]
  const client = await world().linked(owner)
  const arrived = ({ key }: WAMessage) => reader.waitForMessage(({ id }) => id === key.id)
  // A function, as in programs that make a new socket after each connection.
  return { messages: new MessageService(() => client.socket), client, owner, reader, arrived }
}

const received = (client: KurirClient, fits: (message: WAMessage) => boolean) =>
  client.waitFor(() => client.readable.find(fits), 'a message')

type Send = (messages: MessageService, chat: string) => Promise<WAMessage>

const card = { name: 'Cleo', phone: '+62 811 1000 1' }

const kinds: readonly (readonly [string, Send, object])[] = [
  ['text', (to, chat) => to.sendText(chat, 'hello'), { extendedTextMessage: { text: 'hello' } }],
  ['image', (to, chat) => to.sendImage(chat, png(2, 3), { caption: 'grey' }), { imageMessage: { caption: 'grey' } }],
  ['video', (to, chat) => to.sendVideo(chat, mp4(4, 2, 7)), { videoMessage: { seconds: 7 } }],
  ['GIF', (to, chat) => to.sendGif(chat, mp4(4, 2, 7)), { videoMessage: { gifPlayback: true } }],
  ['video note', (to, chat) => to.sendVideoNote(chat, mp4(4, 4, 7)), { ptvMessage: { seconds: 7 } }],
  ['audio', (to, chat) => to.sendAudio(chat, opus(3)), { audioMessage: { seconds: 3 } }],
  ['voice', (to, chat) => to.sendVoice(chat, opus(3)), { audioMessage: { ptt: true } }],
  [
    'document',
    (to, chat) => to.sendDocument(chat, new Uint8Array(pdf()), { mimetype: 'application/pdf', fileName: 'a.pdf' }),
    { documentMessage: { fileName: 'a.pdf' } },
  ],
  ['sticker', (to, chat) => to.sendSticker(chat, animatedWebp()), { stickerMessage: { isAnimated: true } }],
  [
    'location',
    (to, chat) => to.sendLocation(chat, { latitude: -6.2, longitude: 106.8, name: 'Jakarta' }),
    { locationMessage: { degreesLatitude: -6.2, degreesLongitude: 106.8, name: 'Jakarta' } },
  ],
  ['contact', (to, chat) => to.sendContacts(chat, [card]), { contactMessage: { displayName: 'Cleo' } }],
  [
    'contacts',
    (to, chat) => to.sendContacts(chat, [card, { name: 'Dewi', phone: '6281110002' }]),
    {
      contactsArrayMessage: { displayName: '2 contacts', contacts: [{ displayName: 'Cleo' }, { displayName: 'Dewi' }] },
    },
  ],
  [
    'poll',
    (to, chat) => to.sendPoll(chat, 'Lunch?', ['Pizza', 'Sushi'], { selectableCount: 1 }),
    { pollCreationMessageV3: { name: 'Lunch?', options: [{ optionName: 'Pizza' }, { optionName: 'Sushi' }] } },
  ],
  [
    'event',
    (to, chat) => to.sendEvent(chat, { name: 'Lunch', startDate: new Date(1_800_000_000_000) }),
    { eventMessage: { name: 'Lunch' } },
  ],
]

describe('MessageService sends', () => {
  it.each(kinds)('%s', async (_, send, content) => {
    const { messages, reader, arrived } = await scene()
    expect((await arrived(await send(messages, reader.jid))).message).toMatchObject(content)
  })

  it('to a phone number as people write it', async () => {
    const { messages, reader, arrived } = await scene()
    const sent = await messages.sendText(`+${reader.number}`, 'hello')
    expect((await arrived(sent)).text).toBe('hello')
  })

  it('files by path, stream and URL alike', async () => {
    const { messages, reader, arrived } = await scene()
    const folder = await mkdtemp(join(tmpdir(), 'kurir-message-service-'))
    const path = join(folder, 'picture.png')
    try {
      await writeFile(path, png(5, 6))
      const data = `data:image/png;base64,${png(5, 6).toString('base64')}`
      for (const file of [path, createReadStream(path), new URL(`file://${path}`), data, png(5, 6)]) {
        const sent = await messages.sendImage(reader.jid, file)
        expect((await arrived(sent)).message.imageMessage).toMatchObject({ width: 5, height: 6 })
        expect(await messages.downloadMedia(sent)).toEqual(png(5, 6))
      }
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })

  it('an album: its head, and the items that belong to it', async () => {
    const { messages, reader, arrived } = await scene()
    const album = await messages.sendAlbum(reader.jid, [{ image: png(2, 2), caption: 'one' }, { video: mp4(2, 2, 1) }])
    expect((await arrived(album.head)).message.albumMessage).toMatchObject({
      expectedImageCount: 1,
      expectedVideoCount: 1,
    })
    for (const item of album.items) {
      const { message } = await arrived(item)
      expect(message.messageContextInfo?.messageAssociation?.parentMessageKey?.id).toBe(album.head.key.id)
    }
    expect(await rejection(messages.sendAlbum(reader.jid, [{ image: png(2, 2) }]))).toMatchObject({
      code: 'invalid-content',
    })
  })

  it('a status to its audience', async () => {
    const { messages, reader, arrived } = await scene()
    const posted = await messages.sendStatus({ text: 'good morning' }, [reader.number])
    expect(await arrived(posted)).toMatchObject({ chat: 'status@broadcast', text: 'good morning' })
  })

  it('nothing to a chat that is none, and says so', async () => {
    const { messages } = await scene()
    expect(await rejection(messages.sendText('Alice', 'hello'))).toMatchObject({ code: 'invalid-jid' })
  })

  it('no request in place of a message', async () => {
    const { messages, reader, owner } = await scene()
    const group = await (await world().phone('Other')).createGroup('Lunch', [owner.jid, reader.jid])
    expect(await rejection(messages.send(group, { disappearingMessagesInChat: 86_400 }))).toMatchObject({
      code: 'not-a-message',
    })
  })
})

describe('MessageService, with a message that is there', () => {
  it('answers, edits, reacts, takes back, pins, forwards', async () => {
    const { messages, client, owner, reader, arrived } = await scene()
    await reader.send(owner.jid, { text: 'a question' })
    await client.text('a question')
    const question = client.readable.find(message => textOf(message) === 'a question')
    if (!question) throw new Error('no question')
    const reply = await messages.sendReply(question, 'an answer')
    const quoted = (await arrived(reply)).message.extendedTextMessage?.contextInfo
    expect(quoted).toMatchObject({ stanzaId: question.key.id })
    const edited = await arrived(await messages.editMessage(reply, 'a better answer'))
    expect(edited.message.protocolMessage?.editedMessage?.extendedTextMessage?.text).toBe('a better answer')
    const reacted = await arrived(await messages.react(question, '👍'))
    expect(reacted.message.reactionMessage).toMatchObject({ text: '👍', key: { id: question.key.id } })
    expect((await arrived(await messages.removeReaction(question))).message.reactionMessage).toMatchObject({ text: '' })
    const pinned = await arrived(await messages.pin(question, 1))
    expect(pinned.message).toMatchObject({
      pinInChatMessage: { type: 1, key: { id: question.key.id } },
      messageContextInfo: { messageAddOnDurationInSecs: 86_400 },
    })
    expect((await arrived(await messages.unpin(question))).message.pinInChatMessage).toMatchObject({ type: 2 })
    expect((await arrived(await messages.keep(question))).message.keepInChatMessage).toMatchObject({ keepType: 1 })
    expect((await arrived(await messages.undoKeep(question))).message.keepInChatMessage).toMatchObject({ keepType: 2 })
    const forwarded = await arrived(await messages.forward(question, reader.jid))
    expect(getContentType(forwarded.message)).toBe('extendedTextMessage')
    expect(forwarded.message.extendedTextMessage).toMatchObject({
      text: 'a question',
      contextInfo: { isForwarded: true, forwardingScore: 1 },
    })
    const taken = await arrived(await messages.deleteForEveryone(reply))
    expect(taken.message.protocolMessage).toMatchObject({ type: 0, key: { id: reply.key.id } })
  })

  it('votes and answers events', async () => {
    const { messages, client, owner, reader, arrived } = await scene()
    await reader.send(owner.jid, { poll: { name: 'Lunch?', options: ['Pizza', 'Sushi'] } })
    const poll = await received(client, ({ message }) => message?.pollCreationMessage != null)
    const vote = await arrived(await messages.vote(poll, ['Sushi']))
    expect(vote.addOn).toMatchObject({ kind: 'vote' })
    await reader.send(owner.jid, { event: { name: 'Lunch', startTime: 1_800_000_000 } })
    const event = await received(client, ({ message }) => message?.eventMessage != null)
    const answer = await arrived(await messages.answerEvent(event, 'going', 2))
    expect(answer.addOn).toMatchObject({ kind: 'event-response', response: 'GOING' })
  })

  it('marks messages as read, and their author hears of it', async () => {
    const { messages, client, owner, reader } = await scene()
    const id = await reader.send(owner.jid, { text: 'read me' })
    const message = await received(client, candidate => candidate.key.id === id)
    await messages.markRead([message])
    await reader.waitForReceipt(({ ids, type }) => ids.includes(id) && type === 'read')
  })

  it('asks the phone for what was before', async () => {
    const { messages, client, owner, reader } = await scene()
    const id = await reader.send(owner.jid, { text: 'the oldest' })
    const oldest = await received(client, candidate => candidate.key.id === id)
    expect(await messages.fetchOlder(oldest, 10)).toMatch(/^[0-9A-F]{8,}$/)
    expect(await rejection(messages.fetchOlder(oldest, 0))).toMatchObject({ code: 'invalid-history-request' })
  })

  it('refuses a message that is not named', async () => {
    const { messages } = await scene()
    expect(await rejection(messages.react({ remoteJid: undefined, id: 'A' }, '👍'))).toMatchObject({
      code: 'incomplete-message-key',
    })
    expect(await rejection(messages.react({ remoteJid: '628@s.whatsapp.net', id: 'A' }, ''))).toMatchObject({
      code: 'invalid-content',
    })
  })
})
