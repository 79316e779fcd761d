import type { Phone } from '@kurir/simulator'
import { expect } from 'vitest'
import { Companion, textOf } from './companion.js'

export type ConversationDevice = Phone | Companion

/** One account with all its devices. */
export interface Side {
  readonly phone: Phone
  readonly companions: readonly Companion[]
}

interface SentText {
  readonly text: string
  readonly id: string
  readonly side: Side
  readonly device: ConversationDevice
}

const DEADLINE_MS = 20_000

/** Two accounts that write to each other from all their devices, and what each device must have seen of it. */
export class Conversation {
  readonly left: Side
  readonly right: Side
  /** How the partner is addressed from now on. */
  addressing: 'pn' | 'lid' = 'pn'
  readonly #sent: SentText[] = []

  constructor(left: Side, right: Side) {
    this.left = left
    this.right = right
  }

  get companions(): readonly Companion[] {
    return [...this.left.companions, ...this.right.companions]
  }

  /**
   * Each side writes `count` texts, its devices in turn; the sides take turns, and each text is everywhere before the
   * next one leaves. At full speed Baileys loses texts by itself: it overwrites its session when it sends and receives
   * at the same time, and spoils one by trying it on a message of another (docs/protocol/02 §2.6, §14.1).
   */
  async takeTurns(name: string, count: number): Promise<void> {
    for (let turn = 0; turn < count; turn += 1) {
      for (const side of [this.left, this.right]) {
        const devices = devicesOf(side)
        const device = devices[turn % devices.length]
        if (device !== undefined) await this.say(device, `${name} ${turn} from ${device.jid}`)
      }
    }
  }

  /** All devices write `count` texts as fast as they can. */
  async talkAtOnce(name: string, count: number): Promise<void> {
    const write = async (device: ConversationDevice) => {
      for (let turn = 0; turn < count; turn += 1) await this.send(device, `${name} ${turn} from ${device.jid}`)
    }
    await Promise.all([this.left, this.right].flatMap(devicesOf).map(write))
    await this.everythingHasArrived()
  }

  /** One device writes to the other account, and every device sees it; resolves with the id. */
  async say(device: ConversationDevice, text: string): Promise<string> {
    const id = await this.send(device, text)
    await Promise.all([this.left, this.right].flatMap(devicesOf).map(each => each === device || has(each, text)))
    return id
  }

  /** One device writes to the other account; resolves with the message id as soon as it is sent. */
  async send(device: ConversationDevice, text: string): Promise<string> {
    const [side, partner] = devicesOf(this.left).includes(device) ? [this.left, this.right] : [this.right, this.left]
    const jid = this.addressing === 'pn' ? partner.phone.jid : partner.phone.lid
    const id = device instanceof Companion ? await device.sendText(jid, text) : await device.send(jid, { text })
    this.#sent.push({ text, id, side, device })
    return id
  }

  /** Resolves when every text has arrived at every device. */
  async everythingHasArrived(): Promise<void> {
    const devices = [this.left, this.right].flatMap(devicesOf)
    for (const { text, device } of this.#sent) {
      await Promise.all(devices.map(each => each === device || has(each, text)))
    }
  }

  /**
   * Checks that every device has seen every text once, under the id it was sent with, as its own account's or the
   * other's, and in the order in which they were sent, or in any order where they were sent at once.
   */
  expectEveryDeviceToHaveSeenEverything(order: 'in order' | 'in any order' = 'in order'): void {
    const arranged = (texts: string[]) => (order === 'in order' ? texts : texts.sort())
    for (const side of [this.left, this.right]) {
      for (const companion of side.companions) {
        expect(arranged(seenBy(companion)), `at ${companion.jid}`).toEqual(arranged(this.#expectedAt(side)))
      }
      // A phone does not list its own texts.
      const { phone } = side
      expect(arranged(seenByPhone(phone)), `at ${phone.jid}`).toEqual(arranged(this.#expectedAt(side, phone)))
    }
  }

  #expectedAt(side: Side, except?: ConversationDevice): string[] {
    return this.#sent
      .filter(({ device }) => device !== except)
      .map(sent => entry(sent.id, sent.text, sent.side === side))
  }
}

const devicesOf = ({ phone, companions }: Side): ConversationDevice[] => [...companions, phone]

/** Resolves when this text has arrived at a device. */
const has = async (device: ConversationDevice, text: string): Promise<void> => {
  if (device instanceof Companion) await device.text(text)
  else await device.waitForMessage(message => message.text === text, DEADLINE_MS)
}

const entry = (id: string, text: string, fromMe: boolean): string => `${id} ${fromMe ? 'own' : 'their'}: ${text}`

const seenBy = (companion: Companion): string[] =>
  companion.readable.flatMap(message => {
    const text = textOf(message)
    return text === undefined ? [] : [entry(message.key.id ?? '', text, message.key.fromMe === true)]
  })

const seenByPhone = (phone: Phone): string[] =>
  phone.messages.flatMap(({ id, text, fromMe }) => (text === undefined ? [] : [entry(id, text, fromMe)]))
