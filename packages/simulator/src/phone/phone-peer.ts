import { proto } from 'kurir/proto'
import type { PhoneAppState } from './phone-app-state.js'
import type { PhoneHistory } from './phone-history.js'
import type { PhoneSender } from './phone-sender.js'

type PeerRequest = proto.Message.IPeerDataOperationRequestMessage
type PeerResult = proto.Message.PeerDataOperationRequestResponseMessage.IPeerDataOperationResult

/** Answers what own companions ask the phone for (docs/protocol/03 §4.10). */
export class PhonePeer {
  /** False: requests stay unanswered, as with a phone that sleeps. */
  answers = true
  readonly #sender: PhoneSender
  readonly #appState: PhoneAppState
  readonly #history: PhoneHistory
  readonly #logOut: () => void

  /** @param logOut removes all companions */
  constructor(sender: PhoneSender, appState: PhoneAppState, history: PhoneHistory, logOut: () => void) {
    this.#sender = sender
    this.#appState = appState
    this.#history = history
    this.#logOut = logOut
  }

  /** @param requestId id of the message that carries the request */
  async answer(companion: string, requestId: string, message: proto.IMessage): Promise<void> {
    if (!this.answers) return
    const { type, appStateSyncKeyRequest, appStateFatalExceptionNotification } = message.protocolMessage ?? {}
    const { peerDataOperationRequestMessage: request } = message.protocolMessage ?? {}
    const types = proto.Message.ProtocolMessage.Type
    if (type === types.APP_STATE_SYNC_KEY_REQUEST) {
      const asked = appStateSyncKeyRequest?.keyIds?.flatMap(({ keyId }) => (keyId == null ? [] : [keyId]))
      await this.#appState.shareKeys(companion, asked ?? [])
    }
    // The way out of a state that nobody can mend: the collections begin anew, and so do all companions.
    if (type === types.APP_STATE_FATAL_EXCEPTION_NOTIFICATION) {
      this.#appState.reset(appStateFatalExceptionNotification?.collectionNames ?? [])
      this.#logOut()
    }
    if (type === types.PEER_DATA_OPERATION_REQUEST_MESSAGE && request != null) {
      await this.#answerRequest(companion, requestId, request)
    }
  }

  async #answerRequest(companion: string, requestId: string, request: PeerRequest): Promise<void> {
    const types = proto.Message.PeerDataOperationRequestType
    const { historySyncOnDemandRequest, fullHistorySyncOnDemandRequest, placeholderMessageResendRequest } = request
    const { syncdCollectionFatalRecoveryRequest } = request
    switch (request.peerDataOperationRequestType) {
      case types.HISTORY_SYNC_ON_DEMAND:
        await this.#history.answerOnDemand(companion, requestId, historySyncOnDemandRequest ?? {})
        return
      case types.FULL_HISTORY_SYNC_ON_DEMAND: {
        const code =
          proto.Message.PeerDataOperationRequestResponseMessage.PeerDataOperationResult
            .FullHistorySyncOnDemandResponseCode.REQUEST_SUCCESS
        const requestMetadata = fullHistorySyncOnDemandRequest?.requestMetadata ?? null
        const response = { requestMetadata, responseCode: code }
        await this.#respond(companion, requestId, request, [{ fullHistorySyncOnDemandRequestResponse: response }])
        await this.#history.answerFull(companion, fullHistorySyncOnDemandRequest ?? {})
        return
      }
      case types.PLACEHOLDER_MESSAGE_RESEND: {
        const results = (placeholderMessageResendRequest ?? []).map(({ messageKey }) => this.#resend(messageKey?.id))
        await this.#respond(companion, requestId, request, results)
        return
      }
      case types.COMPANION_SYNCD_SNAPSHOT_FATAL_RECOVERY: {
        const { collectionName } = syncdCollectionFatalRecoveryRequest ?? {}
        const syncdSnapshotFatalRecoveryResponse = this.#appState.recovery(collectionName ?? '')
        await this.#respond(companion, requestId, request, [{ syncdSnapshotFatalRecoveryResponse }])
        return
      }
      default:
    }
  }

  #resend(id: string | null | undefined): PeerResult {
    const message = this.#history.find(id ?? '')
    if (message === undefined) return { placeholderMessageResendResponse: {} }
    const webMessageInfoBytes = proto.WebMessageInfo.encode(message).finish()
    return { placeholderMessageResendResponse: { webMessageInfoBytes } }
  }

  async #respond(
    companion: string,
    stanzaId: string,
    { peerDataOperationRequestType }: PeerRequest,
    peerDataOperationResult: PeerResult[],
  ): Promise<void> {
    const response: proto.Message.IPeerDataOperationRequestResponseMessage = {
      peerDataOperationRequestType: peerDataOperationRequestType ?? null,
      stanzaId,
      peerDataOperationResult,
    }
    const type = proto.Message.ProtocolMessage.Type.PEER_DATA_OPERATION_REQUEST_RESPONSE_MESSAGE
    const protocolMessage = { type, peerDataOperationRequestResponseMessage: response }
    await this.#sender.sendPeer(companion, { protocolMessage })
  }
}
