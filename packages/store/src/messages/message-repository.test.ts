import type { WAMessage, WAMessageKey } from 'kurir'
import { describe, expect, it } from 'vitest'
import { onEachDatabase, type TestStores } from '../testing/stores.js'
import type { MessagePage } from './message-repository.js'

const alice = '111@s.whatsapp.net'
const aliceLid = '999@lid'
const group = '120363@g.us'

let count = 0
const text = (conversation: string, key: Partial<WAMessageKey> = {}, second = 1_700_000_000 + count): WAMessage => {
  count += 1
  return {
    key: { remoteJid: alice, id: `ID${count}`, fromMe: false, ...key },
    messageTimestamp: second,
    message: { conversation },
  }
}

const textsOf = ({ messages }: MessagePage) => messages.map(({ message }) => message?.conversation)

const withSession = async (stores: TestStores) => {
  const store = await stores.open()
  await store.sessions.save({ id: 'one' })
  await store.sessions.save({ id: 'two' })
  return store
}

onEachDatabase('messages', stores => {
  describe('saving', () => {
    it('keeps a message as it is, with bytes and what Kurir adds', async () => {
      const { messages } = await withSession(stores)
      const message: WAMessage = {
        key: { remoteJid: group, id: 'A', fromMe: false, participant: alice, participantAlt: aliceLid },
        messageTimestamp: 1_700_000_000,
        pushName: 'Alice\0',
        redelivered: 1,
        message: { imageMessage: { mediaKey: Buffer.alloc(32, 5), caption: 'hi', fileLength: 70_000_000_000 } },
      }
      await messages.save('one', [message])
      expect(await messages.findByKey('one', message.key)).toEqual(message)
      expect(await messages.findByKey('two', message.key)).toBeUndefined()
    })

    it('replaces a message of the same key, but not by a placeholder', async () => {
      const { messages } = await withSession(stores)
      const [first, placeholder] = [text('first'), { ...text('x'), message: undefined, messageStubType: 2 }]
      await messages.save('one', [first, { ...first, message: { conversation: 'second' } }])
      await messages.save('one', [{ ...placeholder, key: first.key }])
      expect(textsOf(await messages.find('one'))).toEqual(['second'])
      const late = text('content')
      await messages.save('one', [{ ...late, message: undefined, messageStubType: 2 }])
      await messages.save('one', [late])
      expect(await messages.findByKey('one', late.key)).toEqual(late)
    })

    it('knows a chat and an author by either name', async () => {
      const { messages } = await withSession(stores)
      const first = text('first', { id: 'X', remoteJidAlt: aliceLid })
      await messages.save('one', [first])
      await messages.save('one', [text('again', { id: 'X', remoteJid: aliceLid })])
      expect(textsOf(await messages.find('one'))).toEqual(['again'])
      expect(textsOf(await messages.find('one', { chat: aliceLid }))).toEqual(['again'])
      expect(textsOf(await messages.find('one', { chat: '111:7@s.whatsapp.net' }))).toEqual(['again'])
      const byPhone = { remoteJid: group, id: 'G', participant: alice, participantAlt: aliceLid }
      await messages.save('one', [text('by phone number', byPhone)])
      await messages.save('one', [text('by lid', { remoteJid: group, id: 'G', participant: aliceLid })])
      expect(textsOf(await messages.find('one', { chat: group }))).toEqual(['by lid'])
    })

    it('never lets an author take the place of another one who chose the same id', async () => {
      const { messages } = await withSession(stores)
      const mine = text('of alice', { remoteJid: group, id: 'SAME', participant: alice })
      const forged = text('of mallory', { remoteJid: group, id: 'SAME', participant: '666@s.whatsapp.net' })
      const elsewhere = text('elsewhere', { remoteJid: '666@s.whatsapp.net', id: 'SAME' })
      await messages.save('one', [mine])
      await messages.save('one', [forged, elsewhere, text('own', { remoteJid: group, id: 'SAME', fromMe: true })])
      expect(await messages.findByKey('one', mine.key)).toEqual(mine)
      expect(await messages.findByKey('one', forged.key)).toEqual(forged)
      expect((await messages.find('one')).messages.length).toBe(4)
      expect(await messages.findByKey('one', { remoteJid: group, id: 'SAME', fromMe: true })).toMatchObject({
        message: { conversation: 'own' },
      })
    })

    it('leaves out what has no chat or id, and needs a session', async () => {
      const { messages } = await withSession(stores)
      await messages.save('one', [text('no chat', { remoteJid: undefined }), text('no id', { id: '' })])
      expect(textsOf(await messages.find('one'))).toEqual([])
      await expect(messages.save('none', [text('x')])).rejects.toMatchObject({ code: 'session-not-found' })
    })
  })

  it('changes what is known, and nothing else', async () => {
    const { messages } = await withSession(stores)
    const message = text('before')
    await messages.save('one', [message])
    await messages.update('one', [
      { key: message.key, update: { status: 3 } },
      { key: { ...message.key, id: 'other' }, update: { status: 4 } },
    ])
    expect(await messages.findByKey('one', message.key)).toEqual({ ...message, status: 3 })
    expect(await messages.change('one', { ...message.key, id: 'no' }, each => each)).toBe(false)
    expect(await messages.change('one', message.key, each => ({ ...each, message: { conversation: 'after' } }))).toBe(
      true,
    )
    expect(textsOf(await messages.search('one', 'after'))).toEqual(['after'])
    expect(textsOf(await messages.search('one', 'before'))).toEqual([])
  })

  it('gives pages, newest first, that neither repeat nor leave out', async () => {
    const { messages } = await withSession(stores)
    // Many have the same time.
    const saved = Array.from({ length: 25 }, (_, index) => text(`m${index}`, {}, 1000 + Math.floor(index / 10)))
    await messages.save('one', saved)
    const seen: (string | null | undefined)[] = []
    for (let before: string | undefined; ; ) {
      const page = await messages.find('one', { limit: 7, ...(before && { before }) })
      seen.push(...textsOf(page))
      before = page.next
      if (before === undefined) break
    }
    expect(seen).toEqual(saved.map(({ message }) => message?.conversation).reverse())
    expect(textsOf(await messages.find('one', { since: 1_001_000, until: 1_002_000 })).length).toBe(10)
    expect(textsOf(await messages.find('one', { fromMe: true }))).toEqual([])
    for (const filter of [{ limit: 0 }, { limit: 1001 }, { limit: 1.5 }, { before: 'x' }, { before: 'W10' }]) {
      await expect(messages.find('one', filter)).rejects.toMatchObject({ code: 'invalid-page' })
    }
  })

  it('finds words in any language, phrases and beginnings, in one session only', async () => {
    const { messages } = await withSession(stores)
    await messages.save('two', [text('Hello from the other session')])
    await messages.save('one', [
      text('Hello World'),
      text('the WORLD says hello 🫠'),
      text('Crème brûlée'),
      text('今天天气很好'),
      text('Привет, мир'),
      text("it's a test: 'quoted' & <b>!"),
      text('สวัสดีครับ'),
      { ...text('x'), message: { imageMessage: { caption: 'a world in a picture' } } },
      { ...text('y'), message: { pollCreationMessage: { name: 'Lunch?', options: [{ optionName: 'Pizza' }] } } },
    ])
    const found = async (question: string) => (await messages.search('one', question)).messages.length
    expect(await found('world')).toBe(3)
    expect(await found('hello world')).toBe(2)
    expect(await found('"hello world"')).toBe(1)
    expect(await found('wor')).toBe(0)
    expect(await found('wor*')).toBe(3)
    expect(await found('CREME')).toBe(1)
    expect(await found('天气')).toBe(1)
    expect(await found('气天')).toBe(0)
    expect(await found('МИР')).toBe(1)
    expect(await found('🫠')).toBe(1)
    expect(await found('สวัสดี')).toBe(1)
    expect(await found('pizza')).toBe(1)
    expect(await found("'quoted'")).toBe(1)
    expect(await found('quoted | hello')).toBe(0)
    expect(await found(`"' OR 1=1 --`)).toBe(0)
    expect(await found('')).toBe(0)
    expect(await found('***')).toBe(0)
    expect((await messages.search('one', 'world', { limit: 1 })).next).toBeDefined()
    expect(textsOf(await messages.search('one', 'hello', { chat: 'nobody@s.whatsapp.net' }))).toEqual([])
  })

  it('forgets messages by key, by chat and by age, words included', async () => {
    const { messages } = await withSession(stores)
    const [old, recent] = [
      text('old word', {}, 1000),
      text('recent word', { remoteJid: group, participant: alice }, 5000),
    ]
    const third = text('third word', {}, 6000)
    await messages.save('one', [old, recent, third])
    await messages.save('two', [old])
    expect(await messages.deleteOlderThan(5_000_000, 'one')).toBe(1)
    expect((await messages.find('two')).messages.length).toBe(1)
    expect(await messages.deleteOlderThan(5_000_000)).toBe(1)
    expect(textsOf(await messages.search('one', 'word'))).toEqual(['third word', 'recent word'])
    expect(await messages.delete('one', [third.key, { ...third.key, id: 'no' }])).toBe(1)
    expect(await messages.deleteChat('one', group)).toBe(1)
    expect(textsOf(await messages.search('one', 'word'))).toEqual([])
  })

  it('takes the words of a session that is deleted out of the index', async () => {
    const store = await withSession(stores)
    await store.messages.save('one', [text('gone')])
    await store.sessions.delete('one')
    await store.sessions.save({ id: 'one' })
    expect(textsOf(await store.messages.search('one', 'gone'))).toEqual([])
    await store.messages.save('one', [text('here')])
    expect(textsOf(await store.messages.search('one', 'here'))).toEqual(['here'])
  })

  it('knows the files in messages', async () => {
    const { messages, media } = await withSession(stores)
    const sha256 = Buffer.alloc(32, 1)
    const picture = (second: number): WAMessage => ({
      ...text('p', { remoteJid: group, participant: alice }, second),
      message: { imageMessage: { mimetype: 'image/png', fileLength: 5, fileSha256: sha256 } },
    })
    const [first, second] = [picture(1000), picture(2000)]
    const document: WAMessage = {
      ...text('d', {}, 3000),
      message: { documentMessage: { mimetype: 'application/pdf', fileName: 'plan.pdf' } },
    }
    await messages.save('one', [first, second, document, text('no file')])
    expect((await media.find('one')).media.map(({ kind }) => kind)).toEqual(['document', 'image', 'image'])
    expect((await media.find('one', { kind: 'document' })).media).toMatchObject([
      { key: document.key, fileName: 'plan.pdf', mimeType: 'application/pdf', sentAt: 3_000_000 },
    ])
    const same = await media.find('one', { sha256: sha256.toString('base64'), chat: group, limit: 1 })
    expect(same.media).toMatchObject([{ key: second.key, fileSize: 5 }])
    const rest = await media.find('one', { sha256: sha256.toString('base64'), before: same.next ?? '' })
    expect(rest.media).toMatchObject([{ key: first.key }])
    expect(await messages.findByKey('one', first.key)).toEqual(first)
    await messages.update('one', [{ key: second.key, update: { message: null } }])
    expect((await media.find('one', { kind: 'image' })).media.length).toBe(1)
  })
})
