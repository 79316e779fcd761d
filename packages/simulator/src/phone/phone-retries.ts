import { type BinaryNode, getBinaryNodeChild } from 'kurir/binary'
import { formatAddress, parseAddress } from '../accounts/address.js'
import { BoundedMap } from '../accounts/bounded-map.js'
import { bigEndian, element, integerOf } from '../router/stanzas.js'
import type { PhoneContext } from './phone-context.js'
import { type PhoneDirectory, readBundle } from './phone-directory.js'
import type { PhonePreKey } from './phone-keys.js'
import type { PhoneSender } from './phone-sender.js'

const MOST_REQUESTS = 5
const REMEMBERED = 5000
/** From this count on a request carries keys (docs/protocol/02 §10.2). */
const KEYS_FROM = 2

/** Retries both ways: asking for what cannot be read, and sending again what others could not read. */
export class PhoneRetries {
  readonly #context: () => PhoneContext
  readonly #directory: PhoneDirectory
  readonly #sender: PhoneSender
  readonly #storePreKeys: (preKeys: readonly PhonePreKey[]) => Promise<void>
  /** Device and prekey id of bundles that came with requests. */
  readonly #offered = new BoundedMap<string, true>(REMEMBERED)
  /** `session/id` → how often it was asked for. */
  readonly #asked = new BoundedMap<string, number>(REMEMBERED)

  constructor(
    context: () => PhoneContext,
    directory: PhoneDirectory,
    sender: PhoneSender,
    storePreKeys: (preKeys: readonly PhonePreKey[]) => Promise<void>,
  ) {
    this.#context = context
    this.#directory = directory
    this.#sender = sender
    this.#storePreKeys = storePreKeys
  }

  countFor(session: string, id: string): number {
    return this.#asked.get(`${session}/${id}`) ?? 0
  }

  /** Asks the author for a message again; gives up after five times. The retry receipt stops redelivery. */
  async ask(node: BinaryNode, reason: number): Promise<void> {
    const { id, from, participant, recipient, category, t } = node.attrs
    const session = this.#sessionOf(participant ?? from, node)
    if (id === undefined || session === undefined) return
    const count = this.countFor(session, id) + 1
    this.#asked.set(`${session}/${id}`, count)
    if (count > MOST_REQUESTS) return
    const { keys, wire } = this.#context()
    const attrs = {
      id,
      to: from,
      type: 'retry',
      participant,
      recipient: category === 'peer' ? undefined : recipient,
      category,
    }
    const retry = element('retry', { v: '1', count: String(count), id, t, error: String(reason) })
    const parts = [retry, element('registration', {}, bigEndian(keys.registrationId, 4))]
    if (count >= KEYS_FROM) parts.push(await this.#freshKeys())
    wire.write(element('receipt', attrs, parts))
  }

  /** A device asks for a message of this phone. */
  async answer(node: BinaryNode): Promise<void> {
    const { id, from, participant } = node.attrs
    const requester = participant ?? from
    const sent = this.#sender.sentMessage(id ?? '')
    const session = this.#sessionOf(requester, node)
    const count = Number(getBinaryNodeChild(node, 'retry')?.attrs['count'] ?? 1)
    if (sent === undefined || requester === undefined || session === undefined || count > MOST_REQUESTS) return
    if (sent.audience !== undefined || sent.chat.endsWith('@g.us')) this.#sender.groups.forgetHolder(sent.chat, session)
    await this.#renewSession(node, session, count)
    await this.#sender.repeat(sent, requester, session, count)
  }

  /** A new session from the keys of the request, or from a fresh bundle when ours cannot be right. */
  async #renewSession(node: BinaryNode, session: string, count: number): Promise<void> {
    const { signal } = this.#context()
    const keys = getBinaryNodeChild(node, 'keys')
    const registration = getBinaryNodeChild(node, 'registration')
    const bundle = keys === undefined ? undefined : readBundle(keys, registration)
    if (bundle !== undefined) {
      const offer = `${session} ${bundle.preKey?.keyId}`
      // A request that came twice: a one-time prekey begins one session only.
      if (bundle.preKey !== undefined && this.#offered.has(offer)) return
      this.#offered.set(offer, true)
      await signal.injectE2ESession({ jid: session, session: bundle })
      return
    }
    const known = await signal.getSessionInfo(session)
    const same = known !== null && known.registrationId === integerOf(registration)
    const address = parseAddress(session)
    const target = { jid: session, session, lidUser: address?.user ?? '' }
    await this.#directory.ensureSessions([target], !same || count >= KEYS_FROM)
  }

  async #freshKeys(): Promise<BinaryNode> {
    const { keys } = this.#context()
    const [preKey] = keys.makePreKeys(1)
    const { keyId, keyPair, signature } = keys.signedPreKey
    const parts = [element('type', {}, Buffer.of(5)), element('identity', {}, keys.identity.public)]
    if (preKey !== undefined) {
      await this.#storePreKeys([preKey])
      parts.push(element('key', {}, [element('id', {}, bigEndian(preKey.id, 3)), element('value', {}, preKey.public)]))
    }
    const signed = [
      element('id', {}, bigEndian(keyId, 3)),
      element('value', {}, keyPair.public),
      element('signature', {}, signature),
    ]
    return element('keys', {}, [...parts, element('skey', {}, signed)])
  }

  #sessionOf(jid: string | undefined, node: BinaryNode): string | undefined {
    const address = parseAddress(jid)
    if (address === undefined || address.addressing === 'lid') return jid
    const { account } = this.#context()
    if (address.user === account.pnUser) return formatAddress('lid', account.lidUser, address.device)
    const { sender_lid, participant_lid } = node.attrs
    const twin = parseAddress(participant_lid ?? sender_lid) ?? this.#lookUp(address.user)
    return twin === undefined ? undefined : formatAddress('lid', twin.user, address.device)
  }

  /** Receipts do not always name the twin; the directory knows whom the phone has written to. */
  #lookUp(pnUser: string): { readonly user: string } | undefined {
    const user = this.#directory.lidOf(pnUser)
    return user === undefined ? undefined : { user }
  }
}
