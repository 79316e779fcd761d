import type { BinaryNode } from '../binary/node.js'

/**
 * The request that sets after how many seconds messages of a group disappear (docs/protocol/05, 1.13).
 *
 * @param seconds 86400, 604800 or 7776000; 0 turns it off
 */
export function buildGroupTimer(jid: string, seconds: number): BinaryNode {
  const change: BinaryNode =
    seconds === 0 ? { tag: 'not_ephemeral', attrs: {} } : { tag: 'ephemeral', attrs: { expiration: String(seconds) } }
  return { tag: 'iq', attrs: { type: 'set', xmlns: 'w:g2', to: jid }, content: [change] }
}
