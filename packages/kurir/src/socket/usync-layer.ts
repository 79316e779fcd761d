import { isLidUser, isPnUser, jidNormalizedUser } from '../binary/jid.js'
import type { LIDMapping } from '../signal/lid-mapping.js'
import { buildUSyncNode, USyncQuery } from '../usync/query.js'
import type { USyncQueryResult, USyncQueryResultList } from '../usync/result.js'
import { USyncUser } from '../usync/user.js'
import type { BaseSocket } from './base-socket.js'
import { extendSocket, type Layer, type SocketCore } from './core.js'
import { DeviceDirectory } from './device-directory.js'
import { ownAccount } from './own-account.js'
import { SessionDirectory } from './session-directory.js'

/** Questions about users (docs/protocol/06, base socket: usync). */
export interface USyncMembers {
  /** Asks a usync query. @throws KurirError `invalid-usync-query`; ServerRefusal; `timed-out` */
  executeUSyncQuery(query: USyncQuery): Promise<USyncQueryResult | undefined>
  /**
   * Which of these phone numbers are on WhatsApp. Numbers in international form, with or without `+`, or JIDs; only the
   * registered ones are returned. LIDs are skipped with a warning: they are registered by nature.
   */
  onWhatsApp(...phoneNumbers: string[]): Promise<{ jid: string; exists: boolean; lid?: string }[] | undefined>
  /** Timers for new chats with these people: `[{ id, disappearing_mode: { duration, setAt } }]`, in seconds. */
  fetchDisappearingDuration(...jids: string[]): Promise<USyncQueryResultList[] | undefined>
}

export type USyncSocket = BaseSocket & USyncMembers

export interface USyncLayer extends Layer<USyncSocket> {
  readonly devices: DeviceDirectory
  readonly sessions: SessionDirectory
}

export function makeUSyncLayer({ core, socket }: Layer<BaseSocket>): USyncLayer {
  const execute = (query: USyncQuery) => executeUSyncQuery(core, query)
  core.hooks.lookUpLids = pns => lookUpLids(execute, pns)
  const members: USyncMembers = {
    executeUSyncQuery: execute,
    onWhatsApp: (...phoneNumbers) => onWhatsApp(core, execute, phoneNumbers),
    fetchDisappearingDuration: async (...jids) => {
      const query = new USyncQuery().withDisappearingModeProtocol()
      for (const jid of jids) query.withUser(new USyncUser().withId(jid))
      return (await execute(query))?.list
    },
  }
  const sessions = new SessionDirectory(core)
  const devices = new DeviceDirectory(core, execute, sessions)
  core.dirtyBits.on('account_sync', async bit => {
    if (bit.concerns('devices')) await devices.devicesOf(ownNames(core), false)
  })
  return { core, sessions, socket: extendSocket(socket, members), devices }
}

/** The own account under all its names. */
function ownNames({ creds }: SocketCore): string[] {
  const { id, lid } = ownAccount(creds)
  return [id, lid].flatMap(name => (name === undefined ? [] : [jidNormalizedUser(name)]))
}

async function executeUSyncQuery({ connection }: SocketCore, query: USyncQuery): Promise<USyncQueryResult | undefined> {
  const node = buildUSyncNode(query, connection.ids.next())
  return query.parseUSyncQueryResult(await connection.query(node))
}

/** LIDs of phone numbers, for a mapping that is not known yet. */
async function lookUpLids(
  execute: (query: USyncQuery) => Promise<USyncQueryResult | undefined>,
  pns: readonly string[],
): Promise<LIDMapping[] | undefined> {
  const query = new USyncQuery().withContext('background').withLIDProtocol()
  for (const pn of pns) query.withUser(new USyncUser().withId(jidNormalizedUser(pn)))
  const result = await execute(query)
  return result?.list.flatMap(({ id, lid }) => (typeof lid === 'string' ? [{ pn: id, lid }] : []))
}

async function onWhatsApp(
  { repository, logger }: SocketCore,
  execute: (query: USyncQuery) => Promise<USyncQueryResult | undefined>,
  phoneNumbers: readonly string[],
): Promise<{ jid: string; exists: boolean; lid?: string }[] | undefined> {
  const query = new USyncQuery().withContactProtocol().withLIDProtocol()
  for (const phoneNumber of phoneNumbers) {
    if (isLidUser(phoneNumber)) {
      logger.warn({ jid: phoneNumber }, 'a LID needs no look-up: skipped')
      continue
    }
    const digits = (phoneNumber.split('@', 1)[0] ?? '').split(':', 1)[0]?.replace(/\D/g, '')
    if (digits) query.withUser(new USyncUser().withPhone(`+${digits}`))
  }
  if (query.users.length === 0) return []
  const result = await execute(query)
  if (!result) return undefined
  const found = result.list.filter(({ contact }) => contact === true)
  const mappings = found.flatMap(({ id, lid }) => (typeof lid === 'string' && isPnUser(id) ? [{ pn: id, lid }] : []))
  if (mappings.length > 0) await repository.lidMapping.storeLIDPNMappings(mappings)
  return found.map(({ id, lid }) => ({ jid: id, exists: true, ...(typeof lid === 'string' ? { lid } : {}) }))
}
