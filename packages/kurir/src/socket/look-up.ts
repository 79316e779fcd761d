import { getBinaryNodeChild, refusalIn } from '../binary/accessors.js'
import type { BinaryNode } from '../binary/node.js'
import { KurirError } from '../errors/kurir-error.js'
import { USyncContactProtocol } from '../usync/contact-protocol.js'
import { buildUSyncNode, USyncQuery } from '../usync/query.js'
import type { USyncQueryResultList } from '../usync/result.js'
import { USyncUser } from '../usync/user.js'
import type { ContactTokens } from './contact-tokens.js'
import type { SocketCore } from './core.js'

/** Questions about people that show the tokens which they have given us (docs/protocol/04, 4.2 and 4.4). */
export interface LookUpMembers {
  /** About texts: `[{ id, status: { status, setAt } }]`; empty where it is hidden from us, null where there is none. */
  fetchStatus(...jids: string[]): Promise<USyncQueryResultList[] | undefined>
  /** Kurir: short statuses with emoji: `[{ id, text_status: { text, emoji?, duration?, setAt } }]`. */
  fetchTextStatus(...jids: string[]): Promise<USyncQueryResultList[] | undefined>
  /**
   * Kurir: who goes by a username; undefined when nobody does.
   *
   * @param key the short number that protects the name
   * @throws KurirError `username-key-needed` (401) when the name is protected and the key missing or wrong
   */
  findByUsername(username: string, key?: string): Promise<FoundUser | undefined>
}

/** A person found by username. */
export interface FoundUser {
  readonly jid: string
  readonly phoneNumber?: string
  readonly verifiedName?: string
}

export function lookUpMembers(core: SocketCore, tokens: ContactTokens): LookUpMembers {
  const ask = async (query: USyncQuery) =>
    query.parseUSyncQueryResult(await core.connection.query(buildUSyncNode(query, core.connection.ids.next())))
  const aboutUsers = async (query: USyncQuery, jids: readonly string[]) => {
    const proofs = await Promise.all(jids.map(jid => tokens.proofFor(jid)))
    for (const [index, jid] of jids.entries()) {
      const [user, proof] = [new USyncUser().withId(jid), proofs[index]]
      query.withUser(proof ? user.withProof(proof) : user)
    }
    return (await ask(query))?.list
  }
  return {
    fetchStatus: (...jids) => aboutUsers(new USyncQuery().withStatusProtocol(), jids),
    fetchTextStatus: (...jids) => aboutUsers(new USyncQuery().withTextStatusProtocol(), jids),
    findByUsername: (username, key) => findByUsername(core, username, key),
  }
}

async function findByUsername(
  { connection, repository }: SocketCore,
  username: string,
  key: string | undefined,
): Promise<FoundUser | undefined> {
  const query = new USyncQuery().withProtocol(new USyncContactProtocol('lid')).withBusinessProtocol()
  const wanted = new USyncUser().withUsername(username)
  query.withUser(key === undefined ? wanted : wanted.withUsernameKey(key))
  const answer = await connection.query(buildUSyncNode(query, connection.ids.next()))
  const user = getBinaryNodeChild(getBinaryNodeChild(getBinaryNodeChild(answer, 'usync'), 'list'), 'user')
  if (user === undefined || isMissing(user)) return undefined
  const { jid, pn_jid: phoneNumber } = user.attrs
  if (!jid) {
    throw new KurirError('username-key-needed', 'This username is protected: its key is missing or wrong', {
      statusCode: 401,
      data: { username },
    })
  }
  if (phoneNumber) await repository.lidMapping.storeLIDPNMappings([{ lid: jid, pn: phoneNumber }])
  const verifiedName = query.parseUSyncQueryResult(answer)?.list[0]?.business?.verifiedName
  return { jid, ...(phoneNumber && { phoneNumber }), ...(verifiedName && { verifiedName }) }
}

function isMissing(user: BinaryNode): boolean {
  const contact = getBinaryNodeChild(user, 'contact')
  return contact === undefined || contact.attrs['type'] === 'out' || refusalIn(contact) !== undefined
}
