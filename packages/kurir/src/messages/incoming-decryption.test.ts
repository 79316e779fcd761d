import { describe, expect, it } from 'vitest'
import type { BinaryNode } from '../binary/node.js'
import { KurirError } from '../errors/index.js'
import type { WAMessage } from '../events/message-types.js'
import { silentLogger } from '../logger/logger.js'
import { proto } from '../proto/index.js'
import type { SignalRepositoryWithLIDStore } from '../signal/repository-contract.js'
import { SignalError } from '../signal/signal-error.js'
import { sealBotReply } from './bot-replies.js'
import { decryptMessageNode } from './decrypt-node.js'
import { wrapDeviceSent } from './device-sent.js'
import { parseIncomingMessage } from './incoming.js'
import { type DecryptedMessage, decryptIncoming, type MessageDecryptor } from './incoming-decryption.js'
import { encodeWAMessage } from './padding.js'
import { getDecryptionJid } from './repository-decryptor.js'
import { me } from './testing/fixtures.js'

const { Type } = proto.Message.ProtocolMessage
const enc = (type: string, label: string): BinaryNode => ({
  tag: 'enc',
  attrs: { v: '2', type },
  content: Buffer.from(label),
})
const stanza = (attrs: Record<string, string>, content: BinaryNode[]): BinaryNode => ({
  tag: 'message',
  attrs: { id: 'M1', from: '2:3@lid', t: '1700000000', type: 'text', ...attrs },
  content,
})
const group = { from: '1@g.us', participant: '2:3@lid' }
const own = { from: '15550001111:4@s.whatsapp.net' }
const skdm = (groupId: string) => ({
  senderKeyDistributionMessage: { groupId, axolotlSenderKeyDistributionMessage: Buffer.from('key') },
})

type Opened = proto.IMessage | Uint8Array | Error

/** Opens parts by the text of their ciphertext; notes what is done, and what was committed. */
class FakeDecryptor implements MessageDecryptor {
  readonly log: string[] = []
  readonly #opened: Record<string, Opened>
  secret: Uint8Array | undefined
  storeFault: Error | undefined

  constructor(opened: Record<string, Opened>) {
    this.#opened = opened
  }

  pairwise: MessageDecryptor['pairwise'] = (part, _message, next) => this.#open(part.ciphertext, next)
  senderKey: MessageDecryptor['senderKey'] = (part, _message, next) => this.#open(part.ciphertext, next)

  async #open(ciphertext: Uint8Array, next: (padded: Uint8Array) => Promise<void>): Promise<undefined> {
    const label = Buffer.from(ciphertext).toString()
    const opened = this.#opened[label]
    if (opened instanceof Error) throw opened
    if (opened === undefined) throw new SignalError('no-session')
    this.log.push(`open ${label}`)
    await next(opened instanceof Uint8Array ? opened : encodeWAMessage(opened))
    this.log.push(`commit ${label}`)
    return undefined
  }

  async distribute(item: proto.Message.ISenderKeyDistributionMessage): Promise<void> {
    this.log.push(`distribute ${item.groupId}`)
  }

  async promptSecret(): Promise<Uint8Array | undefined> {
    return this.secret
  }

  async store(message: WAMessage): Promise<void> {
    if (this.storeFault !== undefined) throw this.storeFault
    this.log.push(`store ${message.key.id}`)
  }
}

const run = async (
  node: BinaryNode,
  opened: Record<string, Opened>,
): Promise<{ result: DecryptedMessage; log: string[] }> => {
  const decryptor = new FakeDecryptor(opened)
  const result = await decryptIncoming(parseIncomingMessage(node, me), decryptor, me)
  return { result, log: decryptor.log }
}
const contentOf = (result: DecryptedMessage): proto.IMessage | undefined =>
  result.kind === 'content' ? (result.message.message ?? undefined) : undefined

describe('opening a message', () => {
  it('stores a text inside the transaction that consumes its key (docs/protocol/02, 9.6)', async () => {
    const { result, log } = await run(stanza({}, [enc('msg', 'a')]), { a: { conversation: 'hi' } })
    expect(contentOf(result)?.conversation).toBe('hi')
    expect(log).toEqual(['open a', 'store M1', 'commit a'])
  })

  it('hands the sender key on before the part that needs it, in one transaction', async () => {
    const { result, log } = await run(stanza(group, [enc('skmsg', 'b'), enc('pkmsg', 'a')]), {
      a: skdm('1@g.us'),
      b: { conversation: 'hi' },
    })
    expect(contentOf(result)).toMatchObject({ conversation: 'hi' })
    expect(log).toEqual(['open a', 'distribute 1@g.us', 'open b', 'store M1', 'commit b', 'commit a'])
  })

  it('keeps key material out of the message', async () => {
    const { result } = await run(stanza(group, [enc('msg', 'a')]), { a: { ...skdm('1@g.us'), conversation: 'resent' } })
    expect(Object.keys(contentOf(result) ?? {})).toEqual(['conversation'])
  })

  it('refuses a sender key for another chat (docs/protocol/03, 12: SKDM groupId must equal the chat)', async () => {
    const { log } = await run(stanza({}, [enc('msg', 'a')]), { a: skdm('1@g.us') })
    expect(log).toEqual(['open a', 'commit a'])
    const other = await run(stanza(group, [enc('msg', 'a'), enc('skmsg', 'b')]), {
      a: skdm('9@g.us'),
      b: new SignalError('no-sender-key'),
    })
    expect(other.result).toMatchObject({ kind: 'failed', error: { code: 'no-sender-key' } })
    expect(other.log).not.toContain('distribute 9@g.us')
  })

  it('reports a stanza that only brought a key', async () => {
    expect((await run(stanza(group, [enc('pkmsg', 'a')]), { a: skdm('1@g.us') })).result).toEqual({ kind: 'keys-only' })
  })

  it('does not open the group part after a failed pairwise part (docs/protocol/02, 9.2)', async () => {
    const { result, log } = await run(stanza(group, [enc('pkmsg', 'a'), enc('skmsg', 'b')]), {
      a: new SignalError('bad-mac'),
      b: { conversation: 'x' },
    })
    expect(result).toMatchObject({ kind: 'failed', error: { code: 'bad-mac' } })
    expect(log).toEqual([])
  })

  it('opens the group part after a repeated pairwise part', async () => {
    const { result } = await run(stanza(group, [enc('msg', 'a'), enc('skmsg', 'b')]), {
      a: new SignalError('duplicate-message'),
      b: { conversation: 'x' },
    })
    expect(contentOf(result)?.conversation).toBe('x')
  })

  it('keeps the key of a message whose group part fails', async () => {
    const { result, log } = await run(stanza(group, [enc('pkmsg', 'a'), enc('skmsg', 'b')]), {
      a: skdm('1@g.us'),
      b: new SignalError('bad-mac'),
    })
    expect(result).toMatchObject({ kind: 'failed', error: { code: 'bad-mac' } })
    expect(log).toEqual(['open a', 'distribute 1@g.us', 'commit a'])
  })

  it('takes the second copy of a Baileys resend when the first cannot be opened, and only one when both can', async () => {
    const second = await run(stanza({}, [enc('pkmsg', 'a'), enc('msg', 'b')]), {
      a: new SignalError('bad-mac'),
      b: { conversation: 'x' },
    })
    expect(contentOf(second.result)?.conversation).toBe('x')
    const both = await run(stanza({}, [enc('pkmsg', 'a'), enc('msg', 'b')]), {
      a: { conversation: 'x' },
      b: { conversation: 'x' },
    })
    expect(both.log).toEqual(['open a', 'store M1', 'commit a'])
  })

  it('tells a duplicate from a failure (docs/protocol/02, 9.5)', async () => {
    expect((await run(stanza({}, [enc('msg', 'a')]), { a: new SignalError('duplicate-message') })).result).toEqual({
      kind: 'duplicate',
    })
  })

  it('commits the step of a message whose plaintext is damaged', async () => {
    const unpadded = await run(stanza({}, [enc('msg', 'a')]), { a: Buffer.from('0a0200', 'hex') })
    expect(unpadded).toMatchObject({
      result: { kind: 'failed', error: { code: 'invalid-padding' } },
      log: ['open a', 'commit a'],
    })
    const undecodable = await run(stanza({}, [enc('msg', 'a')]), { a: Buffer.from('ff01', 'hex') })
    expect(undecodable.result).toMatchObject({ kind: 'failed', error: { code: 'invalid-protobuf' } })
  })

  it('passes faults of ours on and commits nothing', async () => {
    const decryptor = new FakeDecryptor({ a: { conversation: 'x' } })
    decryptor.storeFault = new KurirError('store-failed', 'disk full')
    const incoming = parseIncomingMessage(stanza({}, [enc('msg', 'a')]), me)
    await expect(decryptIncoming(incoming, decryptor, me)).rejects.toMatchObject({ code: 'store-failed' })
    expect(decryptor.log).toEqual(['open a'])
    await expect(run(stanza({}, [enc('msg', 'a')]), { a: new TypeError('bug') })).rejects.toThrow(TypeError)
  })

  it('accepts a decryptor that simply answers plaintexts', async () => {
    const decryptor: MessageDecryptor = {
      pairwise: async () => encodeWAMessage({ conversation: 'hi' }),
      senderKey: async () => undefined,
      distribute: async () => undefined,
      promptSecret: async () => undefined,
    }
    const result = await decryptIncoming(parseIncomingMessage(stanza({}, [enc('msg', 'a')]), me), decryptor, me)
    expect(contentOf(result)?.conversation).toBe('hi')
  })

  it('reads channel posts', async () => {
    const plaintext = (content: Uint8Array) =>
      stanza({ from: '1@newsletter' }, [{ tag: 'plaintext', attrs: {}, content }])
    const post = proto.Message.encode({ conversation: 'news' }).finish()
    expect(contentOf((await run(plaintext(post), {})).result)?.conversation).toBe('news')
    expect((await run(plaintext(Buffer.from('ff', 'hex')), {})).result).toMatchObject({ kind: 'failed' })
  })

  it('says when there is nothing, or nothing it knows', async () => {
    expect((await run(stanza({}, []), {})).result).toEqual({ kind: 'absent' })
    expect((await run(stanza({}, [enc('new', 'a')]), {})).result).toEqual({ kind: 'unrecognized', types: ['new'] })
  })
})

describe('who may say what', () => {
  const open = async (attrs: Record<string, string>, message: proto.IMessage) =>
    (await run(stanza(attrs, [enc('msg', 'a')]), { a: message })).result

  it('an own device says what was sent, and where', async () => {
    const wrapped = wrapDeviceSent({ conversation: 'mine' }, '2@s.whatsapp.net')
    const result = await open({ ...own, recipient: '2@s.whatsapp.net' }, wrapped)
    expect(result).toMatchObject({
      kind: 'content',
      message: { key: { remoteJid: '2@s.whatsapp.net', fromMe: true }, message: { conversation: 'mine' } },
    })
    const unnamed = await open(own, wrapped)
    expect(unnamed).toMatchObject({
      kind: 'content',
      message: { key: { remoteJid: '2@s.whatsapp.net', fromMe: true } },
    })
    expect(await open({ ...own, recipient: '3@s.whatsapp.net' }, wrapped)).toEqual({
      kind: 'dropped',
      why: 'other-destination',
    })
  })

  it('nobody else does (docs/protocol/02, 4.2; docs/protocol/03, 12)', async () => {
    expect(await open({}, wrapDeviceSent({ conversation: 'x' }, '3@lid'))).toEqual({
      kind: 'dropped',
      why: 'sender-is-not-own',
    })
  })

  it.each([
    Type.APP_STATE_SYNC_KEY_SHARE,
    Type.APP_STATE_SYNC_KEY_REQUEST,
    Type.APP_STATE_FATAL_EXCEPTION_NOTIFICATION,
    Type.LID_MIGRATION_MAPPING_SYNC,
    Type.PEER_DATA_OPERATION_REQUEST_MESSAGE,
  ])('protocol message %s counts from the own account only (docs/protocol/02, 9.5)', async type => {
    const message = { protocolMessage: { type } }
    expect(await open({}, message)).toEqual({ kind: 'dropped', why: 'self-only-from-other' })
    expect(await open({}, { ephemeralMessage: { message } })).toEqual({ kind: 'dropped', why: 'self-only-from-other' })
    expect((await open(own, message)).kind).toBe('content')
  })

  it.each([Type.PEER_DATA_OPERATION_REQUEST_RESPONSE_MESSAGE, Type.HISTORY_SYNC_NOTIFICATION])(
    'protocol message %s comes from the phone (docs/protocol/02, 10.4; docs/protocol/03, 9.1)',
    async type => {
      const answer = { protocolMessage: { type } }
      expect(await open({}, answer)).toEqual({ kind: 'dropped', why: 'self-only-from-other' })
      expect(await open(own, answer)).toEqual({ kind: 'dropped', why: 'phone-only-from-companion' })
      expect((await open({ from: '15550001111@s.whatsapp.net' }, answer)).kind).toBe('content')
    },
  )

  it('peer messages come from the own account', async () => {
    expect(await open({ category: 'peer' }, { conversation: 'x' })).toEqual({ kind: 'dropped', why: 'peer-from-other' })
  })

  it('edits and revokes of others pass', async () => {
    expect((await open({}, { protocolMessage: { type: Type.REVOKE, key: { id: 'X' } } })).kind).toBe('content')
  })
})

describe('bot replies', () => {
  const secret = Buffer.alloc(32, 5)
  const context = {
    targetId: 'P',
    targetSender: '100000000000001@lid',
    targetChat: undefined,
    sealedId: 'M1',
    botJid: '8@bot',
  }
  const sealed = sealBotReply(
    proto.Message.encode({ conversation: 'beep' }).finish(),
    secret,
    context,
    Buffer.alloc(12),
  )
  const reply: BinaryNode = {
    tag: 'enc',
    attrs: { v: '2', type: 'msmsg' },
    content: proto.MessageSecretMessage.encode(sealed).finish(),
  }
  const node = stanza({ from: '8@bot' }, [reply, { tag: 'meta', attrs: { target_id: 'P' } }])
  const incoming = parseIncomingMessage(node, me)

  it('open with the secret of the prompt (docs/protocol/02, 9.2)', async () => {
    const decryptor = new FakeDecryptor({})
    decryptor.secret = secret
    const result = await decryptIncoming(incoming, decryptor, me)
    expect(contentOf(result)?.conversation).toBe('beep')
    expect(decryptor.log).toEqual(['store M1'])
  })

  it('fail without it', async () => {
    const result = await decryptIncoming(incoming, new FakeDecryptor({}), me)
    expect(result).toMatchObject({ kind: 'failed', error: { code: 'missing-message-secret' } })
  })
})

describe('decryptMessageNode', () => {
  const repository = (opened: Opened, lid: string | null = null) => {
    const jids: string[] = []
    const fake = {
      decryptMessage: async ({ jid }: { jid: string }) => {
        jids.push(jid)
        if (opened instanceof Error) throw opened
        return encodeWAMessage(opened as proto.IMessage)
      },
      lidMapping: { getLIDForPN: async () => lid },
    } as unknown as SignalRepositoryWithLIDStore
    return { fake, jids }
  }

  it('fills the message when asked, by the LID session', async () => {
    const { fake, jids } = repository({ conversation: 'hi' }, '22@lid')
    const node = stanza({ from: '2@s.whatsapp.net' }, [enc('msg', 'a')])
    const { fullMessage, decrypt, author } = decryptMessageNode(node, me.id, me.lid, fake, silentLogger)
    expect(author).toBe('2@s.whatsapp.net')
    await decrypt()
    expect(fullMessage.message?.conversation).toBe('hi')
    expect(jids).toEqual(['22@lid'])
    expect(await getDecryptionJid('5@lid', fake)).toBe('5@lid')
  })

  it('leaves a stub that says why', async () => {
    for (const [opened, text] of [
      [new SignalError('bad-mac'), 'Bad MAC'],
      [new SignalError('duplicate-message'), 'Key used already or never filled'],
    ] as const) {
      const { fullMessage, decrypt } = decryptMessageNode(
        stanza({}, [enc('msg', 'a')]),
        me.id,
        me.lid,
        repository(opened).fake,
        silentLogger,
      )
      await decrypt()
      expect(fullMessage).toMatchObject({ messageStubType: 2, messageStubParameters: [text] })
    }
    const absent = decryptMessageNode(stanza({}, []), me.id, me.lid, repository({}).fake, silentLogger)
    await absent.decrypt()
    expect(absent.fullMessage.messageStubParameters).toEqual(['Message absent from node'])
  })
})
