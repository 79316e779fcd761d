import { childNodes, getBinaryNodeChild, refusalIn } from '../binary/accessors.js'
import type { BinaryNode } from '../binary/node.js'
import type { ServerRefusal } from '../binary/server-refusal.js'
import { KurirError } from '../errors/index.js'
import type { BotProfileInfo } from './bot-profile-protocol.js'
import type { BusinessNameData } from './business-protocol.js'
import type { ParsedDeviceInfo } from './device-protocol.js'
import type { DisappearingModeData } from './disappearing-mode-protocol.js'
import type { USyncQueryProtocol } from './protocol.js'
import type { StatusData } from './status-protocol.js'
import type { TextStatusData } from './text-status-protocol.js'

/** What the server said about one user, by protocol name. A protocol without answer has no key. */
export interface USyncQueryResultList {
  /** The user's JID as the server writes it; the text `undefined` for a number that cannot exist. */
  id: string
  /** The phone number's JID when `id` is a LID and the server tells both. */
  pnJid?: string
  devices?: ParsedDeviceInfo
  contact?: boolean
  lid?: string
  status?: StatusData
  disappearing_mode?: DisappearingModeData
  username?: string
  bot?: BotProfileInfo
  text_status?: TextStatusData
  /** The id of the profile picture. */
  picture?: string
  business?: BusinessNameData
  /** Protocols that could not be answered for this user; what we knew before still stands. */
  errors?: Record<string, KurirError>
  [protocol: string]: unknown
}

/** What the server says about a protocol as a whole. */
export interface USyncProtocolSummary {
  /** Seconds until the server wants to be asked again. */
  readonly refreshSeconds?: number
  /** Why no user was answered; wait for its `backoffSeconds`. */
  readonly error?: ServerRefusal
}

export interface USyncQueryResult {
  list: USyncQueryResultList[]
  /** Users that were not asked for. */
  sideList: USyncQueryResultList[]
  /** Remarks of the server, by protocol name. */
  protocols: Record<string, USyncProtocolSummary>
}

/**
 * Reads the answer to a usync query (docs/protocol/02, usync result). Trouble with one user or one protocol is kept
 * beside the good answers instead of spoiling them. Undefined when the node is not a result. Users without JID and
 * elements of protocols that were not asked for are left out.
 */
export function parseUSyncQueryResult(
  answer: BinaryNode | undefined,
  protocols: readonly USyncQueryProtocol[],
): USyncQueryResult | undefined {
  if (answer?.attrs['type'] !== 'result') return undefined
  const usync = getBinaryNodeChild(answer, 'usync')
  const byName = new Map(protocols.map(protocol => [protocol.name, protocol]))
  const parseUsers = (tag: string): USyncQueryResultList[] =>
    childNodes(getBinaryNodeChild(usync, tag)).flatMap(user => {
      const id = user.attrs['jid']
      return id ? [parseUser(id, user, byName)] : []
    })
  return {
    list: parseUsers('list'),
    sideList: parseUsers('side_list'),
    protocols: parseSummaries(getBinaryNodeChild(usync, 'result')),
  }
}

function parseUser(
  id: string,
  user: BinaryNode,
  protocols: ReadonlyMap<string, USyncQueryProtocol>,
): USyncQueryResultList {
  const values: [string, unknown][] = []
  const errors: [string, KurirError][] = []
  for (const node of childNodes(user)) {
    const protocol = protocols.get(node.tag)
    if (protocol === undefined) continue
    try {
      const value = protocol.parser(node)
      if (value !== null && value !== undefined) values.push([node.tag, value])
    } catch (error) {
      if (!(error instanceof KurirError)) throw error
      errors.push([node.tag, error])
    }
  }
  const pnJid = user.attrs['pn_jid']
  return {
    ...Object.fromEntries(values),
    ...(errors.length > 0 && { errors: Object.fromEntries(errors) }),
    ...(pnJid && { pnJid }),
    id,
  }
}

function parseSummaries(result: BinaryNode | undefined): Record<string, USyncProtocolSummary> {
  return Object.fromEntries(
    childNodes(result).map(node => {
      const error = refusalIn(node)
      const refresh = node.attrs['refresh'] === undefined ? Number.NaN : Number(node.attrs['refresh'])
      const summary: USyncProtocolSummary = {
        ...(refresh >= 0 && { refreshSeconds: refresh }),
        ...(error !== undefined && { error }),
      }
      return [node.tag, summary]
    }),
  )
}
