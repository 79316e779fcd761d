import { proto, type WAMessageKey } from 'kurir'
import type { SampleFile } from './message-kind.js'

type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json }

/** A message in the form in which both sides can be compared: as it is after a way over the wire. */
export const comparable = (message: proto.IMessage | null | undefined): { readonly [name: string]: Json } =>
  proto.Message.decode(proto.Message.encode(message ?? {}).finish()).toJSON() as { readonly [name: string]: Json }

/** A field that is not the same on both sides. */
export interface Difference {
  /** Such as `reactionMessage.key.fromMe`. */
  readonly path: string
  readonly sent: Json | undefined
  readonly received: Json | undefined
}

/** The fields in which two messages differ, one by one. */
export function differences(sent: proto.IMessage, received: proto.IMessage | null | undefined): Difference[] {
  const [left, right] = [fieldsOf(comparable(sent)), fieldsOf(comparable(received))]
  return [...new Set([...left.keys(), ...right.keys()])]
    .filter(path => left.get(path) !== right.get(path))
    .map(path => ({ path, sent: left.get(path), received: right.get(path) }))
}

/** Every scalar of a message by its path; empty messages and lists count as one. */
function fieldsOf(value: Json, path = '', into = new Map<string, Json>()): Map<string, Json> {
  if (typeof value !== 'object' || value === null) return into.set(path, value)
  const entries = Object.entries(value)
  if (entries.length === 0 && path !== '') into.set(path, Array.isArray(value) ? '[]' : '{}')
  for (const [name, each] of entries) fieldsOf(each, path === '' ? name : `${path}.${name}`, into)
  return into
}

/** Whether a path is one of these, or inside one of them. */
export const isWithin = (path: string, allowed: Iterable<string>): boolean =>
  [...allowed].some(each => path === each || path.startsWith(`${each}.`))

/** Where content names another message by its key (docs/protocol/03, 4.5). */
const references = [
  ['reactionMessage', 'key'],
  ['encReactionMessage', 'targetMessageKey'],
  ['pollUpdateMessage', 'pollCreationMessageKey'],
  ['encEventResponseMessage', 'eventCreationMessageKey'],
  ['encCommentMessage', 'targetMessageKey'],
  ['secretEncryptedMessage', 'targetMessageKey'],
  ['pinInChatMessage', 'key'],
  ['keepInChatMessage', 'key'],
  ['protocolMessage', 'key'],
] as const

/** Whose references a library turns into its program's view, before it reports a message. */
export type Turning = 'all' | 'reactions and votes' | 'none'

/**
 * A message as the recipient's library reports it: where the sender names another message by its own key for it, the
 * recipient reads the key that it has for that message itself.
 */
export function asReported(
  message: proto.IMessage,
  turning: Turning,
  keyOf: (id: string) => WAMessageKey | undefined,
): proto.IMessage {
  const copy = proto.Message.decode(proto.Message.encode(message).finish())
  for (const [holder, member] of references) {
    if (turning === 'none') break
    if (turning === 'reactions and votes' && holder !== 'reactionMessage' && holder !== 'pollUpdateMessage') continue
    const content = copy[holder] as Record<string, proto.IMessageKey | null | undefined> | null | undefined
    const reference = content?.[member]
    const own = keyOf(reference?.id ?? '')
    if (content === null || content === undefined || !reference || own === undefined) continue
    const participant = own.participant || reference.participant
    content[member] = {
      remoteJid: own.remoteJid,
      fromMe: own.fromMe ?? false,
      id: own.id,
      ...(participant ? { participant } : {}),
    }
  }
  return copy
}

/** Whether a value has everything that another one has; bytes are compared as a whole. */
export function contains(value: unknown, wanted: unknown): boolean {
  if (wanted instanceof Uint8Array) return value instanceof Uint8Array && Buffer.compare(value, wanted) === 0
  if (typeof wanted !== 'object' || wanted === null) return value === wanted
  if (typeof value !== 'object' || value === null) return false
  return Object.entries(wanted).every(([name, each]) => contains(Reflect.get(value, name), each))
}

/** Whether a file is the one of the sample. */
export const isSample = ({ bytes }: SampleFile, file: Buffer): boolean =>
  bytes === undefined ? file.length > 0 : file.equals(bytes)
