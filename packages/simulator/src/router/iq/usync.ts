import { type BinaryNode, getBinaryNodeChild, getBinaryNodeChildren } from 'kurir/binary'
import type { Account } from '../../accounts/account.js'
import { type Addressing, formatAddress } from '../../accounts/address.js'
import type { Device } from '../../accounts/device.js'
import type { BusinessService } from '../../business/business-service.js'
import { participantHash } from '../../groups/participant-hash.js'
import type { TextStatuses } from '../../profiles/text-statuses.js'
import type { UsernameSearch, Usernames } from '../../profiles/usernames.js'
import { lets } from '../../profiles/visibility.js'
import { type IqAnswer, IqFailure, type IqHandler } from '../iq-answer.js'
import type { ServiceCore } from '../service-core.js'
import { childrenOf, element, textOf } from '../stanzas.js'

/** What answers come from. */
export interface UsyncParts {
  readonly core: ServiceCore
  readonly businesses: BusinessService
  readonly textStatuses: TextStatuses
  readonly usernames: Usernames
}

/** One user of a query: who it is, and the name under which the answer files it. */
interface Subject {
  readonly account: Account | undefined
  readonly addressing: Addressing
  /** The `jid` of the answer; undefined for usernames that nobody has, or whose key is wanting. */
  readonly jid: string | undefined
  /** The number, where it may stand beside a LID. */
  readonly number: string | undefined
  /** Whether the service knows somebody by what was asked. */
  readonly isKnown: boolean
  readonly asker: Account
}

type Protocol = (subject: Subject, node: BinaryNode, parts: UsyncParts) => BinaryNode | undefined

/** Look-ups about users: devices, LIDs, registration, names, statuses (docs/protocol/02 §5.1, §5.2; 04 §4.4). */
export const usyncHandlers = (parts: UsyncParts): Readonly<Record<string, IqHandler>> => ({
  'usync get usync': ({ device, child }) => answer(parts, device, child),
})

const answer = (parts: UsyncParts, asker: Device, child: BinaryNode | undefined): IqAnswer => {
  const query = child === undefined ? undefined : getBinaryNodeChild(child, 'query')
  const list = child === undefined ? undefined : getBinaryNodeChild(child, 'list')
  if (child === undefined || query === undefined || list === undefined) return new IqFailure(400, 'bad-request')
  const asked = childrenOf(query)
  const users = getBinaryNodeChildren(list, 'user').map(user => {
    const subject = findSubject(parts, user, asker.account)
    const answers = asked.flatMap(request => PROTOCOLS[request.tag]?.(subject, user, parts) ?? [])
    if (subject.account !== undefined && asked.some(request => request.tag === 'devices')) {
      subject.account.watchers.add(asker.account)
    }
    const attrs: Record<string, string | undefined> = { jid: subject.jid }
    if (subject.addressing === 'lid' && asked.some(isLidContact)) attrs['pn_jid'] = subject.number
    return element('user', attrs, answers)
  })
  const { sid, mode, context } = child.attrs
  const result = element(
    'result',
    {},
    asked.map(request => element(request.tag)),
  )
  return [element('usync', { sid, mode, context, index: '0', last: 'true' }, [result, element('list', {}, users)])]
}

const isLidContact = (request: BinaryNode): boolean =>
  request.tag === 'contact' && request.attrs['addressing_mode'] === 'lid'

const findSubject = ({ core, usernames }: UsyncParts, node: BinaryNode, asker: Account): Subject => {
  const { jid } = node.attrs
  if (jid !== undefined) {
    const { account, addressing = 'pn' } = core.accounts.resolve(jid) ?? {}
    return { account, addressing, jid, number: account?.pn, isKnown: account !== undefined, asker }
  }
  const contact = getBinaryNodeChild(node, 'contact')
  const { username, pin } = contact?.attrs ?? {}
  if (username !== undefined) return subjectOf(usernames.search(username, pin, asker), asker)
  const digits = textOf(contact)?.replace(/@.*/, '').replace(/\D/g, '') ?? ''
  const account = core.accounts.byPhoneNumber(digits)
  const number = account?.pn ?? formatAddress('pn', digits)
  return { account, addressing: 'pn', jid: number, number, isKnown: account !== undefined, asker }
}

/** Who is found by name is found without number, except by those who have it already. */
const subjectOf = (search: UsernameSearch, asker: Account): Subject => {
  const account = search.outcome === 'found' ? search.account : undefined
  const number = account !== undefined && asker.contacts.has(account) ? account.pn : undefined
  return { account, addressing: 'lid', jid: account?.lid, number, isKnown: search.outcome !== 'unknown', asker }
}

const devices: Protocol = ({ account, addressing }) => {
  if (account === undefined) return element('devices', {}, [element('device-list')])
  const list = [...account.devices.values()]
  const hash = participantHash(list.map(device => device.jid(addressing)))
  const entries = list.map(device =>
    element('device', { id: String(device.id), 'key-index': device.id === 0 ? undefined : String(device.keyIndex) }),
  )
  const signed = account.keyIndexList
  const keyIndexes =
    signed === undefined ? [] : [element('key-index-list', { ts: String(signed.timestamp) }, signed.bytes)]
  return element('devices', {}, [element('device-list', { hash }, entries), ...keyIndexes])
}

const PROTOCOLS: Readonly<Record<string, Protocol>> = {
  devices,
  lid: ({ account }) => element('lid', { val: account?.lid }),
  contact: ({ isKnown }, node) => {
    const asked = getBinaryNodeChild(node, 'contact')
    const attrs = { type: isKnown ? 'in' : 'out', username: asked?.attrs['username'] }
    return element('contact', attrs, textOf(asked))
  },
  status: ({ account, asker }) => {
    if (account === undefined) return undefined
    if (!lets(account, asker, 'status')) return element('status', { code: '401' })
    return element('status', { t: String(account.about.setAt) }, account.about.text)
  },
  disappearing_mode: ({ account }) =>
    element('disappearing_mode', {
      duration: String(account?.disappearingMode.duration ?? 0),
      t: String(account?.disappearingMode.setAt ?? 0),
    }),
  username: ({ account, asker }) => {
    const isHidden = account === undefined || account.blocked.has(asker)
    return element('username', {}, isHidden ? undefined : account.username?.name)
  },
  text_status: ({ account, asker }, _node, { textStatuses }) => textStatuses.shown(account, asker),
  picture: ({ account, asker }) => {
    const visible = account !== undefined && lets(account, asker, 'profile') ? account.picture : undefined
    if (visible !== undefined) return element('picture', { id: visible.id })
    return element('picture', {}, [element('error', { code: '404', text: 'item-not-found' })])
  },
  business: ({ account }, _node, { businesses }) => {
    const business = businesses.of(account)
    if (business === undefined) return element('business')
    const { certificate, level, serial } = business.verifiedName
    return element('business', {}, [element('verified_name', { verified_level: level, serial, v: '1' }, certificate)])
  },
  bot: () => element('bot'),
}
