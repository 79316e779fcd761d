import type { BlockList, LookupFunction } from 'node:net'
import { KurirError } from '../errors/kurir-error.js'

/** What is not on the public internet (IANA special-purpose registries). */
const reservedNetworks = {
  ipv4: [
    ['0.0.0.0', 8],
    ['10.0.0.0', 8],
    ['100.64.0.0', 10],
    ['127.0.0.0', 8],
    ['169.254.0.0', 16],
    ['172.16.0.0', 12],
    ['192.0.0.0', 24],
    ['192.0.2.0', 24],
    ['192.88.99.0', 24],
    ['192.168.0.0', 16],
    ['198.18.0.0', 15],
    ['198.51.100.0', 24],
    ['203.0.113.0', 24],
    ['224.0.0.0', 4],
    ['240.0.0.0', 4],
  ],
  ipv6: [
    ['2001::', 23],
    ['2001:db8::', 32],
    ['2002::', 16],
    ['3fff::', 20],
  ],
} as const

interface AddressLists {
  readonly reserved: BlockList
  /** All of IPv6 that is in public use. */
  readonly publicIpv6: BlockList
}

let lists: AddressLists | undefined

/** The lists are made, and `node:net` loaded, when the first address is looked at. */
function addressLists(): AddressLists {
  if (lists !== undefined) return lists
  const net = process.getBuiltinModule('node:net')
  lists = { reserved: new net.BlockList(), publicIpv6: new net.BlockList() }
  for (const family of ['ipv4', 'ipv6'] as const) {
    for (const [network, prefix] of reservedNetworks[family]) lists.reserved.addSubnet(network, prefix, family)
  }
  lists.publicIpv6.addSubnet('2000::', 3, 'ipv6')
  return lists
}

function ipVersion(address: string): number {
  return process.getBuiltinModule('node:net').isIP(address)
}

/** Whether an IP address belongs to this machine, a private network, or nobody. */
export function isPrivateAddress(address: string): boolean {
  const { reserved, publicIpv6 } = addressLists()
  const version = ipVersion(address)
  if (version === 4) return reserved.check(address, 'ipv4')
  // Everything else, forms that wrap an IPv4 address among it, is not public.
  return version !== 6 || !publicIpv6.check(address, 'ipv6') || reserved.check(address, 'ipv6')
}

/** @throws KurirError `private-address-refused` (403) when the host is written as a private IP address */
export function refusePrivateHost(url: URL): void {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  if (ipVersion(host) !== 0 && isPrivateAddress(host)) throw refusal(host)
}

/**
 * A look-up for `http.request` that gives public addresses only. The connection goes to what it gives: a name cannot
 * mean another address afterwards.
 */
export const publicLookup: LookupFunction = (hostname, options, done) => {
  process.getBuiltinModule('node:dns').lookup(hostname, { ...options, all: true }, (error, found) => {
    if (error) {
      done(error, '', 0)
      return
    }
    const allowed = found.filter(({ address }) => !isPrivateAddress(address))
    const [first] = allowed
    if (first === undefined) done(refusal(hostname) as NodeJS.ErrnoException, '', 0)
    else if (options.all === true) done(null, allowed)
    else done(null, first.address, first.family)
  })
}

function refusal(host: string): KurirError {
  return new KurirError('private-address-refused', 'The URL leads into a private network', {
    statusCode: 403,
    data: { host },
  })
}
