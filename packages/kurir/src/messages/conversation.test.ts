import { describe, expect, it } from 'vitest'
import { decodeNode } from '../binary/decode.js'
import { encodeBinaryNode } from '../binary/encode.js'
import type { BinaryNode } from '../binary/node.js'
import type { WAMessage } from '../events/message-types.js'
import type { proto } from '../proto/index.js'
import { makeParty, type Party } from '../signal/testing/party.js'
import { wrapDeviceSent } from './device-sent.js'
import { buildGroupMessage, buildUserMessage, type EncryptedCopy } from './fan-out.js'
import { generateWAMessage } from './generate.js'
import { parseIncomingMessage } from './incoming.js'
import { planIncoming } from './incoming-answer.js'
import { type DecryptedMessage, decryptIncoming } from './incoming-decryption.js'
import { encodeWAMessage } from './padding.js'
import { buildDeliveryReceipt } from './receipts.js'
import { committingDecryptor } from './repository-decryptor.js'
import { stanzaAttributesOf } from './stanza-attributes.js'
import { childNode, childNodes } from './stanza-values.js'

/** Two accounts and their devices, with real sessions; the service between them is the few lines of `deliver`. */
const group = '120363000000000001@g.us'

class Device {
  party: Party
  readonly stored: WAMessage[] = []
  storeFault: Error | undefined

  constructor(jid: string) {
    this.party = makeParty(jid)
  }

  get jid(): string {
    return this.party.jid
  }

  async encryptFor(
    devices: readonly Device[],
    messageFor: (device: Device) => proto.IMessage,
  ): Promise<EncryptedCopy[]> {
    const copies: EncryptedCopy[] = []
    for (const device of devices) {
      const { exists } = await this.party.repository.validateSession(device.jid)
      if (!exists) await this.party.repository.injectE2ESession({ jid: device.jid, session: device.party.bundle() })
      const encrypted = await this.party.repository.encryptMessage({
        jid: device.jid,
        data: encodeWAMessage(messageFor(device)),
      })
      copies.push({ jid: device.jid, ...encrypted })
    }
    return copies
  }

  async receive(
    stanza: BinaryNode,
  ): Promise<{ result: DecryptedMessage; answer: string; receipt: BinaryNode | undefined }> {
    const me = { id: '0@s.whatsapp.net', lid: this.jid }
    const incoming = parseIncomingMessage(stanza, me)
    const decryptor = committingDecryptor(this.party.repository, {
      promptSecret: async () => undefined,
      store: async message => {
        if (this.storeFault !== undefined) throw this.storeFault
        this.stored.push(message)
      },
    })
    const result = await decryptIncoming(incoming, decryptor, me)
    const plan = planIncoming(incoming, result, { asked: 0, now: 1_700_000_000 })
    return { result, answer: plan.answer.kind, receipt: buildDeliveryReceipt(stanza, me, true) }
  }
}

/** What the service makes of a stanza for one device: over the wire and back, then cut down to that device's part. */
function deliver(sent: BinaryNode, from: Device, to: Device, attrs: Record<string, string> = {}): BinaryNode {
  const message = decodeNode(encodeBinaryNode(sent))
  const entries = childNodes(childNode(message, 'participants') ?? { tag: '', attrs: {} })
  const own = entries.filter(entry => entry.attrs['jid'] === to.jid).flatMap(entry => childNodes(entry))
  const shared = childNodes(message).filter(child => child.tag === 'enc')
  const isGroup = message.attrs['to'] === group
  const base = { id: message.attrs['id'] ?? '', t: '1700000000', type: 'text', addressing_mode: 'lid' }
  const author: Record<string, string> = isGroup ? { from: group, participant: from.jid } : { from: from.jid }
  return { tag: 'message', attrs: { ...base, ...author, ...attrs }, content: [...own, ...shared] }
}

const textOf = (result: DecryptedMessage) =>
  result.kind === 'content' ? (result.message.message?.extendedTextMessage?.text ?? null) : result.kind

async function sendText(from: Device, to: readonly Device[], chat: string, text: string): Promise<BinaryNode> {
  const { key, message } = await generateWAMessage(chat, { text }, { userJid: from.jid })
  const content = message ?? {}
  const user = from.jid.split(/[:@]/)[0]
  const isOwn = (device: Device) => device.jid.split(/[:@]/)[0] === user
  const copies = await from.encryptFor(to, device => (isOwn(device) ? wrapDeviceSent(content, chat) : content))
  const deviceIdentity = Buffer.alloc(186)
  return buildUserMessage({
    id: key.id ?? '',
    to: chat,
    attributes: stanzaAttributesOf(content),
    deviceIdentity,
    copies,
  })
}

async function sendToGroup(from: Device, lackingKey: readonly Device[], text: string): Promise<BinaryNode> {
  const { key, message } = await generateWAMessage(group, { text }, { userJid: from.jid })
  const sealed = await from.party.repository.encryptGroupMessage({
    group,
    meId: from.jid,
    data: encodeWAMessage(message ?? {}),
  })
  const distribution = {
    senderKeyDistributionMessage: {
      groupId: group,
      axolotlSenderKeyDistributionMessage: sealed.senderKeyDistributionMessage,
    },
  }
  return buildGroupMessage({
    id: key.id ?? '',
    to: group,
    attributes: stanzaAttributesOf(message ?? {}),
    deviceIdentity: Buffer.alloc(186),
    addressingMode: 'lid',
    phash: '2:AAAAAAAA',
    senderKeyMessage: sealed.ciphertext,
    keyDistribution: await from.encryptFor(lackingKey, () => distribution),
  })
}

describe('a conversation over the wire format with real sessions', () => {
  it('1:1: recipient and own companion read the text, replies come on the session', async () => {
    const [alice, tablet, bob] = ['11@lid', '11:4@lid', '22@lid'].map(jid => new Device(jid)) as [
      Device,
      Device,
      Device,
    ]
    const stanza = await sendText(alice, [tablet, bob], '22@lid', 'hello')
    const atBob = await bob.receive(deliver(stanza, alice, bob))
    expect(textOf(atBob.result)).toBe('hello')
    expect(atBob.receipt?.attrs).toEqual({ id: stanza.attrs['id'], to: '11@lid' })
    const atTablet = await tablet.receive(deliver(stanza, alice, tablet, { recipient: '22@lid' }))
    expect(atTablet.result).toMatchObject({ message: { key: { remoteJid: '22@lid', fromMe: true } } })
    expect(textOf(atTablet.result)).toBe('hello')
    const reply = await sendText(bob, [alice], '11@lid', 'hi yourself')
    expect(childNodes(reply).map(child => child.tag)).not.toContain('device-identity')
    expect(textOf((await alice.receive(deliver(reply, bob, alice))).result)).toBe('hi yourself')
  })

  it('a second delivery is a duplicate and is answered by a receipt (docs/protocol/02, 9.5)', async () => {
    const [alice, bob] = ['11@lid', '22@lid'].map(jid => new Device(jid)) as [Device, Device]
    const stanza = deliver(await sendText(alice, [bob], '22@lid', 'once'), alice, bob)
    await bob.receive(stanza)
    const again = await bob.receive(stanza)
    expect(again).toMatchObject({ result: { kind: 'duplicate' }, answer: 'receipt' })
    expect(bob.stored).toHaveLength(1)
  })

  it('a message that could not be stored can be decrypted again (docs/protocol/02, 9.6)', async () => {
    const [alice, bob] = ['11@lid', '22@lid'].map(jid => new Device(jid)) as [Device, Device]
    const stanza = deliver(await sendText(alice, [bob], '22@lid', 'precious'), alice, bob)
    bob.storeFault = new Error('disk full')
    await expect(bob.receive(stanza)).rejects.toThrow('disk full')
    bob.storeFault = undefined
    bob.party = bob.party.restarted()
    expect(textOf((await bob.receive(stanza)).result)).toBe('precious')
  })

  it('a damaged message asks for a retry', async () => {
    const [alice, bob] = ['11@lid', '22@lid'].map(jid => new Device(jid)) as [Device, Device]
    await bob.receive(deliver(await sendText(alice, [bob], '22@lid', 'first'), alice, bob))
    const reply = await sendText(bob, [alice], '11@lid', 'second')
    const stanza = deliver(reply, bob, alice)
    const ciphertext = childNodes(stanza)[0]?.content as Uint8Array
    ciphertext[ciphertext.byteLength - 1] = (ciphertext.at(-1) ?? 0) ^ 1
    expect(await alice.receive(stanza)).toMatchObject({ result: { kind: 'failed' }, answer: 'retry' })
  })

  it('group: the key comes with the first message, later ones are the sender-key message alone', async () => {
    const [alice, bob, carol] = ['11@lid', '22:7@lid', '33@lid'].map(jid => new Device(jid)) as [Device, Device, Device]
    const first = await sendToGroup(alice, [bob, carol], 'one')
    for (const device of [bob, carol])
      expect(textOf((await device.receive(deliver(first, alice, device))).result)).toBe('one')
    const second = await sendToGroup(alice, [], 'two')
    const third = await sendToGroup(alice, [], 'three')
    expect(textOf((await bob.receive(deliver(third, alice, bob))).result)).toBe('three')
    bob.party = bob.party.restarted()
    const late = await bob.receive(deliver(second, alice, bob))
    expect(textOf(late.result)).toBe('two')
    expect(late.receipt?.attrs).toEqual({ id: second.attrs['id'], to: group, participant: '11@lid' })
  })

  it('group: a member without the key asks for a retry; a fault rolls key and text back together', async () => {
    const [alice, bob, carol] = ['11@lid', '22@lid', '33@lid'].map(jid => new Device(jid)) as [Device, Device, Device]
    const first = await sendToGroup(alice, [bob], 'one')
    expect(await carol.receive(deliver(first, alice, carol))).toMatchObject({
      result: { error: { code: 'no-sender-key' } },
      answer: 'retry',
    })
    bob.storeFault = new Error('disk full')
    await expect(bob.receive(deliver(first, alice, bob))).rejects.toThrow('disk full')
    bob.storeFault = undefined
    expect(textOf((await bob.receive(deliver(first, alice, bob))).result)).toBe('one')
  })
})
