import { accountJid, S_WHATSAPP_NET } from '../binary/jid.js'
import type { BinaryNode } from '../binary/node.js'
import { KurirError } from '../errors/index.js'
import { USyncBotProfileProtocol } from './bot-profile-protocol.js'
import { USyncBusinessProtocol } from './business-protocol.js'
import { USyncContactProtocol } from './contact-protocol.js'
import { USyncDeviceProtocol } from './device-protocol.js'
import { USyncDisappearingModeProtocol } from './disappearing-mode-protocol.js'
import { USyncLIDProtocol } from './lid-protocol.js'
import { USyncPictureProtocol } from './picture-protocol.js'
import type { USyncQueryProtocol } from './protocol.js'
import { parseUSyncQueryResult, type USyncQueryResult } from './result.js'
import { USyncStatusProtocol } from './status-protocol.js'
import { USyncTextStatusProtocol } from './text-status-protocol.js'
import type { USyncUser } from './user.js'
import { USyncUsernameProtocol } from './username-protocol.js'

/** Why we ask; the server may answer background questions later. */
export type USyncContext = 'interactive' | 'background' | 'message' | 'notification'
export type USyncMode = 'query' | 'full' | 'delta'

/**
 * A question about users: who, and which protocols. Setters can be chained; `sock.executeUSyncQuery` asks it. Keep it to
 * a few hundred users.
 */
export class USyncQuery {
  protocols: USyncQueryProtocol[] = []
  users: USyncUser[] = []
  context: string = 'interactive'
  mode: string = 'query'

  withMode(mode: USyncMode | (string & {})): this {
    this.mode = mode
    return this
  }

  withContext(context: USyncContext | (string & {})): this {
    this.context = context
    return this
  }

  withUser(user: USyncUser): this {
    this.users.push(user)
    return this
  }

  withDeviceProtocol(): this {
    return this.withProtocol(new USyncDeviceProtocol())
  }

  withContactProtocol(): this {
    return this.withProtocol(new USyncContactProtocol())
  }

  withStatusProtocol(): this {
    return this.withProtocol(new USyncStatusProtocol())
  }

  withDisappearingModeProtocol(): this {
    return this.withProtocol(new USyncDisappearingModeProtocol())
  }

  withBotProfileProtocol(): this {
    return this.withProtocol(new USyncBotProfileProtocol())
  }

  withLIDProtocol(): this {
    return this.withProtocol(new USyncLIDProtocol())
  }

  withUsernameProtocol(): this {
    return this.withProtocol(new USyncUsernameProtocol())
  }

  /** Not in Baileys. */
  withTextStatusProtocol(): this {
    return this.withProtocol(new USyncTextStatusProtocol())
  }

  /** Not in Baileys. */
  withPictureProtocol(): this {
    return this.withProtocol(new USyncPictureProtocol())
  }

  /** Not in Baileys. */
  withBusinessProtocol(): this {
    return this.withProtocol(new USyncBusinessProtocol())
  }

  /** Asks with a protocol of your own. */
  withProtocol(protocol: USyncQueryProtocol): this {
    this.protocols.push(protocol)
    return this
  }

  /** {@link parseUSyncQueryResult} with the protocols of this query. */
  parseUSyncQueryResult(answer: BinaryNode | undefined): USyncQueryResult | undefined {
    return parseUSyncQueryResult(answer, this.protocols)
  }
}

/**
 * The stanza that asks a query, without its `id` (docs/protocol/02, usync IQ).
 *
 * @param sid a fresh id, of the kind stanza ids are
 * @throws KurirError `invalid-usync-query` when there is no protocol, or a user who has neither a JID nor anything to be
 *   looked up by
 */
export function buildUSyncNode(query: USyncQuery, sid: string): BinaryNode {
  const { protocols, users, context, mode } = query
  if (protocols.length === 0) throw invalidQuery('USyncQuery must have at least one protocol')
  const list = users.map(user => ({ tag: 'user', attrs: userAttributes(user), content: userElements(user, protocols) }))
  return {
    tag: 'iq',
    attrs: { to: S_WHATSAPP_NET, type: 'get', xmlns: 'usync' },
    content: [
      {
        tag: 'usync',
        attrs: { context, mode, sid, last: 'true', index: '0' },
        content: [
          { tag: 'query', attrs: {}, content: protocols.map(protocol => protocol.getQueryElement()) },
          { tag: 'list', attrs: {}, content: list },
        ],
      },
    ],
  }
}

/** Numbers are looked up without JID. Everyone else is named by account: the server refuses device JIDs. */
function userAttributes(user: USyncUser): BinaryNode['attrs'] {
  if (user.phone || (!user.id && user.username)) return {}
  const jid = accountJid(user.id)
  if (jid === undefined) throw invalidQuery('A user needs a JID, a phone number or a username', user.id)
  return { jid }
}

function userElements(user: USyncUser, protocols: readonly USyncQueryProtocol[]): BinaryNode[] {
  const elements = protocols.flatMap(protocol => protocol.getUserElement(user) ?? [])
  return user.proof ? [...elements, user.proof] : elements
}

function invalidQuery(message: string, jid?: string): KurirError {
  return new KurirError('invalid-usync-query', message, { statusCode: 400, data: { jid } })
}
