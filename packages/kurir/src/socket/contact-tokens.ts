import { isLidUser, isPnUser, jidNormalizedUser } from '../binary/jid.js'
import type { BinaryNode } from '../binary/node.js'
import { KurirError } from '../errors/kurir-error.js'
import { isOwnAccount } from '../messages/own-account.js'
import {
  buildTokenIssue,
  buildTokenProof,
  canHoldToken,
  isNewerToken,
  isTokenExpired,
  parseReceivedTokens,
  shouldIssueToken,
} from '../privacy/trusted-contact-tokens.js'
import type { TrustedContactToken } from '../signal/key-store.js'
import { ExpiringMap } from '../time/expiring-map.js'
import type { SocketCore } from './core.js'
import { knownNamesOf } from './other-name.js'
import { ownAccount } from './own-account.js'
import { Coalescer } from './scheduling.js'

const CONTACTS_REMEMBERED = 10_000
/** A contact that was given a token is not looked up again for so long: tokens last for weeks. */
const ISSUED_TTL_MS = 3_600_000
const noToken = Buffer.alloc(0)

/**
 * Trusted-contact tokens (docs/protocol/02 §11.2): contacts give us one each, which we show when we write to them or ask
 * for their presence, and we give them one when we write. Without them the service may refuse a message to somebody who
 * has not written before (463).
 */
export class ContactTokens {
  readonly #core: SocketCore
  readonly #issuing = new Coalescer<void>()
  readonly #issued = new ExpiringMap<true>({ limit: CONTACTS_REMEMBERED, ttlMs: ISSUED_TTL_MS })

  constructor(core: SocketCore) {
    this.#core = core
  }

  /** The token that a contact gave us, while it is valid. */
  async tokenOf(jid: string): Promise<Uint8Array | undefined> {
    return (await this.#valid(jid))?.token
  }

  /** What shows the token of a contact with its time; nobody shows one to himself, nor to a group. */
  async proofFor(jid: string): Promise<BinaryNode | undefined> {
    if (isOwnAccount(jid, ownAccount(this.#core.creds))) return undefined
    const valid = await this.#valid(jid)
    return valid && buildTokenProof(valid.token, valid.timestamp)
  }

  /** Keeps the tokens in a `privacy_token` notification. */
  async receive(notification: BinaryNode): Promise<void> {
    for (const { issuer, issuerLid, token, timestamp } of parseReceivedTokens(notification)) {
      const owner = issuerLid === undefined ? await this.#ownerOf(issuer) : jidNormalizedUser(issuerLid)
      await this.#change(owner, stored =>
        isNewerToken(stored, timestamp)
          ? { ...stored, token: Buffer.from(token), timestamp: String(timestamp) }
          : undefined,
      )
    }
  }

  /** Gives a contact that was written to a token, once in a period. Never rejects: the message has left already. */
  async issueTo(jid: string): Promise<void> {
    const contact = jidNormalizedUser(jid)
    if (this.#issued.has(contact)) return
    if (await this.#issueOrLog(contact, contact, () => this.#issueIfDue(contact))) this.#issued.set(contact, true)
  }

  /**
   * Gives a contact a token although none is due: the server has refused a message to them for want of trust (463,
   * docs/protocol/03 §2.17). One at a time for a contact. Never rejects.
   */
  async issueNowTo(jid: string | undefined): Promise<void> {
    const contact = jidNormalizedUser(jid)
    await this.#issueOrLog(`${contact} now`, contact, async () => void (await this.issue([contact])))
  }

  /**
   * Gives contacts tokens now, whether they are due or not. Resolves with the server's answer.
   *
   * @param timestamp Unix seconds; the server's clock when left out
   * @throws KurirError `invalid-jid` for somebody who can hold no token; what the query rejects with
   */
  async issue(jids: readonly string[], timestamp = this.#core.clock.nowSeconds()): Promise<BinaryNode> {
    const contacts = jids.map(jid => {
      const contact = jidNormalizedUser(jid)
      if (canHoldToken(contact)) return contact
      throw new KurirError('invalid-jid', 'Tokens are for people only', { statusCode: 400, data: { jid } })
    })
    const toLids = this.#core.serverProps.lidTrustedTokenIssueToLid
    const named = await Promise.all(
      contacts.map(contact => (toLids ? this.#ownerOf(contact) : this.#phoneNumberOf(contact))),
    )
    const answer = await this.#core.connection.query(buildTokenIssue(named, timestamp))
    for (const contact of contacts) {
      await this.#change(await this.#ownerOf(contact), stored => ({
        token: noToken,
        ...stored,
        senderTimestamp: timestamp,
      }))
    }
    return answer
  }

  /** Under the LID or, where it came before that was known, under the number: nobody is asked for the other name. */
  async #valid(jid: string): Promise<{ readonly token: Uint8Array; readonly timestamp: number } | undefined> {
    if (!canHoldToken(jid)) return undefined
    const { lid, phoneNumber } = await knownNamesOf(this.#core, jid)
    for (const owner of [lid, phoneNumber]) {
      const stored = owner && (await this.#stored(owner))
      if (!stored || stored.token.byteLength === 0 || stored.timestamp === undefined) continue
      const timestamp = Number(stored.timestamp)
      if (!isTokenExpired(timestamp, this.#core.clock.nowSeconds())) return { token: stored.token, timestamp }
    }
    return undefined
  }

  /** @returns whether that went well */
  async #issueOrLog(name: string, contact: string, issue: () => Promise<void>): Promise<boolean> {
    const { connection, logger, creds } = this.#core
    if (!canHoldToken(contact) || isOwnAccount(contact, ownAccount(creds))) return false
    try {
      await this.#issuing.run(name, issue)
      return true
    } catch (error) {
      if (connection.phase === 'open') logger.warn({ err: error, jid: contact }, 'a contact got no token of ours')
      return false
    }
  }

  async #issueIfDue(contact: string): Promise<void> {
    const stored = await this.#stored(await this.#ownerOf(contact))
    if (shouldIssueToken(stored?.senderTimestamp, this.#core.clock.nowSeconds())) await this.issue([contact])
  }

  /** Contacts are named by phone number where it is known, unless the service wants LIDs. */
  async #phoneNumberOf(contact: string): Promise<string> {
    const pn = isPnUser(contact) ? contact : await this.#core.repository.lidMapping.getPNForLID(contact)
    return pn ? jidNormalizedUser(pn) : contact
  }

  /** Tokens are filed under the LID where it is known. */
  async #ownerOf(jid: string): Promise<string> {
    const lid = isLidUser(jid) ? jid : await this.#core.repository.lidMapping.getLIDForPN(jid)
    return jidNormalizedUser(lid ?? jid)
  }

  async #stored(owner: string): Promise<TrustedContactToken | undefined> {
    const { [owner]: stored } = await this.#core.keys.get('tctoken', [owner])
    return stored ?? undefined
  }

  async #change(
    owner: string,
    changed: (stored: TrustedContactToken | undefined) => TrustedContactToken | undefined,
  ): Promise<void> {
    await this.#core.keys.transaction(async () => {
      const token = changed(await this.#stored(owner))
      if (token) await this.#core.keys.set({ tctoken: { [owner]: token } })
    }, `tctoken:${owner}`)
  }
}
