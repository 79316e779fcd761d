import { jidDecode } from 'kurir/binary'

/** The two namespaces in which every account has an address (docs/protocol/02 §6.1). */
export type Addressing = 'pn' | 'lid'

/** A user or device JID, taken apart. Device 0 is the phone; `user@server` and `user:0@server` are the same device. */
export interface Address {
  readonly addressing: Addressing
  readonly user: string
  readonly device: number
}

const SERVERS: Readonly<Record<string, Addressing>> = { 's.whatsapp.net': 'pn', 'c.us': 'pn', lid: 'lid' }

/** The address a JID names, or undefined when it is no user on a namespace of accounts (groups, bots, hosted …). */
export const parseAddress = (jid: string | undefined): Address | undefined => {
  const decoded = jidDecode(jid)
  if (decoded === undefined) return undefined
  const addressing = SERVERS[decoded.server]
  const device = decoded.device ?? 0
  if (addressing === undefined || decoded.user === '' || !Number.isInteger(device)) return undefined
  return { addressing, user: decoded.user, device }
}

/** `user@server`, or `user:device@server` for a companion. */
export const formatAddress = (addressing: Addressing, user: string, device = 0): string => {
  const server = addressing === 'pn' ? 's.whatsapp.net' : 'lid'
  return device === 0 ? `${user}@${server}` : `${user}:${device}@${server}`
}
