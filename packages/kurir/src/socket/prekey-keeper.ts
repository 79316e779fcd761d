import {
  buildPreKeyCountQuery,
  buildPreKeyDigestQuery,
  buildPreKeyUpload,
  buildSignedPreKeyRotation,
  parsePreKeyCount,
  parsePreKeyDigest,
  preKeyDigestMatches,
  preparePreKeys,
  prepareSignedPreKeyRotation,
} from '../auth/prekeys.js'
import { ServerRefusal } from '../binary/server-refusal.js'
import { KurirError } from '../errors/kurir-error.js'
import { timedOut } from './connection-errors.js'
import type { SocketCore } from './core.js'
import { Coalescer } from './scheduling.js'

/** Prekeys of the first upload (docs/protocol/01, upload). */
export const INITIAL_PREKEY_COUNT = 812
/** Baileys' threshold and batch, kept as the default of `uploadPreKeys`. */
export const MIN_PREKEY_COUNT = 5
/** Below this number of keys on the server a refill is due. */
const REFILL_BELOW = 10
const REFILL_COUNT = 100
/** Milliseconds for an upload of prekeys with all its retries. */
export const UPLOAD_TIMEOUT = 30_000
const UPLOAD_RETRY_MS = [1000, 2000, 4000]

/** Keeps the server stocked with one-time prekeys and checks that it holds the keys that are ours. */
export class PreKeyKeeper {
  readonly #core: SocketCore
  readonly #uploads = new Coalescer<void>()

  constructor(core: SocketCore) {
    this.#core = core
  }

  /**
   * Makes and uploads prekeys; concurrent calls share one upload.
   *
   * @throws KurirError `timed-out` (408) after 30 s, or the server's refusal after three retries
   */
  upload(count = MIN_PREKEY_COUNT): Promise<void> {
    return this.#uploads.run('upload', () => this.#uploadWithRetries(count))
  }

  /** Asks how many keys the server has left and refills. Never rejects: a failure is logged. */
  async uploadIfRequired(): Promise<void> {
    const { connection, logger, creds, keys } = this.#core
    try {
      const left = parsePreKeyCount(await connection.query(buildPreKeyCountQuery()))
      const newest = String(creds.nextPreKeyId - 1)
      const held = await keys.get('pre-key', [newest])
      logger.debug({ left }, 'prekeys on the server')
      if (left === 0) await this.upload(INITIAL_PREKEY_COUNT)
      else if (left < REFILL_BELOW || !held[newest]) await this.upload(REFILL_COUNT)
    } catch (error) {
      if (connection.phase !== 'ended') logger.error({ err: error }, 'prekeys could not be refilled')
    }
  }

  /** The server says how many are left (notification `encrypt` with `<count>`). */
  async refill(left: number): Promise<void> {
    if (left < REFILL_BELOW) await this.upload(left === 0 ? INITIAL_PREKEY_COUNT : REFILL_COUNT)
  }

  /**
   * Compares the server's digest with the keys here and uploads again when it differs.
   *
   * @throws KurirError `prekey-digest-mismatch` after the upload when the server held other keys
   */
  async checkDigest(): Promise<void> {
    // A message may use up one of the keys between the server's answer and our comparison: asked twice, it shows.
    for (let attempt = 0; attempt < 2; attempt += 1) if (await this.#digestMatches()) return
    await this.upload(INITIAL_PREKEY_COUNT)
    throw new KurirError(
      'prekey-digest-mismatch',
      'The server held other keys than this device; they were uploaded again',
      {
        retryable: true,
      },
    )
  }

  async #digestMatches(): Promise<boolean> {
    const { connection, creds, keys } = this.#core
    try {
      const digest = parsePreKeyDigest(await connection.query(buildPreKeyDigestQuery()))
      return await preKeyDigestMatches(digest, creds, keys)
    } catch (error) {
      // 404: the server has nothing of ours. Anything else says nothing about the keys.
      if (error instanceof ServerRefusal && error.data === 404) return false
      throw error
    }
  }

  /** A new signed prekey; the old one stays valid for messages under way (docs/protocol/01, signed prekey rotation). */
  async rotateSignedPreKey(): Promise<void> {
    const { connection, creds, keys, ev } = this.#core
    const signedPreKey = await prepareSignedPreKeyRotation({ creds, keys })
    await connection.query(buildSignedPreKeyRotation(signedPreKey))
    ev.emit('creds.update', { signedPreKey })
  }

  async #uploadWithRetries(count: number): Promise<void> {
    const { connection, creds, keys, ev, logger } = this.#core
    const deadline = Date.now() + UPLOAD_TIMEOUT
    for (let attempt = 0; ; attempt += 1) {
      const { preKeys, stored, uploaded } = await preparePreKeys({ creds, keys }, count)
      ev.emit('creds.update', stored)
      try {
        await connection.query(buildPreKeyUpload(creds, preKeys), Math.max(deadline - Date.now(), 1))
        // Until the server has confirmed them, the same keys are offered again (docs/protocol/02, what must be one transaction).
        ev.emit('creds.update', uploaded)
        logger.info({ count }, 'prekeys uploaded')
        return
      } catch (error) {
        const wait = UPLOAD_RETRY_MS[attempt]
        if (wait === undefined || connection.phase === 'ended' || !(error instanceof ServerRefusal)) throw error
        if (Date.now() + wait > deadline) throw timedOut('prekey-upload', UPLOAD_TIMEOUT)
        logger.warn({ err: error, attempt }, 'prekey upload refused, trying again')
        await new Promise(resolve => setTimeout(resolve, wait))
      }
    }
  }
}
