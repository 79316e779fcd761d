import { type BinaryNode, getBinaryNodeChild, getBinaryNodeChildren } from 'kurir/binary'
import type { Account } from '../../accounts/account.js'
import type { Device } from '../../accounts/device.js'
import { type IqAnswer, IqFailure, type IqHandler, NO_CHILDREN } from '../iq-answer.js'
import type { ServiceCore } from '../service-core.js'
import { childrenOf, element, textOf } from '../stanzas.js'

/** Privacy, blocklist, about, pictures, tokens (docs/protocol/04 §4, §5; 02 §11.2). */
export const profileHandlers = (core: ServiceCore): Readonly<Record<string, IqHandler>> => ({
  'privacy get privacy': ({ device, child }) => [privacyOf(device.account, child)],
  'privacy set privacy': ({ device, child }) => [setPrivacy(device.account, child)],
  'privacy set tokens': ({ device, child }) => issueTokens(core, device, child),
  'blocklist get ': ({ device }) => [blocklistOf(device.account)],
  'blocklist get item': ({ device }) => [blocklistOf(device.account)],
  'blocklist set item': ({ device, child }) => block(core, device, child),
  'status set status': ({ device, child }) => setAbout(core, device.account, child),
  'disappearing_mode set disappearing_mode': ({ device, child }) => {
    device.account.disappearingMode = { duration: Number(child?.attrs['duration'] ?? 0), setAt: core.now() }
    return NO_CHILDREN
  },
  'w:profile:picture get picture': () => new IqFailure(404, 'item-not-found'),
  'w:profile:picture set ': () => NO_CHILDREN,
  'w:profile:picture set picture': () => [element('picture', { id: core.stanzaId() })],
})

const privacyOf = (account: Account, child: BinaryNode | undefined): BinaryNode => {
  const asked = child === undefined ? undefined : getBinaryNodeChild(child, 'list')
  if (asked !== undefined) return element('privacy', {}, [])
  const categories = [...account.privacy].map(([name, value]) => element('category', { name, value }))
  return element('privacy', {}, categories)
}

const setPrivacy = (account: Account, child: BinaryNode | undefined): BinaryNode => {
  const categories = child === undefined ? [] : getBinaryNodeChildren(child, 'category')
  for (const { attrs } of categories) account.privacy.set(attrs['name'] ?? '', attrs['value'] ?? '')
  return element(
    'privacy',
    {},
    categories.map(({ attrs }) => element('category', { name: attrs['name'], value: attrs['value'] })),
  )
}

/** Tokens are valid by the week: within one, a contact is not told again (docs/protocol/02 §11.2). */
const TOKEN_BUCKET_SECONDS = 604_800

/** A token is made for each contact and sent to it; the issuer gets an empty result. */
const issueTokens = (core: ServiceCore, device: Device, child: BinaryNode | undefined): IqAnswer => {
  for (const { attrs } of childrenOf(child ?? element('tokens'))) {
    const target = core.accounts.resolve(attrs['jid'])
    if (target === undefined || target.account === device.account) continue
    const bucket = Math.floor(Number(attrs['t']) / TOKEN_BUCKET_SECONDS)
    if (device.account.issuedTokens.get(target.account) === bucket) continue
    device.account.issuedTokens.set(target.account, bucket)
    const token = element('token', { type: 'trusted_contact', t: attrs['t'] }, core.random.bytes(16))
    const notice = { type: 'privacy_token', from: device.account.pn, sender_lid: device.account.lid, t: core.time() }
    core.delivery.notifyAccount(target.account, () =>
      element('notification', { ...notice, id: core.stanzaId() }, [element('tokens', {}, [token])]),
    )
  }
  return NO_CHILDREN
}

const blocklistOf = (account: Account): BinaryNode => {
  const items = [...account.blocked].map(blocked => element('item', { jid: blocked.lid, pn_jid: blocked.pn }))
  return element('list', { dhash: account.blocklistHash, addressing_mode: 'lid' }, items)
}

const block = (core: ServiceCore, device: Device, child: BinaryNode | undefined): IqAnswer => {
  const target = core.accounts.resolve(child?.attrs['jid'])
  if (target === undefined || child === undefined) return new IqFailure(400, 'bad-request')
  const { account } = device
  if (child.attrs['action'] === 'block') account.blocked.add(target.account)
  else account.blocked.delete(target.account)
  account.blocklistHash = String(core.clock.now())
  return [element('list', { dhash: account.blocklistHash, matched: 'true' }, [])]
}

const setAbout = (core: ServiceCore, account: Account, child: BinaryNode | undefined): IqAnswer => {
  account.about = { text: textOf(child) ?? '', setAt: core.now() }
  return NO_CHILDREN
}
