import { type BinaryNode, getBinaryNodeChild, getBinaryNodeChildren } from 'kurir/binary'
import type { Account } from '../../accounts/account.js'
import { type Addressing, formatAddress } from '../../accounts/address.js'
import type { Device } from '../../accounts/device.js'
import type { Business } from '../../business/business.js'
import type { BusinessService } from '../../business/business-service.js'
import { participantHash } from '../../groups/participant-hash.js'
import { lets } from '../../profiles/visibility.js'
import { type IqAnswer, IqFailure, type IqHandler } from '../iq-answer.js'
import type { ServiceCore } from '../service-core.js'
import { childrenOf, element, textOf } from '../stanzas.js'

/** One user of a query: who it is, and the name under which the answer files it. */
interface Subject {
  readonly account: Account | undefined
  readonly addressing: Addressing
  /** The `jid` of the answer. */
  readonly jid: string
  readonly node: BinaryNode
  readonly asker: Account
}

type Protocol = (subject: Subject, request: BinaryNode, business: Business | undefined) => BinaryNode | undefined

/** Look-ups about users: devices, LIDs, registration, status (docs/protocol/02 §5.1, §5.2; 04 §4.4). */
export const usyncHandlers = (core: ServiceCore, businesses: BusinessService): Readonly<Record<string, IqHandler>> => ({
  'usync get usync': ({ device, child }) => answer(core, businesses, device, child),
})

const answer = (
  core: ServiceCore,
  businesses: BusinessService,
  asker: Device,
  child: BinaryNode | undefined,
): IqAnswer => {
  const query = child === undefined ? undefined : getBinaryNodeChild(child, 'query')
  const list = child === undefined ? undefined : getBinaryNodeChild(child, 'list')
  if (child === undefined || query === undefined || list === undefined) return new IqFailure(400, 'bad-request')
  const asked = childrenOf(query)
  const users = getBinaryNodeChildren(list, 'user').map(user => {
    const subject = findSubject(core, user, asker.account)
    const business = businesses.of(subject.account)
    const parts = asked.flatMap(request => PROTOCOLS[request.tag]?.(subject, request, business) ?? [])
    if (subject.account !== undefined && asked.some(request => request.tag === 'devices')) {
      subject.account.watchers.add(asker.account)
    }
    const attrs: Record<string, string | undefined> = { jid: subject.jid }
    if (subject.addressing === 'lid' && asked.some(isLidContact)) attrs['pn_jid'] = subject.account?.pn
    return element('user', attrs, parts)
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

const findSubject = (core: ServiceCore, node: BinaryNode, asker: Account): Subject => {
  const { jid } = node.attrs
  if (jid !== undefined) {
    const resolved = core.accounts.resolve(jid)
    return { account: resolved?.account, addressing: resolved?.addressing ?? 'pn', jid, node, asker }
  }
  const digits = textOf(getBinaryNodeChild(node, 'contact'))?.replace(/@.*/, '').replace(/\D/g, '') ?? ''
  const account = core.accounts.byPhoneNumber(digits)
  return { account, addressing: 'pn', jid: account?.pn ?? formatAddress('pn', digits), node, asker }
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
  contact: ({ account, node }) => {
    const number = textOf(getBinaryNodeChild(node, 'contact'))
    return element('contact', { type: account === undefined ? 'out' : 'in' }, number)
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
  username: () => element('username'),
  text_status: () => element('text_status'),
  picture: ({ account, asker }) => {
    const visible = account !== undefined && lets(account, asker, 'profile') ? account.picture : undefined
    if (visible !== undefined) return element('picture', { id: visible.id })
    return element('picture', {}, [element('error', { code: '404', text: 'item-not-found' })])
  },
  business: (_subject, _request, business) => {
    if (business === undefined) return element('business')
    const { certificate, level, serial } = business.verifiedName
    return element('business', {}, [element('verified_name', { verified_level: level, serial, v: '1' }, certificate)])
  },
  bot: () => element('bot'),
}
