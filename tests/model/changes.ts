import type { ChangedMessage, PhoneAppStateChange, SeededRandom } from '@kurir/simulator'

/** What any device can change; phones change more. */
export type SharedChange = Extract<
  PhoneAppStateChange,
  {
    readonly action:
      | 'archive'
      | 'pin'
      | 'mute'
      | 'read'
      | 'clear'
      | 'delete-chat'
      | 'star'
      | 'delete-for-me'
      | 'contact'
      | 'push-name'
      | 'link-previews'
      | 'label'
      | 'label-chat'
      | 'label-message'
      | 'quick-reply'
  }
>

/** Few enough that devices change the same things, many enough that records come and go. */
const CHATS = Array.from({ length: 12 }, (_, number) =>
  number % 3 === 0 ? `12036300000000${100 + number}@g.us` : `62811100${1000 + number}@s.whatsapp.net`,
)
const USERS = CHATS.filter(chat => chat.endsWith('@s.whatsapp.net'))
/** Nothing else happens to them: with a chat, what a program was about to be told of it goes too. */
const DELETED_CHATS = ['6281110002001@s.whatsapp.net', '120363000000002002@g.us']
const LABELS = ['1', '2', '3', '4', '5']

/** Random changes that follow from a seed. */
export class ChangeSource {
  readonly #random: SeededRandom
  #number = 0

  constructor(random: SeededRandom) {
    this.#random = random
  }

  shared(): SharedChange {
    this.#number += 1
    const make = this.#random.pick(this.#makers)
    return make()
  }

  phone(): PhoneAppStateChange {
    return this.#random.chance(0.8) ? this.shared() : this.#random.pick(this.#phoneMakers)()
  }

  readonly #makers: readonly (() => SharedChange)[] = [
    () => ({ action: 'archive', chat: this.#chat(), on: this.#on() }),
    () => ({ action: 'pin', chat: this.#chat(), on: this.#on() }),
    () => ({ action: 'mute', chat: this.#chat(), until: this.#on() ? 1_900_000_000_000 + this.#number : null }),
    () => ({ action: 'read', chat: this.#chat(), on: this.#on() }),
    () => ({ action: 'clear', chat: this.#chat(), starred: true }),
    () => ({ action: 'delete-chat', chat: this.#random.pick(DELETED_CHATS), media: true }),
    () => ({ action: 'star', message: this.#message(), on: this.#on() }),
    () => ({ action: 'delete-for-me', message: { ...this.#message(), id: `GONE${this.#random.below(40)}` } }),
    () => ({ action: 'contact', jid: this.#random.pick(USERS), contact: this.#contact() }),
    () => ({ action: 'contact', jid: this.#random.pick(USERS), contact: this.#contact() }),
    () => ({ action: 'push-name', name: `Name ${this.#number}` }),
    () => ({ action: 'link-previews', disabled: this.#on() }),
    () => ({
      action: 'label',
      id: this.#random.pick(LABELS),
      label: { name: `Label ${this.#number}`, color: this.#random.below(20), deleted: this.#random.chance(0.2) },
    }),
    () => ({ action: 'label-chat', label: this.#random.pick(LABELS), chat: this.#chat(), on: this.#on() }),
    () => ({ action: 'label-message', label: this.#random.pick(LABELS), message: this.#message(), on: this.#on() }),
    () => ({
      action: 'quick-reply',
      id: String(1_800_000_000 + this.#random.below(8)),
      reply: { shortcut: `s${this.#number}`, message: 'text', deleted: this.#random.chance(0.2) },
    }),
  ]

  readonly #phoneMakers: readonly (() => PhoneAppStateChange)[] = [
    () => ({ action: 'lock', chat: this.#chat(), on: this.#on() }),
    () => ({ action: 'locale', locale: this.#random.pick(['id_ID', 'pt_BR', 'de_DE']) }),
    () => ({ action: 'time-format', twentyFourHours: this.#on() }),
    () => ({ action: 'relay-calls', on: this.#on() }),
    () => ({
      action: 'raw',
      index: ['userStatusMute', this.#random.pick(USERS)],
      value: this.#on() ? { userStatusMuteAction: { muted: true } } : null,
    }),
  ]

  #chat(): string {
    return this.#random.pick(CHATS)
  }

  #on(): boolean {
    return this.#random.chance(0.5)
  }

  #contact() {
    return this.#random.chance(0.25) ? null : { fullName: `Contact ${this.#number}`, firstName: 'C' }
  }

  /** An own message: whose author nobody needs to name. */
  #message(): ChangedMessage {
    return { chat: this.#chat(), id: `3EB0${this.#random.below(10)}`, fromMe: true }
  }
}
