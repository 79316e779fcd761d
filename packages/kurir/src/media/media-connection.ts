import { getBinaryNodeChild, getBinaryNodeChildren } from '../binary/accessors.js'
import { S_WHATSAPP_NET } from '../binary/jid.js'
import type { BinaryNode } from '../binary/node.js'
import { KurirError } from '../errors/kurir-error.js'
import type { MediaConnInfo } from './media-types.js'

/** More hosts than this are not tried anyway. */
const maxHosts = 16
/** From here on a time to live is a point in time (docs/protocol/03, 7.5). */
const absoluteTtl = 1e9
/** Neither asked for with every file, nor kept beyond a day. */
const shortestTtl = 1
const longestTtl = 86_400

/** The request for permission to transfer media; the id is the caller's. */
export function buildMediaConnectionRequest(): BinaryNode {
  return {
    tag: 'iq',
    attrs: { to: S_WHATSAPP_NET, type: 'set', xmlns: 'w:m' },
    content: [{ tag: 'media_conn', attrs: {} }],
  }
}

/**
 * Reads the answer: hosts in the order in which to try them, fallbacks last; the shorter of both lifetimes.
 *
 * @param now Unix milliseconds
 * @throws KurirError `media-connection-invalid` (502) when it lacks the permission or a host
 */
export function parseMediaConnection(answer: BinaryNode, now: number): MediaConnInfo {
  const node = getBinaryNodeChild(answer, 'media_conn')
  const auth = node?.attrs['auth']
  const hosts = node === undefined ? [] : hostsOf(node)
  if (node === undefined || !auth || hosts.length === 0) {
    throw new KurirError('media-connection-invalid', 'The server gave no permission to transfer media', {
      statusCode: 502,
      retryable: true,
      data: { hosts: hosts.length },
    })
  }
  const lifetimes = [node.attrs['ttl'], node.attrs['auth_ttl']].map(text => seconds(text, now))
  const ttl = Math.max(shortestTtl, Math.min(longestTtl, ...lifetimes))
  return { auth, ttl, hosts, fetchDate: new Date(now) }
}

function seconds(text: string | undefined, now: number): number {
  const number = text !== undefined && /^\d{1,12}$/.test(text) ? Number(text) : longestTtl
  return number >= absoluteTtl ? number - now / 1000 : number
}

function hostsOf(node: BinaryNode): MediaConnInfo['hosts'] {
  const listed = getBinaryNodeChildren(node, 'host').slice(0, maxHosts)
  const isFallback = ({ attrs }: BinaryNode) => attrs['type'] === 'fallback'
  const inOrder = [...listed.filter(host => !isFallback(host)), ...listed.filter(isFallback)]
  const named = inOrder.map(({ attrs }) => ({
    hostname: attrs['hostname'],
    maxContentLengthBytes: Number(attrs['maxContentLengthBytes']),
  }))
  const fallbacks = inOrder.map(({ attrs }) => ({
    hostname: attrs['fallback_hostname'],
    maxContentLengthBytes: Number.NaN,
  }))
  const hosts = new Map<string, MediaConnInfo['hosts'][number]>()
  for (const { hostname, maxContentLengthBytes } of [...named, ...fallbacks]) {
    if (hostname === undefined || !isHost(hostname) || hosts.has(hostname)) continue
    hosts.set(hostname, { hostname, maxContentLengthBytes })
  }
  return [...hosts.values()]
}

/** A name or IPv4 address, with a port if need be: nothing that could make another URL of it. */
function isHost(text: string): boolean {
  return text.length <= 255 && /^[a-z\d](?:[a-z\d.-]*[a-z\d])?(?::\d{1,5})?$/i.test(text)
}
