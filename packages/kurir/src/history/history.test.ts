import { createReadStream, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { deflateSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hex, plain, readFixture, revive, withoutEmptyLists } from '../messages/testing/fixtures.js'
import { proto } from '../proto/index.js'
import type { HistoryContents } from './history-contents.js'
import { getHistoryMsg } from './notification.js'
import { openHistory } from './open-history.js'
import { processHistoryMessage } from './process-history.js'
import { type ReadHistoryOptions, readHistory } from './read-history.js'
import { spool } from './spool.js'

interface Case {
  name: string
  historySyncProtoHex: string
  zlibHex: string
  encryptedBlobHex: string
  mediaKeyHex: string
  baileysResult: HistoryContents
}
const { cases } = readFixture<{ cases: Case[] }>('vectors/03-history.json')
const { HistorySyncType } = proto.HistorySync

const noDownload = () => Promise.reject(new Error('nothing to download'))

async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = []
  for await (const item of items) all.push(item)
  return all
}

async function* piecesOf(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.byteLength; start += size) yield bytes.subarray(start, start + size)
}

/** All batches of a streamed history, in the form of one. */
async function streamed(
  bytes: Uint8Array,
  pieceSize: number,
  syncType: proto.HistorySync.HistorySyncType,
  options?: ReadHistoryOptions,
): Promise<HistoryContents> {
  const batches = await collect(readHistory(piecesOf(bytes, pieceSize), syncType, options))
  const last = batches.at(-1)!
  return {
    chats: batches.flatMap(({ chats }) => chats),
    contacts: batches.flatMap(({ contacts }) => contacts),
    messages: batches.flatMap(({ messages }) => messages),
    lidPnMappings: batches.flatMap(({ lidPnMappings }) => lidPnMappings),
    pastParticipants: batches.flatMap(({ pastParticipants }) => pastParticipants),
    syncType: last.syncType,
    progress: last.progress,
  }
}

/** Baileys' schema is older: it knows fewer lists. */
function comparable(contents: unknown): object {
  return withoutEmptyLists(plain(contents)) as object
}

/** Orders lists whose order means nothing: a stream gives mappings as they come. */
function unordered(contents: unknown): unknown {
  const { lidPnMappings, ...rest } = plain(contents) as HistoryContents
  return { ...comparable(rest), lidPnMappings: [...lidPnMappings].sort((a, b) => a.lid.localeCompare(b.lid)) }
}

describe('history', () => {
  for (const { name, historySyncProtoHex, zlibHex, baileysResult } of cases) {
    const encoded = hex(historySyncProtoHex)
    const decoded = proto.HistorySync.decode(encoded)
    const expected = plain(revive(baileysResult))

    it(`${name}: taken apart as a whole`, () => {
      expect(comparable(processHistoryMessage(decoded))).toEqual(comparable(expected))
    })

    it(`${name}: taken apart as a stream, wherever it is cut`, async () => {
      for (const pieceSize of [1, 2, 7, 64, 65_536]) {
        const contents = await streamed(encoded, pieceSize, decoded.syncType ?? HistorySyncType.RECENT)
        expect(unordered(contents)).toEqual(unordered(expected))
      }
    })

    it(`${name}: inflated from the notification`, async () => {
      const pieces = openHistory({ initialHistBootstrapInlinePayload: hex(zlibHex) }, noDownload)
      expect(Buffer.concat(await collect(pieces)).toString('hex')).toBe(historySyncProtoHex)
    })
  }

  it('comes in batches that are never much larger than asked for', async () => {
    const conversations = Array.from({ length: 40 }, (_, chat) => ({
      id: `${chat}@s.whatsapp.net`,
      messages: Array.from({ length: 25 }, (_, index) => ({
        message: { key: { remoteJid: `${chat}@s.whatsapp.net`, fromMe: false, id: `${chat}-${index}` } },
      })),
    }))
    const encoded = proto.HistorySync.encode({ syncType: HistorySyncType.FULL, conversations, progress: 40 }).finish()
    const batches = await collect(readHistory(piecesOf(encoded, 512), HistorySyncType.FULL, { batchSize: 100 }))
    expect(batches.length).toBeGreaterThan(8)
    for (const { chats, messages, contacts } of batches) {
      expect(chats.length + messages.length + contacts.length).toBeLessThan(130)
    }
    const ids = batches.flatMap(({ messages }) => messages.map(({ key }) => key.id))
    expect(ids).toEqual(conversations.flatMap(({ messages }) => messages.map(({ message }) => message.key.id)))
    // A chat comes once, after its messages, with the newest of them.
    const chats = batches.flatMap(batch => batch.chats)
    expect(chats.map(({ id, messages }) => [id, messages?.length, messages?.[0]?.message?.key?.id])).toEqual(
      conversations.map(({ id }, chat) => [id, 1, `${chat}-0`]),
    )
  })

  it('of 100 MB passes through little memory', async () => {
    const thumbnail = Buffer.alloc(5_000, 7)
    const message = {
      key: { remoteJid: '1@s.whatsapp.net', id: 'M' },
      message: { imageMessage: { jpegThumbnail: thumbnail } },
    }
    const conversation = { id: '1@s.whatsapp.net', messages: Array.from({ length: 10 }, () => ({ message })) }
    const encoded = proto.HistorySync.encode({ conversations: [conversation] }).finish()
    const times = Math.ceil(100_000_000 / encoded.byteLength)
    async function* source() {
      for (let index = 0; index < times; index += 1) yield Buffer.from(encoded)
    }
    const used = () => process.memoryUsage().heapUsed + process.memoryUsage().external
    const before = used()
    let [most, messages] = [0, 0]
    for await (const batch of readHistory(source(), HistorySyncType.FULL)) {
      messages += batch.messages.length
      most = Math.max(most, used() - before)
    }
    expect(messages).toBe(times * 10)
    expect(most).toBeLessThan(100_000_000)
  })

  it('brings contacts, past members, calls and the salt of first messages', async () => {
    const encoded = proto.HistorySync.encode({
      syncType: HistorySyncType.NON_BLOCKING_DATA,
      phoneNumberToLidMappings: [{ pnJid: '1@s.whatsapp.net', lidJid: '2@lid' }, { pnJid: '3@s.whatsapp.net' }],
      inlineContacts: [{ pnJid: '4@s.whatsapp.net', lidJid: '5@lid', fullName: 'Eve', username: 'eve' }],
      accounts: [
        { lid: '6@lid', username: 'six' },
        { lid: '7@lid', username: 'gone', isUsernameDeleted: true },
      ],
      pastParticipants: [{ groupJid: '8@g.us', pastParticipants: [{ userJid: '9@lid', leaveReason: 1, leaveTs: 5 }] }],
      callLogRecords: [{ callId: 'C1' }],
      nctSalt: Buffer.from('salt'),
    }).finish()
    const [batch] = await collect(readHistory(piecesOf(encoded, 16), HistorySyncType.NON_BLOCKING_DATA))
    expect(plain(batch)).toMatchObject({
      contacts: [
        { id: '6@lid', lid: '6@lid', username: 'six' },
        { id: '5@lid', lid: '5@lid', phoneNumber: '4@s.whatsapp.net', name: 'Eve', username: 'eve' },
      ],
      lidPnMappings: [
        { lid: '2@lid', pn: '1@s.whatsapp.net' },
        { lid: '5@lid', pn: '4@s.whatsapp.net' },
      ],
      pastParticipants: [{ groupJid: '8@g.us', pastParticipants: [{ userJid: '9@lid', leaveReason: 1, leaveTs: 5 }] }],
      callLogRecords: [{ callId: 'C1' }],
      nctSalt: { $hex: Buffer.from('salt').toString('hex') },
    })
  })

  it('tells the verified names of businesses', () => {
    const { StubType } = proto.WebMessageInfo
    const message = {
      key: { remoteJid: '1@s.whatsapp.net', id: 'B' },
      messageStubType: StubType.BIZ_PRIVACY_MODE_TO_BSP,
      messageStubParameters: ['Shop'],
    }
    const { contacts } = processHistoryMessage({
      syncType: HistorySyncType.RECENT,
      conversations: [{ id: '1@s.whatsapp.net', messages: [{ message }] }],
    })
    expect(contacts).toContainEqual({ id: '1@s.whatsapp.net', verifiedName: 'Shop' })
  })

  it('of kinds without conversations has none (docs/protocol/03, 9.3)', () => {
    const conversations = [{ id: '1@s.whatsapp.net', messages: [{ message: { key: { id: 'M' } } }] }]
    const contents = processHistoryMessage({ syncType: HistorySyncType.PUSH_NAME, conversations })
    expect(contents).toMatchObject({ chats: [], contacts: [], messages: [] })
  })

  it('is found inside a message', () => {
    const historySyncNotification = { syncType: 3, chunkOrder: 2 }
    expect(getHistoryMsg({ protocolMessage: { type: 5, historySyncNotification } })).toBe(historySyncNotification)
    expect(getHistoryMsg({ conversation: 'hi' })).toBeUndefined()
  })
})

describe('history that cannot be read', () => {
  const invalid = expect.objectContaining({ code: 'invalid-history' })
  const read = (bytes: Uint8Array, options?: ReadHistoryOptions) =>
    collect(readHistory(piecesOf(bytes, 5), HistorySyncType.RECENT, options))
  const encoded = hex(cases[0]!.historySyncProtoHex)

  it.each([
    ['ends early', encoded.subarray(0, -1)],
    ['has a field without number', hex('0001')],
    ['has a group', hex('1b1c')],
    ['has an endless number', Buffer.alloc(11, 0xff)],
    ['claims a gigantic field', hex('0affffffffff7f')],
    ['has a field that is longer than its conversation', hex('12020a05616161')],
  ])('%s', async (_, bytes) => {
    await expect(read(bytes)).rejects.toThrow(invalid)
  })

  it('is larger than allowed', async () => {
    await expect(read(encoded, { maxBytes: encoded.byteLength - 1 })).rejects.toThrow(invalid)
    await expect(read(encoded, { maxBytes: encoded.byteLength })).resolves.toHaveLength(1)
  })

  it('is compressed badly, or nowhere', async () => {
    const compressed = deflateSync(encoded)
    compressed[20] = (compressed[20] ?? 0) ^ 0xff
    const open = (notification: proto.Message.IHistorySyncNotification) =>
      collect(openHistory(notification, noDownload))
    await expect(open({ initialHistBootstrapInlinePayload: compressed })).rejects.toThrow(invalid)
    await expect(open({ initialHistBootstrapInlinePayload: deflateSync(encoded).subarray(0, -9) })).rejects.toThrow(
      invalid,
    )
    await expect(open({})).rejects.toThrow(invalid)
  })

  it('is told apart as bytes of any kind: nothing but typed errors', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 64 }), fc.integer({ min: 1, max: 9 }), async (tail, size) => {
        const bytes = Buffer.concat([encoded.subarray(0, size * 30), tail])
        const outcome = await collect(readHistory(piecesOf(bytes, size), HistorySyncType.RECENT)).catch(error => error)
        if (!Array.isArray(outcome)) expect(outcome).toMatchObject({ code: expect.stringMatching(/^invalid-/) })
      }),
    )
  })
})

describe('content that is checked at its end', () => {
  const content = Buffer.from(Array.from({ length: 5_000 }, (_, index) => index % 251))
  const leftovers = () => readdirSync(tmpdir()).filter(name => name.startsWith('kurir-history-'))

  it.each([
    ['in memory', 5_000],
    ['in a file', 100],
  ])('is given back %s', async (_, memoryLimit) => {
    const before = leftovers()
    const spooled = await spool(piecesOf(content, 700), memoryLimit)
    const read: Uint8Array[] = []
    for await (const chunk of spooled.read()) read.push(chunk)
    expect(Buffer.concat(read).equals(content)).toBe(true)
    await spooled.dispose()
    expect(leftovers()).toEqual(before)
  })

  it('lies on the disk encrypted', async () => {
    const before = new Set(leftovers())
    const spooled = await spool(piecesOf(content, 700), 100)
    const [folder] = leftovers().filter(name => !before.has(name))
    const onDisk = Buffer.concat(await collect<Buffer>(createReadStream(`${tmpdir()}/${folder}/content`)))
    expect(onDisk.byteLength).toBe(content.byteLength)
    expect(onDisk.includes(content.subarray(0, 16))).toBe(false)
    await spooled.dispose()
  })

  it('is not used when it fails its check, and nothing is left behind', async () => {
    const before = leftovers()
    async function* failing() {
      yield content
      throw new Error('wrong MAC')
    }
    await expect(spool(failing(), 100)).rejects.toThrow('wrong MAC')
    expect(leftovers()).toEqual(before)
    const notification = { mediaKey: Buffer.alloc(32), directPath: '/x' }
    await expect(collect(openHistory(notification, async () => failing()))).rejects.toThrow('wrong MAC')
  })
})
