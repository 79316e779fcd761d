import { proto } from 'kurir/proto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Simulator } from '../simulator.js'
import type { Phone } from './phone.js'
import type { PhoneMessage } from './phone-messages.js'

let wa: Simulator
let alice: Phone
let bob: Phone

const violations = () => wa.violations.map(({ kind, message }) => `${kind}: ${message}`)
const FILE = Buffer.from('The quick brown fox jumps over the lazy dog. '.repeat(100))

/** The message with this id at the other phone. */
const arrived = (phone: Phone, id: string): Promise<PhoneMessage> => phone.waitForMessage(message => message.id === id)

beforeEach(async () => {
  wa = await Simulator.start({ seed: 'kinds' })
  alice = await wa.phone('6281110001', { pushName: 'Alice' })
  bob = await wa.phone('6281110002', { pushName: 'Bob' })
})

afterEach(async () => {
  expect(violations()).toEqual([])
  expect([...alice.problems, ...bob.problems]).toEqual([])
  await wa.stop()
})

describe.each(['pn', 'lid', 'group'] as const)('phones in a chat by %s', kind => {
  let chat: { readonly toBob: string; readonly toAlice: string }

  beforeEach(async () => {
    const group = kind === 'group' ? await alice.createGroup('Two', [bob.jid]) : ''
    if (kind === 'group') chat = { toBob: group, toAlice: group }
    else chat = kind === 'pn' ? { toBob: bob.jid, toAlice: alice.jid } : { toBob: bob.lid, toAlice: alice.lid }
  })

  it.each(['image', 'video', 'gif', 'ptv', 'audio', 'ptt', 'document', 'sticker'] as const)(
    'send and open a file: %s',
    async media => {
      const id = await alice.send(chat.toBob, { media, file: FILE, caption: 'fox' })
      const { message } = await arrived(bob, id)
      expect((await bob.download(message)).equals(FILE)).toBe(true)
      expect(await bob.checkFile(message)).toBe(FILE.length)
    },
  )

  it('react, edit, pin, keep and delete', async () => {
    const id = await alice.send(chat.toBob, { text: 'first' })
    await arrived(bob, id)
    const reaction = (await arrived(alice, await bob.react(id, '👍'))).message.reactionMessage
    expect(reaction).toMatchObject({ text: '👍', key: { id, fromMe: false, remoteJid: chat.toAlice } })
    await arrived(alice, await bob.react(id, ''))
    const edited = (await arrived(bob, await alice.edit(id, 'second'))).message.protocolMessage
    expect(edited?.editedMessage?.extendedTextMessage?.text).toBe('second')
    const pinned = (await arrived(alice, await bob.pin(id, 86_400))).message
    expect(pinned.messageContextInfo?.messageAddOnDurationInSecs).toBe(86_400)
    await arrived(alice, await bob.pin(id, 0))
    await arrived(alice, await bob.keep(id))
    const revoked = (await arrived(bob, await alice.revoke(id))).message.protocolMessage
    expect(revoked).toMatchObject({ key: { id, fromMe: true }, type: proto.Message.ProtocolMessage.Type.REVOKE })
  })

  it('vote in polls and see what the others chose', async () => {
    const id = await alice.send(chat.toBob, { poll: { name: 'Lunch?', options: ['Soto', 'Rawon'], selectable: 1 } })
    await arrived(bob, id)
    const vote = await arrived(alice, await bob.vote(id, ['Rawon']))
    expect(vote.addOn).toEqual({ kind: 'vote', target: id, options: ['Rawon'] })
    const own = await arrived(bob, await alice.vote(id, ['Soto']))
    expect(own.addOn).toEqual({ kind: 'vote', target: id, options: ['Soto'] })
    const withdrawn = await arrived(alice, await bob.vote(id, []))
    expect(withdrawn.addOn).toEqual({ kind: 'vote', target: id, options: [] })
    await expect(bob.vote(id, ['Gado-gado'])).rejects.toMatchObject({ code: 'unknown-poll-option' })
  })

  it('answer events, comment, and react and edit under seal', async () => {
    const id = await alice.send(chat.toBob, { event: { name: 'Party', startTime: 1_800_000_000 } })
    await arrived(bob, id)
    const answer = await arrived(alice, await bob.respondToEvent(id, 'MAYBE', 2))
    expect(answer.addOn).toEqual({ kind: 'event-response', target: id, response: 'MAYBE', extraGuestCount: 2 })
    const comment = await arrived(alice, await bob.comment(id, 'nice'))
    expect(comment.addOn).toEqual({ kind: 'comment', target: id, text: 'nice' })
    const reaction = await arrived(alice, await bob.reactSealed(id, '🎉'))
    expect(reaction.addOn).toEqual({ kind: 'reaction', target: id, emoji: '🎉' })
    const edit = await arrived(bob, await alice.editSealed(id, { eventMessage: { name: 'Cancelled' } }))
    expect(edit.addOn).toMatchObject({ kind: 'edit', target: id, message: { eventMessage: { name: 'Cancelled' } } })
    const text = await alice.send(chat.toBob, { text: 'first' })
    const sealed = await arrived(bob, await alice.editSealed(text, { extendedTextMessage: { text: 'second' } }))
    expect(sealed.addOn).toMatchObject({ kind: 'edit', message: { extendedTextMessage: { text: 'second' } } })
  })

  it('quote, mention and let messages vanish', async () => {
    const id = await bob.send(chat.toAlice, { text: 'question' })
    await arrived(alice, id)
    const options = { quoted: id, mentions: [bob.lid], expiration: 86_400 }
    const answer = (await arrived(bob, await alice.send(chat.toBob, { text: 'answer' }, options))).message
    expect(answer.extendedTextMessage).toMatchObject({
      text: 'answer',
      contextInfo: {
        stanzaId: id,
        quotedMessage: { conversation: 'question' },
        mentionedJid: [bob.lid],
        expiration: 86_400,
      },
    })
  })

  it('send albums and things to be seen once', async () => {
    const [head = '', ...parts] = await alice.sendAlbum(chat.toBob, [
      { media: 'image', file: FILE },
      { media: 'video', file: FILE, caption: 'the second' },
    ])
    expect((await arrived(bob, head)).message.albumMessage).toMatchObject({
      expectedImageCount: 1,
      expectedVideoCount: 1,
    })
    for (const id of parts) {
      const { messageContextInfo } = (await arrived(bob, id)).message
      expect(messageContextInfo?.messageAssociation?.parentMessageKey?.id).toBe(head)
    }
    const once = await arrived(bob, await alice.send(chat.toBob, { media: 'image', file: FILE, viewOnce: true }))
    expect(once.message.imageMessage?.viewOnce).toBe(true)
    bob.read(once.id, 'played')
    await alice.waitForReceipt(({ ids, type }) => ids.includes(once.id) && type === 'played')
  })
})

describe('phones', () => {
  it('show a status to its audience, which reacts', async () => {
    const carol = await wa.phone('6281110003')
    const first = await alice.postStatus({ text: 'hello' }, [bob.jid])
    expect(await arrived(bob, first)).toMatchObject({ chat: 'status@broadcast', text: 'hello' })
    const second = await alice.postStatus({ media: 'image', file: FILE }, [bob.jid, carol.jid])
    for (const phone of [bob, carol]) await arrived(phone, second)
    expect(carol.messages).toHaveLength(1)
    await arrived(bob, await alice.revoke(second))
    const heart = await arrived(alice, await bob.react(first, '❤️'))
    expect(heart.message.reactionMessage?.key).toMatchObject({ id: first, participant: alice.lid, fromMe: false })
    bob.read(first)
    await alice.waitForReceipt(
      ({ ids, type, from }) => ids[0] === first && type === 'read' && from === 'status@broadcast',
    )
  })

  it('write to broadcast lists', async () => {
    const carol = await wa.phone('6281110003')
    const id = await alice.send('1700000000@broadcast', { text: 'to all of you' }, { audience: [bob.jid, carol.jid] })
    for (const phone of [bob, carol]) expect(await arrived(phone, id)).toMatchObject({ text: 'to all of you' })
  })

  it('see that somebody is typing, and set a timer', async () => {
    const seen: string[] = []
    wa.onStanza(({ direction, node }) => {
      if (node.tag === 'chatstate' && direction === 'to-client' && Array.isArray(node.content)) {
        seen.push(`${node.content[0]?.tag} ${node.content[0]?.attrs['media'] ?? ''}`)
      }
    })
    for (const state of ['composing', 'recording', 'paused'] as const) alice.type(bob.jid, state)
    expect(seen).toEqual(['composing ', 'composing audio', 'paused '])
    const setting = await arrived(bob, await alice.setDisappearing(bob.jid, 604_800))
    expect(setting.message.protocolMessage?.ephemeralExpiration).toBe(604_800)
  })

  it('call each other', async () => {
    const callId = await alice.call(bob.jid, { video: true })
    const offer = await bob.waitForCall(({ kind }) => kind === 'offer')
    expect(offer).toMatchObject({ callId, from: alice.jid, creator: alice.jid, video: true })
    bob.answerCall(callId, 'accept')
    await alice.waitForCall(({ kind }) => kind === 'accept')
    alice.answerCall(callId, 'terminate', 'timeout')
    expect(await bob.waitForCall(({ kind }) => kind === 'terminate')).toMatchObject({ callId, reason: 'timeout' })
    expect(() => bob.answerCall(callId, 'reject')).toThrow(expect.objectContaining({ code: 'unknown-call' }))
    const second = await bob.call(alice.lid)
    await alice.waitForCall(signal => signal.callId === second)
    alice.answerCall(second, 'reject')
    await bob.waitForCall(({ kind, callId: id }) => kind === 'reject' && id === second)
  })

  it('set the timer of a group', async () => {
    const group = await alice.createGroup('Two', [bob.jid])
    const told: string[] = []
    wa.onStanza(({ direction, device, node }) => {
      if (direction === 'to-client' && device === bob.jid && node.tag === 'notification') {
        told.push(...(node.content as { tag: string }[]).map(({ tag }) => tag))
      }
    })
    await alice.setGroupTimer(group, 86_400)
    await alice.setGroupTimer(group, 0)
    expect(told).toEqual(['ephemeral', 'not_ephemeral'])
    await expect(alice.setGroupTimer(group, 60)).rejects.toMatchObject({ code: 'request-refused' })
  })

  it('refuse a file that is gone or damaged', async () => {
    const { message } = await arrived(bob, await alice.send(bob.jid, { media: 'image', file: FILE }))
    const { imageMessage } = message
    const damaged = (fields: object) => bob.download({ imageMessage: { ...imageMessage, ...fields } })
    const zeros = new Uint8Array(32)
    for (const [fields, check] of [
      [{ fileEncSha256: zeros }, 'file hash'],
      [{ mediaKey: zeros }, 'mac'],
      [{ fileSha256: zeros }, 'content hash'],
      [{ fileLength: 1 }, 'length'],
    ] as const) {
      await expect(damaged(fields)).rejects.toMatchObject({ code: 'media-content-invalid', data: { check } })
    }
    wa.media.expire(imageMessage?.directPath ?? '', 410)
    await expect(bob.download(message)).rejects.toMatchObject({ code: 'media-gone', output: { statusCode: 410 } })
    await expect(bob.download({ conversation: 'text' })).rejects.toMatchObject({ code: 'no-media' })
  })
})
