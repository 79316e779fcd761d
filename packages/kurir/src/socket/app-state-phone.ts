import type { WAPatchName } from '../app-state/collection-names.js'
import { buildKeyRequest } from '../app-state/key-messages.js'
import { buildRecoveryRequest } from '../app-state/snapshot-recovery.js'
import { proto } from '../proto/index.js'
import type { AppStateLedger } from './app-state-ledger.js'
import type { SocketCore } from './core.js'

/** Asks the own phone for what only it can give (docs/protocol/04, 1.8 and 1.15): at most once a day for each thing. */
export class AppStatePhone {
  readonly #core: SocketCore
  readonly #ledger: AppStateLedger

  constructor(core: SocketCore, ledger: AppStateLedger) {
    this.#core = core
    this.#ledger = ledger
  }

  /** Asks for keys; the phone answers with a share. Never rejects. */
  async askForKeys(keyIds: readonly string[]): Promise<void> {
    const due = await this.#ledger.takeUnasked(keyIds)
    if (due.length === 0) return
    const { hooks, logger } = this.#core
    try {
      await hooks.sendToPhone(buildKeyRequest(due))
      logger.info({ keyIds: due }, 'asked the phone for keys of the app state')
    } catch (error) {
      logger.warn({ err: error, keyIds: due }, 'the phone could not be asked for keys of the app state')
      await this.#ledger.forgetAsked(due)
    }
  }

  /** Asks for a copy of a collection. Never rejects. */
  async askForSnapshot(collection: WAPatchName): Promise<void> {
    if (await this.#ledger.isRecovering(collection)) return
    const { hooks, clock, logger } = this.#core
    await this.#ledger.noteRecovering(collection)
    const { Type } = proto.Message.ProtocolMessage
    try {
      await hooks.sendToPhone({
        protocolMessage: {
          type: Type.PEER_DATA_OPERATION_REQUEST_MESSAGE,
          peerDataOperationRequestMessage: buildRecoveryRequest(collection, clock.nowSeconds()),
        },
      })
      logger.warn({ collection }, 'asked the phone for a copy of a collection that cannot be believed')
    } catch (error) {
      logger.warn({ err: error, collection }, 'the phone could not be asked for a copy of a collection')
      await this.#ledger.noteRecovered(collection)
    }
  }
}
