import type { Phone, PhoneMessage } from '@kurir/simulator'
import { afterEach, describe, expect, it } from 'vitest'
import { png } from '../kinds/files.js'
import { RunningExample } from './support/running-example.js'
import { worldForEachTest } from './support/world.js'

const running: RunningExample[] = []
// Before the world ends: the programs must not see their service go.
afterEach(async () => {
  await Promise.all(running.splice(0).map(example => example.stop()))
})
const world = worldForEachTest()

async function example(name: string, environment: Readonly<Record<string, string>> = {}) {
  const owner = await world().phone('Owner')
  const friend = await world().phone('Friend')
  const program = new RunningExample(name, world(), environment)
  running.push(program)
  await program.link(owner)
  return { program, owner, friend }
}

const next = (phone: Phone, fits: (message: PhoneMessage) => boolean) => phone.waitForMessage(fits)

describe('the examples', () => {
  it('event-log tells every event but the credentials', async () => {
    const { program, owner, friend } = await example('event-log')
    await friend.send(owner.jid, { text: 'good morning' })
    const line = await program.line(each => each.includes('"messages.upsert"') && each.includes('good morning'))
    expect(JSON.parse(line)).toMatchObject({ event: 'messages.upsert', data: { type: 'notify' } })
    expect(program.lines.some(each => each.includes('creds.update'))).toBe(false)
  })

  it('command-bot does what it is told, in chats and groups', async () => {
    const { owner, friend } = await example('command-bot')
    await friend.send(owner.jid, { text: '!help' })
    expect((await next(friend, ({ text }) => text?.includes('!ping') === true)).text).toContain('!poll: ')
    await friend.send(owner.jid, { text: '!poll Lunch? | Pizza | Sushi' })
    await next(friend, ({ message }) => message.pollCreationMessageV3?.name === 'Lunch?')
    const group = await friend.createGroup('Lunch', [owner.jid])
    await friend.send(group, { text: '!who' })
    const who = await next(friend, ({ text }) => text?.startsWith('Lunch: @') === true)
    expect(who.message.extendedTextMessage?.contextInfo?.mentionedJid).toHaveLength(2)
  })

  it('sticker-bot makes a sticker of a picture', async () => {
    const { owner, friend } = await example('sticker-bot')
    await friend.send(owner.jid, { media: 'image', file: png(64, 64), caption: 'sticker' })
    const { message } = await next(friend, each => each.message.stickerMessage != null)
    expect(message.stickerMessage).toMatchObject({ mimetype: 'image/webp', width: 512, height: 512 })
  })

  it('group-guard greets, and removes who advertises three times', async () => {
    const { program, owner, friend } = await example('group-guard')
    const group = await owner.createGroup('Lunch', [])
    await owner.changeGroup(group, 'add', [friend.jid])
    await next(friend, ({ text }) => text?.startsWith('Welcome, @') === true)
    for (const count of [1, 2]) {
      const id = await friend.send(group, { text: `come to https://chat.whatsapp.com/AbCdEfGhIjKl ${count}` })
      await next(friend, ({ message }) => message.protocolMessage?.key?.id === id)
      await next(friend, ({ text }) => text?.includes(`(${count} of 3)`) === true)
    }
    await friend.send(group, { text: 'come to https://chat.whatsapp.com/AbCdEfGhIjKl' })
    await program.line(line => line.includes('group-guard: removed'))
  })

  it('channel-publisher makes a channel and posts each line', async () => {
    const { program, friend } = await example('channel-publisher', { KURIR_PACE_MS: '0' })
    const made = await program.line(line => line.includes('channel-publisher: made '))
    const channel = made.split(' ').at(-1) ?? ''
    friend.followNewsletter(channel)
    program.write('first news')
    program.write('')
    program.write('second news')
    await next(friend, ({ text, chat }) => text === 'first news' && chat === channel)
    await next(friend, ({ text, chat }) => text === 'second news' && chat === channel)
  })
})
