import {
  contentString,
  getBinaryNodeChild,
  getBinaryNodeChildren,
  getBinaryNodeChildString,
} from '../binary/accessors.js'
import { parseDecimal } from '../binary/decimal.js'
import { S_WHATSAPP_NET } from '../binary/jid.js'
import type { BinaryNode } from '../binary/node.js'
import { KurirError } from '../errors/kurir-error.js'
import type {
  HoursDay,
  UpdateBussinesProfileProps,
  WABusinessHoursConfig,
  WABusinessProfile,
} from './business-types.js'

/** The version that the web client asks for. */
const profileVersion = '244'
const mostWebsites = 2
const minutesOfADay = 24 * 60

/** Asks for the profile of a business (docs/protocol/05, 5.1). */
export function buildProfileRequest(jid: string): BinaryNode {
  return businessIq('get', {
    tag: 'business_profile',
    attrs: { v: profileVersion },
    content: [{ tag: 'profile', attrs: { jid } }],
  })
}

/** The profile in the answer; undefined for who is no business. */
export function parseProfile(answer: BinaryNode): WABusinessProfile | undefined {
  const profile = getBinaryNodeChild(getBinaryNodeChild(answer, 'business_profile'), 'profile')
  if (profile === undefined) return undefined
  const address = getBinaryNodeChildString(profile, 'address')
  const category = getBinaryNodeChildString(getBinaryNodeChild(profile, 'categories'), 'category')
  return {
    ...(profile.attrs['jid'] === undefined ? {} : { wid: profile.attrs['jid'] }),
    ...(address === undefined ? {} : { address }),
    description: getBinaryNodeChildString(profile, 'description') ?? '',
    website: getBinaryNodeChildren(profile, 'website').flatMap(node => contentString(node) || []),
    email: getBinaryNodeChildString(profile, 'email'),
    ...(category === undefined ? {} : { category }),
    business_hours: hoursOf(getBinaryNodeChild(profile, 'business_hours')),
  }
}

function hoursOf(node: BinaryNode | undefined): WABusinessProfile['business_hours'] {
  if (node === undefined) return {}
  const { timezone } = node.attrs
  return {
    ...(timezone === undefined ? {} : { timezone }),
    business_config: getBinaryNodeChildren(node, 'business_hours_config').map(dayOf),
  }
}

/** Times are numbers, as their type says; Baileys gives the text of the attributes. */
function dayOf({ attrs }: BinaryNode): WABusinessHoursConfig {
  const [open, close] = [parseDecimal(attrs['open_time']), parseDecimal(attrs['close_time'])]
  return {
    day_of_week: attrs['day_of_week'] ?? '',
    mode: attrs['mode'] ?? '',
    ...(open === undefined ? {} : { open_time: open }),
    ...(close === undefined ? {} : { close_time: close }),
  }
}

/**
 * Changes the own profile (docs/protocol/05, 5.2). Only the members given change.
 *
 * @throws KurirError `invalid-business-profile` (400) naming the field
 */
export function buildProfileUpdate(changes: UpdateBussinesProfileProps): BinaryNode {
  const { address, email, description, websites, hours } = changes
  if (websites !== undefined && websites.length > mostWebsites) {
    throw invalidProfile('websites', `A business has at most ${mostWebsites} websites`)
  }
  const texts = { address, email, description }
  return profileChange([
    ...Object.entries(texts).flatMap(([tag, text]) => (text === undefined ? [] : [leaf(tag, text)])),
    // An empty one takes them off.
    ...(websites === undefined ? [] : websites.length === 0 ? [''] : websites).map(website => leaf('website', website)),
    ...(hours === undefined ? [] : [hoursNode(hours)]),
  ])
}

/** Sets the cover photo that was uploaded (docs/protocol/05, 5.2). @param uploaded what the media host said of it */
export function buildCoverPhotoUpdate(uploaded: {
  readonly id: string
  readonly token: string
  readonly timestamp: string
}): BinaryNode {
  const { id, token, timestamp } = uploaded
  return profileChange([{ tag: 'cover_photo', attrs: { op: 'update', id, token, ts: timestamp } }])
}

export function buildCoverPhotoRemoval(id: string): BinaryNode {
  return profileChange([{ tag: 'cover_photo', attrs: { op: 'delete', id } }])
}

function hoursNode({ timezone, days }: NonNullable<UpdateBussinesProfileProps['hours']>): BinaryNode {
  if (!timezone) throw invalidProfile('hours.timezone', 'Business hours need a time zone')
  const named = new Set(days.map(({ day }) => day))
  if (named.size < days.length) throw invalidProfile('hours.days', 'Every day is named once')
  return {
    tag: 'business_hours',
    attrs: { timezone },
    content: days.map(day => ({ tag: 'business_hours_config', attrs: dayAttributes(day) })),
  }
}

function dayAttributes(hours: HoursDay): BinaryNode['attrs'] {
  const { day, mode } = hours
  if (mode !== 'specific_hours') return { day_of_week: day, mode }
  const { openTimeInMinutes, closeTimeInMinutes } = hours
  return {
    day_of_week: day,
    mode,
    open_time: minutes('openTimeInMinutes', openTimeInMinutes),
    close_time: minutes('closeTimeInMinutes', closeTimeInMinutes),
  }
}

function minutes(field: string, value: string | number): string {
  const time = parseDecimal(String(value))
  if (time !== undefined && time <= minutesOfADay) return String(time)
  throw invalidProfile(`hours.days.${field}`, 'A time is given as minutes after midnight')
}

function profileChange(content: BinaryNode[]): BinaryNode {
  return businessIq('set', { tag: 'business_profile', attrs: { v: '3', mutation_type: 'delta' }, content })
}

function businessIq(type: 'get' | 'set', content: BinaryNode): BinaryNode {
  return { tag: 'iq', attrs: { to: S_WHATSAPP_NET, type, xmlns: 'w:biz' }, content: [content] }
}

function leaf(tag: string, text: string): BinaryNode {
  return { tag, attrs: {}, content: Buffer.from(text) }
}

function invalidProfile(field: string, message: string): KurirError {
  return new KurirError('invalid-business-profile', message, { statusCode: 400, data: { field } })
}
