import type { EventEmitter } from 'node:events'
import type { BinaryNode } from '../binary/node.js'

export const DEF_CALLBACK_PREFIX = 'CB:'
export const DEF_TAG_PREFIX = 'TAG:'
/** An event of the phone-tethered protocol; nothing emits it any more. */
export const PHONE_CONNECTION_CB = 'CB:Pong'

/**
 * Emits one received stanza under all the names that Baileys programs listen to on `sock.ws`, in Baileys' order:
 * `frame`, `TAG:<id>`, then `CB:<tag>` with attribute, value and first child (docs/protocol/01, connection events).
 * Returns true when somebody listened to any of them.
 *
 * Names are built only for the prefixes that have listeners: with none, a stanza costs two map look-ups.
 */
export const emitStanza = (
  emitter: EventEmitter,
  node: BinaryNode,
  hasStanzaListeners: (tag: string) => boolean,
): boolean => {
  let heard = emitter.emit('frame', node)
  const id = node.attrs['id']
  if (id !== undefined) heard = emitter.emit(DEF_TAG_PREFIX + id, node) || heard
  if (!hasStanzaListeners(node.tag)) return heard
  const base = DEF_CALLBACK_PREFIX + node.tag
  const child = Array.isArray(node.content) ? (node.content[0]?.tag ?? '') : ''
  for (const [key, value] of Object.entries(node.attrs)) {
    heard = emitter.emit(`${base},${key}:${value},${child}`, node) || heard
    heard = emitter.emit(`${base},${key}:${value}`, node) || heard
    heard = emitter.emit(`${base},${key}`, node) || heard
  }
  heard = emitter.emit(`${base},,${child}`, node) || heard
  return emitter.emit(base, node) || heard
}
