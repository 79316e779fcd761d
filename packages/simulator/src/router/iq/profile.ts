import type { BinaryNode } from 'kurir/binary'
import type { Device } from '../../accounts/device.js'
import { BOTS } from '../../profiles/bots.js'
import type { Pictures } from '../../profiles/pictures.js'
import type { PrivacyDesk } from '../../profiles/privacy-desk.js'
import type { ProfileNotices } from '../../profiles/profile-notices.js'
import { LONGEST_ABOUT } from '../../profiles/text-statuses.js'
import { type IqAnswer, IqFailure, type IqHandler, NO_CHILDREN } from '../iq-answer.js'
import type { ServiceCore } from '../service-core.js'
import { childrenOf, element, textOf } from '../stanzas.js'

export interface ProfileParts {
  readonly notices: ProfileNotices
  readonly pictures: Pictures
  readonly privacy: PrivacyDesk
}

/** Privacy, blocklist, about, pictures, bots, tokens (docs/protocol/04 §4, §5, §6.1; 02 §11.2). */
export const profileHandlers = (
  core: ServiceCore,
  { notices, pictures, privacy }: ProfileParts,
): Readonly<Record<string, IqHandler>> => ({
  'privacy get privacy': request => privacy.get(request),
  'privacy set privacy': request => privacy.set(request),
  'privacy set tokens': ({ device, child }) => issueTokens(core, device, child),
  'blocklist get ': ({ device }) => privacy.blocklist(device.account),
  'blocklist get item': ({ device, child }) => privacy.blocklist(device.account, child?.attrs['dhash']),
  'blocklist set item': request => privacy.block(request),
  'status set status': ({ device, child }) => setAbout(core, notices, device, textOf(child) ?? ''),
  'status get privacy': ({ device }) => [
    element('privacy', {}, [
      element(
        'list',
        { type: device.account.statusAudience.type, default: 'true' },
        device.account.statusAudience.users.map(jid => element('user', { jid })),
      ),
    ]),
  ],
  'disappearing_mode set disappearing_mode': ({ device, child }) => {
    return setDefaultTimer(core, notices, device, Number(child?.attrs['duration']))
  },
  'w:profile:picture get picture': request => pictures.get(request),
  'w:profile:picture set ': request => pictures.change(request),
  'w:profile:picture set picture': request => pictures.change(request),
  'bot get bot': ({ child }) => [botList(child)],
})

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

const setAbout = (core: ServiceCore, notices: ProfileNotices, device: Device, text: string): IqAnswer => {
  if ([...text].length > LONGEST_ABOUT) return new IqFailure(406, 'not-acceptable')
  const { account } = device
  account.about = { text, setAt: core.now() }
  notices.toOwnDevices(account, element('status', { action: 'modify' }), device)
  notices.toContacts(account, 'status', 'status', element('set', {}, Buffer.from(text)))
  return NO_CHILDREN
}

/** Timers that the service takes, in seconds. */
const TIMERS = [0, 86_400, 604_800, 7_776_000]

const setDefaultTimer = (core: ServiceCore, notices: ProfileNotices, device: Device, duration: number): IqAnswer => {
  if (!TIMERS.includes(duration)) return new IqFailure(400, 'bad-request')
  const { account } = device
  account.disappearingMode = { duration, setAt: core.now() }
  const mode = element('disappearing_mode', { duration: String(duration), t: core.time() })
  notices.toOwnDevices(account, mode, device)
  notices.toContacts(account, undefined, 'disappearing_mode', mode)
  return NO_CHILDREN
}

const botList = (child: BinaryNode | undefined): BinaryNode => {
  const v = child?.attrs['v'] ?? '2'
  const bots = BOTS.map(({ jid, personaId }) => element('bot', { jid, persona_id: personaId }))
  const [first] = BOTS
  return element('bot', { v }, [
    element('section', { name: 'Featured', type: 'featured' }, bots.slice(0, 1)),
    element('section', { name: 'All', type: 'all' }, bots),
    element('default', { jid: first?.jid, persona_id: first?.personaId }),
  ])
}
