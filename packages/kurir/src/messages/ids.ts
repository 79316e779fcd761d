import { jidDecode } from '../binary/jid.js'
import { sha256Hex } from '../crypto/digest.js'
import { fillRandom, randomBytes } from '../crypto/random.js'

/** Prefix that marks an id as made by a web client. */
const webPrefix = '3EB0'

const hashInputLength = 44
const userOffset = 8
const randomOffset = 28
const randomLength = 16

/** Used again for every id: it holds nothing secret, and an id is made in one go. */
const input = Buffer.alloc(hashInputLength)

/** What an id is made of besides the account; both default to the real thing. */
export interface MessageIdSources {
  /** Unix seconds. */
  readonly unixSeconds?: number
  /** 16 bytes. */
  readonly random?: Uint8Array
}

/**
 * A new message id of 22 characters: `3EB0` and 18 upper-case hex digits. Pass the own JID, so that two devices of one
 * account cannot collide even with equal clocks and weak randomness (docs/protocol/03, 1.1).
 *
 * @param userId own JID, with or without device; something that is no JID counts as absent
 */
export function generateMessageIDV2(userId?: string, sources: MessageIdSources = {}): string {
  input.fill(0)
  // 64 bits; the upper two bytes stay zero for eight million years.
  input.writeUIntBE(sources.unixSeconds ?? Math.floor(Date.now() / 1000), 2, 6)
  const user = userId === undefined ? undefined : jidDecode(userId)?.user
  if (user !== undefined && user !== '') input.write(`${user}@c.us`, userOffset)
  // A user part longer than 15 characters runs into the random bytes, which win: the id stays unpredictable.
  if (sources.random === undefined) fillRandom(input, randomOffset, randomLength)
  else input.set(sources.random.subarray(0, randomLength), randomOffset)
  return webPrefix + sha256Hex(input).slice(0, 18).toUpperCase()
}

/**
 * The older, longer form: `3EB0` and 36 random hex digits. Kept for programs that call it; new code uses
 * {@link generateMessageIDV2}.
 */
export function generateMessageID(random: Uint8Array = randomBytes(18)): string {
  return webPrefix + Buffer.from(random).toString('hex').toUpperCase()
}

/** Kind of device that an id suggests. A guess: nothing on the wire vouches for it. */
export type MessageDevice = 'web' | 'unknown' | 'android' | 'ios' | 'desktop'

/** Guesses from the form of a message id which kind of device made it (docs/protocol/03, 1.1). */
export function getDevice(id: string): MessageDevice {
  if (id.length === 20 && id.startsWith('3A')) return 'ios'
  if (id.length === 22 && id.startsWith('3E')) return 'web'
  if (id.length === 21 || id.length === 32) return 'android'
  if (id.length === 18 || id.startsWith('3F')) return 'desktop'
  return 'unknown'
}
