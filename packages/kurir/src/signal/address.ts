import { type FullJid, jidDecode, WAJIDDomains } from '../binary/jid.js'
import { SignalError } from './signal-error.js'

/** Device number of a cloud-hosted business device; it exists on the hosted servers only (docs/protocol/02 §5.7). */
const hostedDevice = 99
const largestDevice = 255

/** One device as the Signal layer sees it (docs/protocol/02 §6.2). */
export interface SignalAddress {
  readonly user: string
  /** 0 phone number (and everything without a namespace of its own), 1 LID, 128 hosted, 129 hosted LID. */
  readonly domain: number
  readonly device: number
  /** `user[_domain].device`, the id under which sessions and identities are filed. */
  readonly text: string
  /** True when the user part is a phone number, so that a LID may exist for it. */
  readonly isPhoneNumber: boolean
}

/**
 * The address of a device JID; a JID without a device means device 0.
 *
 * @throws SignalError `invalid-signal-address` when there is no user, the device is no number, or device 99 appears
 *   on a server that is not a hosted one
 */
export function signalAddress(jid: string): SignalAddress {
  const decoded = jidDecode(jid)
  const device = decoded?.device ?? 0
  if (
    decoded === undefined ||
    decoded.user === '' ||
    !Number.isInteger(device) ||
    device < 0 ||
    device > largestDevice
  ) {
    throw new SignalError('invalid-signal-address', { jid })
  }
  const domain = decoded.domainType ?? WAJIDDomains.WHATSAPP
  if (device === hostedDevice && !isHosted(domain)) {
    throw new SignalError('invalid-signal-address', { jid, detail: 'device 99 on a server that is not hosted' })
  }
  return makeAddress(decoded.user, domain, device, domain === WAJIDDomains.HOSTED || isPhoneNumberServer(decoded))
}

/** `user[_domain].device` of a JID. Errors as {@link signalAddress}. */
export function jidToSignalAddress(jid: string): string {
  return signalAddress(jid).text
}

/** The same device of the same person, named by LID. */
export function lidAddress(address: SignalAddress, lidUser: string): SignalAddress {
  const domain = isHosted(address.domain) ? WAJIDDomains.HOSTED_LID : WAJIDDomains.LID
  return makeAddress(lidUser, domain, address.device, false)
}

/** The same device of the same person, named by phone number. */
export function phoneNumberAddress(address: SignalAddress, pnUser: string): SignalAddress {
  const domain = isHosted(address.domain) ? WAJIDDomains.HOSTED : WAJIDDomains.WHATSAPP
  return makeAddress(pnUser, domain, address.device, true)
}

/** The address of another device of the same user. */
export function withDevice(address: SignalAddress, device: number): SignalAddress {
  const { user, domain, isPhoneNumber } = address
  const isHostedDevice = device === hostedDevice
  if (isHostedDevice === isHosted(domain)) return makeAddress(user, domain, device, isPhoneNumber)
  const named = makeAddress(user, isHostedDevice ? WAJIDDomains.HOSTED : WAJIDDomains.WHATSAPP, device, isPhoneNumber)
  return isPhoneNumber ? named : lidAddress(named, user)
}

export function isLidAddress(address: SignalAddress): boolean {
  return address.domain === WAJIDDomains.LID || address.domain === WAJIDDomains.HOSTED_LID
}

/** `user[_domain]`: the part that all devices of a user share. */
export function signalUser(address: SignalAddress): string {
  return address.text.slice(0, address.text.lastIndexOf('.'))
}

/** The id of a sender-key record: `group::user[_domain]::device` (docs/protocol/02 §3.5). */
export function senderKeyName(group: string, address: SignalAddress): string {
  return `${group}::${signalUser(address)}::${address.device}`
}

function makeAddress(user: string, domain: number, device: number, isPhoneNumber: boolean): SignalAddress {
  const text = domain === WAJIDDomains.WHATSAPP ? `${user}.${device}` : `${user}_${domain}.${device}`
  return { user, domain, device, text, isPhoneNumber }
}

function isHosted(domain: number): boolean {
  return domain === WAJIDDomains.HOSTED || domain === WAJIDDomains.HOSTED_LID
}

function isPhoneNumberServer({ server, domainType }: FullJid): boolean {
  return domainType === WAJIDDomains.WHATSAPP && (server === 's.whatsapp.net' || server === 'c.us')
}
