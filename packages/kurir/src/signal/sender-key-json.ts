import { rawPublicKey } from '../crypto/curve.js'
import type { SenderKeyState, SigningKey } from './sender-key-record.js'
import { copyKey, sameKey } from './session.js'
import { SignalError } from './signal-error.js'
import { noSkippedKeys, skippedKeysFrom } from './skipped-keys.js'

/*
 * Sender-key records as Baileys stores them: the bytes of a JSON array, oldest key first, in which byte strings appear
 * in any of the forms that JSON has given them over the years (docs/protocol/02 §3.5).
 */

const secretLength = 32
/** Keys beyond this are not looked at: a real record holds five at most. */
const stateReadLimit = 100

type JsonObject = { readonly [name: string]: unknown }

/**
 * Reads Baileys' form: bytes of the JSON text, the text itself, or the array that it stands for.
 *
 * @returns the keys, newest first. Baileys appends a second entry when a key is announced again, and goes on using the
 *   first: so does this.
 * @throws SignalError `invalid-sender-key-record`, SyntaxError
 */
export function readSenderKeyJson(stored: unknown): SenderKeyState[] {
  const parsed = parse(stored)
  if (!Array.isArray(parsed)) throw damaged('not an array')
  const states: SenderKeyState[] = []
  for (const value of parsed.slice(-stateReadLimit)) {
    const state = readState(asObject(value, 'state'))
    if (!states.some(other => other.keyId === state.keyId && sameKey(signingPublic(other), signingPublic(state)))) {
      states.push(state)
    }
  }
  return states.reverse()
}

function parse(stored: unknown): unknown {
  if (stored instanceof Uint8Array) return JSON.parse(Buffer.from(stored).toString('utf8'))
  if (typeof stored === 'string') return JSON.parse(stored)
  if (Array.isArray(stored)) return stored
  // A store that does not revive buffers hands out the bytes of the text in JSON form.
  return JSON.parse(Buffer.from(bytes(stored, 'record')).toString('utf8'))
}

function readState(stored: JsonObject): SenderKeyState {
  const chain = asObject(stored.senderChainKey, 'senderChainKey')
  const signing = asObject(stored.senderSigningKey, 'senderSigningKey')
  const messageKeys: unknown = stored.senderMessageKeys ?? []
  if (!Array.isArray(messageKeys)) throw damaged('senderMessageKeys')
  const skipped = messageKeys.map(value => {
    const messageKey = asObject(value, 'senderMessageKey')
    return { counter: uint32(messageKey.iteration, 'iteration'), seed: secret(messageKey.seed, 'seed') }
  })
  const signingKey = readSigningKey(signing)
  return {
    keyId: uint32(stored.senderKeyId, 'senderKeyId'),
    signingKey,
    chain: {
      key: secret(chain.seed, 'chain seed'),
      next: uint32(chain.iteration, 'chain iteration'),
      // Baileys' own record collects the iterations it leaves out when sending: nobody will ever ask for them.
      skipped: skipped.length === 0 || signingKey.kind === 'own' ? noSkippedKeys : skippedKeysFrom(skipped),
    },
    // Baileys does not keep it: all that is older counts as read.
    knownFrom: 0,
  }
}

function readSigningKey(stored: JsonObject): SigningKey {
  let publicKey: Uint8Array
  try {
    publicKey = copyKey(rawPublicKey(bytes(stored.public, 'public')))
  } catch {
    throw damaged('public')
  }
  const privateKey =
    stored.private === undefined || stored.private === null ? undefined : bytes(stored.private, 'private')
  if (privateKey === undefined || privateKey.byteLength === 0) return { kind: 'remote', public: publicKey }
  return { kind: 'own', pair: { public: publicKey, private: secret(privateKey, 'private') } }
}

function signingPublic({ signingKey }: SenderKeyState): Uint8Array {
  return signingKey.kind === 'own' ? signingKey.pair.public : signingKey.public
}

/** Bytes, `{type: 'Buffer', data: number[] | base64}`, or an index map `{"0": n, …}`. */
function bytes(value: unknown, what: string): Uint8Array {
  if (value instanceof Uint8Array) return value
  if (typeof value === 'string') return Buffer.from(value, 'base64')
  const object = asObject(value, what)
  if (object.type !== 'Buffer') return octets(indexMapValues(object, what), what)
  if (typeof object.data === 'string') return Buffer.from(object.data, 'base64')
  if (!Array.isArray(object.data)) throw damaged(what)
  return octets(object.data, what)
}

function indexMapValues(object: JsonObject, what: string): unknown[] {
  const keys = Object.keys(object)
  if (keys.some((key, index) => key !== String(index))) throw damaged(what)
  return Object.values(object)
}

function octets(values: readonly unknown[], what: string): Uint8Array {
  if (!values.every(value => Number.isInteger(value) && typeof value === 'number' && value >= 0 && value < 256)) {
    throw damaged(what)
  }
  return Uint8Array.from(values as readonly number[])
}

function asObject(value: unknown, what: string): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw damaged(what)
  return value as JsonObject
}

function secret(value: unknown, what: string): Uint8Array {
  const key = bytes(value, what)
  if (key.byteLength !== secretLength) throw damaged(what)
  return copyKey(key)
}

function uint32(value: unknown, what: string): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > 0xffffffff) throw damaged(what)
  return value
}

function damaged(detail: string): SignalError {
  return new SignalError('invalid-sender-key-record', { detail })
}
